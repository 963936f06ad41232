"""Brings the texts of code and templates into the catalogues `language/po/*.po`: `make messages`.

New texts come in without a translation, texts that nothing uses any more go.  What a translator wrote stays
as it is; prints what is left to translate.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract_from_dir

ROOM = Path(__file__).parent.parent / "milter" / "postseal"
CATALOGUES = ROOM / "language" / "po"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS: dict[str, dict[str, str]] = {"**/templates/**.html": {"newstyle_gettext": "true"}}
_KEYWORDS: dict[str, tuple[object, ...] | None] = {
    "_": None,
    "gettext": None,
    "noted": None,
    "say": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
Text = tuple[str | None, str, str]
"""Context, text, plural."""


def texts() -> dict[Text, str]:
    """Every text of the code, in the order of the files; and the file it stands in."""
    return {text: file for file, text in _found()}


def _found() -> Iterator[tuple[str, Text]]:
    found = extract_from_dir(
        str(ROOM), _METHODS, _OPTIONS, _KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    )
    for file, _line, message, _comments, context in sorted(found, key=lambda each: each[:2]):
        singular, plural = message if isinstance(message, tuple) else (message, "")
        yield file, (context, singular, plural)


def merge(catalogue: Path) -> int:
    """Bring *catalogue* up to date; how many texts it lacks."""
    old = polib.pofile(str(catalogue))
    known = {(entry.msgctxt, entry.msgid, entry.msgid_plural): entry for entry in old}
    new = polib.POFile(encoding="utf-8", wrapwidth=100)
    new.metadata = old.metadata
    forms = range(int(old.metadata["Plural-Forms"].split(";")[0].split("=")[1]))
    for text, file in texts().items():
        context, singular, plural = text
        entry = known.get(text) or polib.POEntry(
            msgctxt=context,
            msgid=singular,
            msgid_plural=plural,
            msgstr_plural=dict.fromkeys(forms, "") if plural else {},
        )
        entry.occurrences = [(file, "")]
        new.append(entry)
    new.save(str(catalogue))
    return len([entry for entry in new if not entry.translated()])


if __name__ == "__main__":
    lacks = {catalogue.stem: merge(catalogue) for catalogue in sorted(CATALOGUES.glob("*.po"))}
    sys.stdout.write("".join(f"{language}: {number} to translate\n" for language, number in lacks.items()))
