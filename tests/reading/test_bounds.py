"""Whatever the mail is, there is a view of it, in bounded time and memory."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from mailstrategies import MESSAGES
from postseal.body import Spool
from postseal.message import Message
from postseal.reading.note import Note
from postseal.reading.view import View, view
from postseal.settings.extraction import Extraction
from reading.mails import mail, multipart, parsed, part

SECONDS = 4.0
PATIENCE = 40.0  # for a machine that does other things as well


def taken(message: Message) -> View:
    """The view of *message*, all of it read."""
    begin = time.monotonic()
    found = view(message, Spool(), limits=Extraction(seconds=SECONDS, processes=1))
    bytes(found.document).decode()
    for one in found.attachments:
        assert sum(map(len, one.pieces())) == one.size
        assert one.name
        assert "/" not in one.name
    assert time.monotonic() - begin < PATIENCE
    return found


def nested(times: int) -> bytes:
    entity = b"Content-Type: text/plain\r\n\r\ninnermost"
    for number in range(times):
        kind = b"message/rfc822\r\n" if number % 2 else b"multipart/mixed; boundary=b%d\r\n" % number
        entity = b"Content-Type: " + kind + b"\r\n" + (b"" if number % 2 else b"--b%d\r\n" % number) + entity
    return entity


def event(lines: str) -> str:
    return f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


HTML = "text/html; charset=utf-8"
BOMBS = {
    "deep": (part(HTML, "<div>" * 200_000), Note.AS_TEXT),
    "deep-hidden": (part(HTML, "<div><!--</div>-->" * 60_000), Note.AS_TEXT),
    "deep-formatting": (part(HTML, "".join(f"<font size={n}><p>" for n in range(20_000))), Note.AS_TEXT),
    "misnested": (part(HTML, "<a><b><i></b></a>" * 20_000), None),
    "large": (part(HTML, "<p>word</p>" * 1_000_000), Note.AS_TEXT),
    "attributes": (part(HTML, "<p " + " ".join(f"a{n}=x" for n in range(100_000)) + ">x"), None),
    "styles": (part(HTML, f'<p style="{"color:red;" * 200_000}">x'), None),
    "entities": (part(HTML, "&" * 2_000_000), None),
    "less-than": (part(HTML, "<" * 2_000_000), None),
    "comment": (part(HTML, "<!--" * 500_000), None),
    "pictures": (part(HTML, '<img src="cid:x">' * 50_000), Note.PICTURES),
    "text": (part("text/plain", "> http://x.test " * 1_000_000), Note.SHORTENED),
    "text-quotes": (part("text/plain", ">" * 1_000_000), None),
    "flowed": (part("text/plain; format=flowed", " \n" * 500_000), None),
    "parts": (multipart("mixed", *[part("text/plain", "x")] * 5000), Note.TOO_MANY),
    "levels": (nested(400), Note.TOO_MANY),
    "header": (multipart("mixed", b"X: " + b"x" * (2 << 20) + b"\r\n\r\nx"), Note.TOO_MANY),
    "people": (b"Cc: " + b"a <a@x.test>," * 50_000 + b"\r\n\r\nx", None),
    "comments": (b"Cc: " + b"(" * 200_000 + b"\r\n\r\nx", None),
    "words": (b"Comments: x\r\nCc: " + b"=?utf-8?q?x?= " * 50_000 + b"\r\n\r\nx", None),
    "invitation-times": (part("text/calendar", event("DTSTART:99999999T999999Z")), None),
    "invitation-edge": (part("text/calendar", event("DTSTART;TZID=Asia/Tokyo:00010101T000000")), None),
    "invitation-many": (part("text/calendar", event("ATTENDEE:mailto:a@x.test\r\n" * 20_000)), None),
    "invitation-deep": (part("text/calendar", "BEGIN:VEVENT\r\n" * 20_000), None),
    "winmail": (part("application/ms-tnef", b"\x78\x9f\x3e\x22" + b"\xff" * 1000), Note.NOT_UNPACKED),
    "winmail-empty": (part("application/ms-tnef", b""), Note.NOT_UNPACKED),
    "signed": (part("application/pkcs7-mime; smime-type=signed-data", b"\x30\x80" * 10_000), Note.DAMAGED),
}


@pytest.mark.parametrize(("entity", "note"), BOMBS.values(), ids=BOMBS)
def test_bomb_has_a_view_in_time(entity: bytes, note: Note | None):
    found = taken(mail(entity))

    assert note is None or note in found.notes


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"\0\xff" * 1000,
        b"Date: Fri, 99 Foo 99999 99:99:99 +9999\r\n\r\n",
        b"Date: " + b"1" * 100_000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\nno parts",
        b"Content-Type: multipart/related; boundary=b\r\n\r\n--b--\r\n",
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx",
        b"Content-Type: text/plain; charset=none-such\r\n\r\n\xff",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: x\r\n\r\n<b>",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
        b"Content-Type: application/pkcs7-mime\r\n\r\nx",
        b"Content-Type: text/calendar\r\n\r\nx",
    ],
)
def test_malformed_mail_has_a_view(octets: bytes):
    taken(parsed(octets))


@settings(max_examples=150)
@given(MESSAGES)
def test_any_octets_have_a_view(message: Message):
    taken(message)


@pytest.mark.slow
def test_25_mib_take_no_more_memory_than_a_few_pieces():
    program = Path(__file__).parent / "memory.py"
    folders = [str(program.parent.parent), str(program.parent.parent.parent / "contrib")]
    told = subprocess.run(
        [sys.executable, program],
        env={"PYTHONPATH": ":".join(folders)},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout.split()
    taken_by = dict(zip(told[::2], map(int, told[1::2]), strict=True))

    assert set(taken_by) == {"attachment", "picture", "winmail", "text"}
    assert {name: octets for name, octets in taken_by.items() if octets > 10 << 20} == {}
