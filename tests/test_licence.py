"""What holds besides the rights: as templates say it together, and as text."""

import math

import pytest

from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.licence import ORDINARY, Attachments, Label, Licence
from postseal.rights import OPTIONS, Template, licence

NAMES = Texts.of({Language.EN: "Board only", Language.DE: "Nur für den Vorstand"})
DAY = 86400


def template(offline: float | None, word: str = "board") -> Template:
    return Template(word, (), offline=offline, name=NAMES)


@pytest.mark.parametrize(
    ("said", "offline", "seconds"),
    [
        ((None,), False, None),
        ((0.0,), False, 0),
        ((7.0 * DAY,), True, 7 * DAY),
        ((math.inf,), True, None),
        ((7.0 * DAY, math.inf), True, 7 * DAY),
        ((7.0 * DAY, 2.0 * DAY), True, 2 * DAY),
        ((7.0 * DAY, 0.0), False, 0),  # each only takes away from what another allows
        ((7.0 * DAY, None), False, 7 * DAY),
        ((math.inf, None), False, None),
    ],
)
def test_templates_restrict_each_other(
    said: tuple[float | None, ...], *, offline: bool, seconds: int | None
) -> None:
    found = licence(template(each, f"t{number}") for number, each in enumerate(said))

    assert (found.offline, found.seconds) == (offline, seconds)
    assert [each.word for each in found.labels] == [f"t{number}" for number in range(len(said))]


def test_message_without_a_template_has_the_ordinary_licence_without_a_text() -> None:
    assert licence(()) == ORDINARY
    assert ORDINARY.text == ""
    assert Licence.of("") is ORDINARY


@pytest.mark.parametrize(
    "given",
    [
        licence([template(7.0 * DAY)]),
        licence([OPTIONS["do_not_forward"]]),
        Licence((Label("a", Texts("<&>"), NAMES), Label("b")), offline=True),
        licence([template(None)], Attachments.PROTECT),
        licence((), Attachments.WITHHOLD),
    ],
)
def test_text_says_all_of_it(given: Licence) -> None:
    assert Licence.of(given.text) == given
    assert Licence.of(given.text).text == given.text


def test_languages_that_are_unknown_here_are_passed_over() -> None:
    text = licence([template(None)]).text.replace('"de"', '"xx"')

    (label,) = Licence.of(text).labels

    assert label.name.read(Language.DE) == "Board only"
