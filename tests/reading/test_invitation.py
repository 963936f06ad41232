"""Invitations as readable facts."""

import pytest

from postseal.body import Spool
from postseal.reading.view import view
from reading.mails import mail, part


def rows(lines: str, method: str = "REQUEST") -> dict[str, str]:
    """What is told of an event with *lines*, by its words."""
    event = (
        f"BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nSUMMARY:Lunch\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    found = view(mail(part("text/calendar; charset=utf-8", event.replace("\n", "\r\n"))), Spool())
    assert [one.kind for one in found.attachments] == ["text/calendar"]
    heading, *told = found.plain.splitlines()
    return {"": heading, **dict(line.split(": ", 1) for line in told if ": " in line)}


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        ("DTSTART:20261201T120000Z\nDTEND:20261201T130000Z", "2026-12-01 12:00 – 13:00 UTC"),
        ("DTSTART:20261201T120000\nDURATION:PT90M", "2026-12-01 12:00 – 13:30"),
        (
            "DTSTART;TZID=America/New_York:20260701T230000\nDTEND;TZID=America/New_York:20260702T010000",
            "2026-07-01 23:00 – 2026-07-02 01:00 (America/New_York, UTC-04:00; 2026-07-02 03:00 UTC)",
        ),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", "2026-12-24 – 2026-12-26"),
        ("DTSTART;VALUE=DATE:20261224", "2026-12-24"),
        ("DTSTART;TZID=W. Europe Standard Time:20261201T120000", "Standard Time, UTC+01:00"),
    ],
)
def test_when(lines: str, when: str):
    assert when in rows(lines)["When"]


@pytest.mark.parametrize(
    ("rule", "repeats"),
    [
        ("FREQ=DAILY", "daily"),
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5", "weekly, Monday, Wednesday, 5 times"),
        ("FREQ=MONTHLY;INTERVAL=2;UNTIL=20270101T000000Z", "every 2 months, until 2027-01-01"),
    ],
)
def test_repeats(rule: str, repeats: str):
    assert rows(f"DTSTART:20261201T120000Z\nRRULE:{rule}")["Repeats"] == repeats


def test_people_and_place_and_description():
    told = rows(
        "LOCATION:Canteen\\, 2nd floor\nORGANIZER;CN=Ann:mailto:ann@here.test\n"
        'ATTENDEE;CN="boss@bank.test":mailto:evil@x.test\nATTENDEE:mailto:bob@x.test\nDESCRIPTION:one\\ntwo'
    )

    assert told["Where"] == "Canteen, 2nd floor"
    assert told["Organiser"] == "Ann <ann@here.test>"
    assert told["Attendees"] == "evil@x.test, bob@x.test"
    assert told["Description"] == "one"


@pytest.mark.parametrize(
    ("method", "lines", "heading"),
    [
        ("REQUEST", "", "Invitation"),
        ("CANCEL", "", "Cancelled meeting"),
        ("REPLY", "", "Answer to an invitation"),
        ("REQUEST", "STATUS:CANCELLED", "Cancelled meeting"),
    ],
)
def test_heading(method: str, lines: str, heading: str):
    assert rows(lines or "STATUS:CONFIRMED", method)[""] == heading
