"""A calendar invitation (RFC 5545, RFC 5546) as a few readable facts.

Runs in a process of its own (see `child`), because a library of others reads it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import islice

import icalendar

_PEOPLE = 50
_TEXT = 4000


def facts(octets: bytes) -> dict[str, object]:
    """The method, and of its first event what it is, when, where and with whom; all of it text.

    *start*, *end*: ISO 8601, with the offset from UTC if there is one; *zone*: the name of the time zone.
    """
    calendar = icalendar.Calendar.from_ical(octets)
    events = calendar.walk("VEVENT") + calendar.walk("VTODO")
    if not events:
        return {}
    event = events[0]
    start, end = _when(event, "DTSTART"), _when(event, "DTEND") or _when(event, "DUE")
    if end is None and start is not None and "DURATION" in event:
        end = start + event.decoded("DURATION")
    return {
        "method": _text(calendar.get("METHOD")).upper(),
        "summary": _text(event.get("SUMMARY")),
        "location": _text(event.get("LOCATION")),
        "description": _text(event.get("DESCRIPTION")),
        "status": _text(event.get("STATUS")).upper(),
        "recurs": _recurs(event.get("RRULE")),
        "start": start.isoformat() if start else "",
        "end": end.isoformat() if end else "",
        "zone": _zone(event),
        "organizer": _person(event.get("ORGANIZER")),
        "attendees": [_person(one) for one in islice(_all(event.get("ATTENDEE")), _PEOPLE)],
        "events": len(events),
    }


def _when(event: icalendar.Component, name: str) -> date | None:
    """The day or the time of a property; None if there is none or it makes no sense."""
    if name not in event:
        return None
    try:
        found = event.decoded(name)
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(found, datetime) and found.tzinfo:
        found.astimezone(UTC)  # raises if it is out of range, now and not later
    return found if isinstance(found, date) else None


def _zone(event: icalendar.Component) -> str:
    start = event.get("DTSTART")
    return _text(start.params.get("TZID", "")) if start is not None and hasattr(start, "params") else ""


def _recurs(rule: object) -> list[str]:
    """The frequency of a recurrence rule and what else it says, in the words of RFC 5545."""
    if not isinstance(rule, Mapping):
        return []
    told = []
    for word in ("FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL"):
        values = rule.get(word) or []
        if values:
            told.append(f"{word} {', '.join(_text(value)[:40] for value in islice(values, 8))}")
    return told


def _all(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _person(value: object) -> dict[str, str]:
    """Name and address of a CAL-ADDRESS."""
    if value is None:
        return {}
    name = value.params.get("CN", "") if hasattr(value, "params") else ""
    address = _text(value)
    return {"name": _text(name), "address": address[7:] if address[:7].lower() == "mailto:" else address}


def _text(value: object) -> str:
    return "" if value is None else str(value)[:_TEXT]
