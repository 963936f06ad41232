"""Who reads another language than English reads all of it."""

import re

import polib
import pytest

import messages
from postseal.language.catalogue import FOLDER, catalogue
from postseal.language.language import EVERY, Language

OTHERS = EVERY[1:]


def places(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w*\}", text))


def test_every_language_has_a_catalogue() -> None:
    assert {file.stem for file in FOLDER.glob("*.po")} == {each.value for each in OTHERS}
    assert FOLDER == messages.CATALOGUES


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_holds_every_text_with_its_places(language: Language) -> None:
    entries = {
        (entry.msgctxt, entry.msgid, entry.msgid_plural): entry
        for entry in polib.pofile(str(FOLDER / f"{language.value}.po"))
    }
    wanted = messages.texts()

    assert wanted
    assert set(entries) == set(wanted), "make messages"
    for text, entry in entries.items():
        translations = list(entry.msgstr_plural.values()) or [entry.msgstr]
        assert all(translations), f"{language}: no translation of {text}"
        assert not entry.fuzzy, text
        for translated in translations:
            lacking = [place for place in places(entry.msgid_plural or entry.msgid) if place != "%(num)s"]
            assert [place for place in places(translated) if place != "%(num)s"] == lacking, text
            assert translated.startswith(" ") is entry.msgid.startswith(" "), text


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        (Language.DE, {1: 0, 2: 1, 0: 1}),
        (Language.FR, {0: 0, 1: 0, 2: 1}),
        (Language.RU, {1: 0, 3: 1, 5: 2, 11: 2, 21: 0, 22: 1}),
        (Language.JA, {0: 0, 1: 0, 7: 0}),
        (Language.AR, {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5}),
    ],
)
def test_plural_forms_are_those_of_the_language(language: Language, forms: dict[int, int]) -> None:
    entries = polib.pofile(str(FOLDER / f"{language.value}.po"))
    entry = next(one for one in entries if one.msgid_plural == "%(num)s days are left.")

    for number, form in forms.items():
        said = catalogue(language).ngettext(entry.msgid, entry.msgid_plural, number)
        assert said == entry.msgstr_plural[form], number
