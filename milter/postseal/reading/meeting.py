"""The facts of an invitation (see `invitation`) as a block of the document, and as text."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from html import escape

from postseal.language.catalogue import noted
from postseal.reading.page import facts
from postseal.reading.person import cleaned, displayed

_HEADINGS = {"CANCEL": noted("Cancelled meeting"), "REPLY": noted("Answer to an invitation")}
_INVITATION = noted("Invitation")

_OFTEN = {
    "DAILY": (noted("daily"), noted("every {} days")),
    "WEEKLY": (noted("weekly"), noted("every {} weeks")),
    "MONTHLY": (noted("monthly"), noted("every {} months")),
    "YEARLY": (noted("yearly"), noted("every {} years")),
}
_TIMES, _UNTIL = noted("{} times"), noted("until {}")
_DAYS = {
    "MO": noted("Monday"),
    "TU": noted("Tuesday"),
    "WE": noted("Wednesday"),
    "TH": noted("Thursday"),
    "FR": noted("Friday"),
    "SA": noted("Saturday"),
    "SU": noted("Sunday"),
}


def block(told: Mapping[str, object], say: Callable[[str], str]) -> tuple[str, str]:
    """HTML and plain text of what the process *told*; "" for both if it told of no meeting."""
    rows = [(say(word), value) for word, value in _rows(told, say) if value]
    if not rows:
        return "", ""
    cancelled = _line(told, "status") == "CANCELLED"
    heading = say(_HEADINGS.get("CANCEL" if cancelled else _line(told, "method"), _INVITATION))
    markup = f'<article class="block part"><h2>{escape(heading)}</h2>{facts(rows)}</article>'
    return markup, "\n".join([heading, *(f"{word}: {value}" for word, value in rows)])


def _rows(told: Mapping[str, object], say: Callable[[str], str]) -> list[tuple[str, str]]:
    attendees = told.get("attendees")
    many = [_person(one) for one in attendees] if isinstance(attendees, list) else []
    description = "\n".join(cleaned(line) for line in str(told.get("description", "")).splitlines()[:100])
    return [
        (noted("What"), _line(told, "summary")),
        (noted("When"), _when(told)),
        (noted("Repeats"), _recurs(told.get("recurs"), say)),
        (noted("Where"), _line(told, "location")),
        (noted("Organiser"), _person(told.get("organizer"))),
        (noted("Attendees"), ", ".join(filter(None, many))),
        (noted("Description"), description.strip()),
    ]


def _when(told: Mapping[str, object]) -> str:
    start, end = _moment(told.get("start")), _moment(told.get("end"))
    if start is None:
        return ""
    if not isinstance(start, datetime):
        # The end of whole days is the first day after (RFC 5545 §3.6.1).
        last = end - timedelta(days=1) if end is not None and end > start else start
        return f"{start}" if last <= start else f"{start} – {last}"
    written = f"{start:%Y-%m-%d %H:%M}"
    if isinstance(end, datetime):
        written += f" – {end:%H:%M}" if end.date() == start.date() else f" – {end:%Y-%m-%d %H:%M}"
    zone = _line(told, "zone")
    if start.tzinfo is None:
        return f"{written} {zone}".strip()
    if not start.utcoffset():
        return f"{written} UTC"
    name = f"{zone}, " if zone else ""
    return f"{written} ({name}{_offset(start)}; {start.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"


def _offset(start: datetime) -> str:
    return f"UTC{start.isoformat()[-6:]}"


def _recurs(told: object, say: Callable[[str], str]) -> str:
    """A recurrence rule in words, as far as it is simple."""
    words = dict(str(one).split(" ", 1) for one in told if " " in str(one)) if isinstance(told, list) else {}
    often = _OFTEN.get(words.get("FREQ", ""))
    if often is None:
        return ""
    every = words.get("INTERVAL", "1")
    written = [say(often[0]) if every == "1" else say(often[1]).format(cleaned(every, limit=10))]
    written += [say(_DAYS[day.strip()]) for day in words.get("BYDAY", "").split(",") if day.strip() in _DAYS]
    if "COUNT" in words:
        written.append(say(_TIMES).format(cleaned(words["COUNT"], limit=10)))
    if "UNTIL" in words:
        written.append(say(_UNTIL).format(cleaned(words["UNTIL"][:10])))
    return ", ".join(written)


def _moment(told: object) -> date | None:
    """A day, or a time if there is a clock in it."""
    text = str(told or "")
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None


def _person(told: object) -> str:
    if not isinstance(told, Mapping):
        return ""
    address = cleaned(str(told.get("address", "")), limit=320)
    name = displayed(str(told.get("name", "")), address)
    return f"{name} <{address}>" if name and address else name or address


def _line(told: Mapping[str, object], name: str) -> str:
    return cleaned(str(told.get(name) or ""))
