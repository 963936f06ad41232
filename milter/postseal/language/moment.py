"""A moment as people of a language write it."""

from datetime import UTC, datetime

from postseal.language.catalogue import catalogue
from postseal.language.language import Language


def moment(at: datetime, language: Language) -> str:
    """The time *at*, to the minute, in UTC: `28 November 2026, 18:45 UTC`."""
    at, pgettext = at.astimezone(UTC), catalogue(language).pgettext
    # Translators: the order and the words around a date.
    form = pgettext("date", "{day} {month} {year}, {time} UTC")
    return form.format(day=at.day, month=_month(at, language), year=at.year, time=f"{at:%H:%M}")


def day(at: datetime, language: Language) -> str:
    """The day of the time *at*, in UTC: `28 November 2026`."""
    at, pgettext = at.astimezone(UTC), catalogue(language).pgettext
    form = pgettext("date", "{day} {month} {year}")
    return form.format(day=at.day, month=_month(at, language), year=at.year)


def _month(at: datetime, language: Language) -> str:
    pgettext = catalogue(language).pgettext
    months = (
        pgettext("date", "January"),
        pgettext("date", "February"),
        pgettext("date", "March"),
        pgettext("date", "April"),
        pgettext("date", "May"),
        pgettext("date", "June"),
        pgettext("date", "July"),
        pgettext("date", "August"),
        pgettext("date", "September"),
        pgettext("date", "October"),
        pgettext("date", "November"),
        pgettext("date", "December"),
    )
    return months[at.month - 1]
