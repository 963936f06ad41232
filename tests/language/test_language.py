"""Which language somebody reads, and how dates are written in it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from postseal.language.language import Language, chosen
from postseal.language.moment import day, moment

AT = datetime(2026, 3, 5, 23, 7, tzinfo=timezone(timedelta(hours=-1)))


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", Language.EN),
        ("de-AT,de;q=0.9,en;q=0.8", Language.DE),
        ("tlh, fr;q=0.5, es;q=0.7", Language.ES),
        ("zh-TW;q=0.8, ar", Language.AR),
        ("de;q=0, ja;q=nonsense, ru;q=0.1", Language.RU),
        ("x" * 5000 + ",de", Language.EN),
    ],
)
def test_browser_gets_the_language_it_likes_best(accepted: str, language: Language) -> None:
    assert chosen(accepted) is language


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.EN, "6 March 2026, 00:07 UTC"),
        (Language.DE, "6. März 2026, 00:07 UTC"),
        (Language.FR, "6 mars 2026 à 00:07 UTC"),
        (Language.ES, "6 de marzo de 2026, 00:07 UTC"),
        (Language.RU, "6 марта 2026 г., 00:07 UTC"),
        (Language.ZH, "2026年3月6日 00:07 UTC"),
        (Language.JA, "2026年3月6日 00:07 UTC"),
        (Language.AR, "6 مارس 2026، الساعة 00:07 بالتوقيت العالمي"),
    ],
)
def test_moment_is_written_as_people_of_the_language_do(language: Language, written: str) -> None:
    assert moment(AT, language) == written


def test_day_is_that_of_utc() -> None:
    assert day(AT, Language.DE) == "6. März 2026"
    assert day(datetime(2026, 12, 31, tzinfo=UTC), Language.JA) == "2026年12月31日"
