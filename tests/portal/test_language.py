"""Who reads another language than English reads all of it."""

import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

import catalogues
from portal_place import Place
from postseal.portal.language import LANGUAGES, chosen


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("nl,fr;q=0.8,de;q=0.9", "de"),
        ("zz", "en"),
        ("*", "en"),
        ("ru;q=0", "en"),
        ("es;q=much,fr;q=0.1", "fr"),
        ("FR-ca", "fr"),
        ("," * 5000 + "de", "en"),
    ],
)
def test_chosen(accepted: str, expected: str) -> None:
    assert chosen(accepted) == expected


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_catalogue_holds_every_text_with_its_places(language: str) -> None:
    catalogue = catalogues.known(language)

    for text in catalogues.texts():
        if text.id:
            known = catalogue.get(text.id)
            assert known, f"make catalogues: {text.id}"
            one = text.id if isinstance(text.id, str) else text.id[0]
            for translated in catalogues.strings(known.string):
                assert sorted(_places(translated)) == sorted(_places(one)), text.id


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_catalogue_is_compiled(language: str) -> None:
    with (catalogues.folder(language) / "portal.mo").open("rb") as file:
        compiled = _texts(read_mo(file))

    assert compiled == _texts(catalogues.known(language)), "make catalogues"


@pytest.mark.parametrize(
    ("language", "title"),
    [("de", "Ist diese Mail echt?"), ("ru", "Подлинное ли это письмо?"), ("nl", "Is this mail genuine?")],
)
def test_page_is_in_the_language_of_the_browser(here: Place, language: str, title: str) -> None:
    answer = here.visitor().get("/help", Accept_Language=language)

    assert f"<h1>{title}</h1>" in answer.text
    assert f'<html lang="{language if language in LANGUAGES else "en"}" dir="ltr">' in answer.text


def _texts(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Its texts without the header, which names the version of a tool."""
    return {catalogues.strings(one.id): catalogues.strings(one.string) for one in catalogue if one.id}


def _places(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)s|\{\w+\}", text)
