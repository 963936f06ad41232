"""The facts of an invitation (see `invitation`) as a block of the document, and as text."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from html import escape

from postseal.reading.page import facts
from postseal.reading.person import cleaned, displayed

_HEADINGS = {"CANCEL": "Cancelled meeting", "REPLY": "Answer to an invitation"}


def block(told: Mapping[str, object], say: Callable[[str], str]) -> tuple[str, str]:
    """HTML and plain text of what the process *told*; "" for both if it told of no meeting."""
    rows = [(say(word), value) for word, value in _rows(told) if value]
    if not rows:
        return "", ""
    cancelled = _line(told, "status") == "CANCELLED"
    heading = say(_HEADINGS.get("CANCEL" if cancelled else _line(told, "method"), "Invitation"))
    markup = f'<article class="block part"><h2>{escape(heading)}</h2>{facts(rows)}</article>'
    return markup, "\n".join([heading, *(f"{word}: {value}" for word, value in rows)])


def _rows(told: Mapping[str, object]) -> list[tuple[str, str]]:
    attendees = told.get("attendees")
    many = [_person(one) for one in attendees] if isinstance(attendees, list) else []
    description = "\n".join(cleaned(line) for line in str(told.get("description", "")).splitlines()[:100])
    return [
        ("What", _line(told, "summary")),
        ("When", _when(told)),
        ("Repeats", _line(told, "recurs")),
        ("Where", _line(told, "location")),
        ("Organiser", _person(told.get("organizer"))),
        ("Attendees", ", ".join(filter(None, many))),
        ("Description", description.strip()),
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
