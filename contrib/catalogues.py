"""`make catalogues`: the texts of the portal, collected for translators and compiled for the portal.

The texts are those of templates and of the portal's code, and the words that its pages take from elsewhere:
notes about a message, reasons for a refusal, the fields of an invitation.  What is new is added to each
language's `portal.po` without a translation, what is not used any more is taken out.
"""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from postseal.portal import language
from postseal.portal.refusal import Reason
from postseal.reading import meeting
from postseal.reading.note import Note

ROOM = Path(language.__file__).parent
READING = Path(meeting.__file__).parent
_DAY = datetime(2026, 11, 28, tzinfo=UTC)
METHODS = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]


def texts() -> Catalog:
    """All texts that are to be translated."""
    found = Catalog(charset="utf-8")
    options = {"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for _, _, message, _, _ in extract_from_dir(ROOM, METHODS, options, keywords):
        found.add(message)
    for message in (*(note.value for note in Note), *(one.value[1] for one in Reason), *_said()):
        found.add(message)
    return found


def _said() -> Iterator[str]:
    """The words that `reading` has translated: what `say` is given, and the headings of invitations."""
    for file in READING.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield from (one.value for one in node.args if isinstance(one, ast.Constant))
    yield from meeting.words()


def compiled(catalogue: Catalog) -> bytes:
    """*catalogue* as gettext reads it."""
    octets = BytesIO()
    write_mo(octets, catalogue)
    return octets.getvalue()


def folder(name: str) -> Path:
    """Where the catalogue of a language is."""
    return ROOM / "locale" / name / "LC_MESSAGES"


def known(name: str) -> Catalog:
    """The catalogue of a language; an empty one if it has none."""
    path = folder(name) / "portal.po"
    if not path.exists():
        return _empty(name)
    with path.open("rb") as file:
        return read_po(file, name)


def _empty(name: str) -> Catalog:
    """A catalogue whose header does not change with the day."""
    return Catalog(
        name,
        project="Postseal",
        version="portal",
        header_comment="# The texts of the portal; `make catalogues` keeps them and compiles them.",
        msgid_bugs_address="none",
        last_translator="none",
        language_team="none",
        creation_date=_DAY,
        revision_date=_DAY,
        charset="utf-8",
        fuzzy=False,
    )


def main() -> None:
    """Update and compile all."""
    for name in language.LANGUAGES[1:]:
        old, new = known(name), _empty(name)
        for message in texts():
            if message.id:
                before = old.get(message.id)
                new.add(message.id, before.string if before else "")
        folder(name).mkdir(parents=True, exist_ok=True)
        with (folder(name) / "portal.po").open("wb") as file:
            write_po(file, new, width=100, sort_output=True, omit_header=False, no_location=True)
        (folder(name) / "portal.mo").write_bytes(compiled(known(name)))
        missing = sum(not any(strings(one.string)) for one in new if one.id)
        print(f"{name}: {len(new)} texts, {missing} without a translation")


def strings(string: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """A translation, or its plural forms."""
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    main()
