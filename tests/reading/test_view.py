"""What is shown of every shape of mail."""

import compressed_rtf
import pytest

from content.carriers import tnef
from postseal.body import Spool
from postseal.message import Message
from postseal.reading.note import Note
from postseal.reading.view import View, view
from reading.mails import mail, multipart, part, png

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\nin plain text"
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>in <b>HTML</b></p>"
PDF = part("application/pdf", b"%PDF-1.4 x", "Content-Disposition: attachment; filename=a.pdf")
PICTURE = part("image/png", png(), "Content-ID: <one@here>", "Content-Disposition: inline; filename=one.png")
NESTED = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: Carl <carl@else.test>\r\nSubject: inside\r\n\r\nnested text"
)
INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:Lunch
LOCATION:Canteen
DTSTART;TZID=Europe/Berlin:20261201T120000
DTEND;TZID=Europe/Berlin:20261201T130000
ORGANIZER;CN=Ann:mailto:ann@here.test
ATTENDEE;CN=Bob:mailto:bob@there.test
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


WINMAIL = part("application/ms-tnef; name=winmail.dat", tnef("packed", files={"b.txt": b"within"}))
PKCS7 = '; protocol="application/pkcs7-signature"'


def seen(message: Message) -> tuple[View, str]:
    found = view(message, Spool())
    return found, bytes(found.document).decode().partition("<body>")[2]


def names(found: View) -> list[str]:
    return [one.name for one in found.attachments]


def octets(found: View, name: str) -> bytes:
    (one,) = [one for one in found.attachments if one.name == name]
    whole = b"".join(one.pieces())
    assert len(whole) == one.size
    return whole


SHAPES = {
    "plain": (PLAIN, ["in plain text"], []),
    "no-content-type": (b"\r\nonly text", ["only text"], []),
    "html": (HTML, ["in <b>HTML</b>"], []),
    "alternative": (multipart("alternative", PLAIN, HTML), ["in <b>HTML</b>"], []),
    "alternative-reversed": (multipart("alternative", HTML, PLAIN), ["in <b>HTML</b>"], []),
    "mixed": (multipart("mixed", PLAIN, PDF), ["in plain text"], ["a.pdf"]),
    "two-texts": (multipart("mixed", PLAIN, HTML), ["in plain text", "in <b>HTML</b>"], []),
    "nested": (multipart("mixed", PLAIN, NESTED), ["carl@else.test", "nested text"], ["inside.eml"]),
    "picture-between": (
        multipart("mixed", PLAIN, PICTURE, PLAIN),
        ['<img src="data:image/png;base64,'],
        ["one.png"],
    ),
    "invitation": (
        multipart("alternative", PLAIN, part("text/calendar; method=REQUEST", INVITATION)),
        ["Lunch", "Canteen", "2026-12-01 12:00 – 13:00 (Europe/Berlin, UTC+01:00",
            "Ann &lt;ann@here.test&gt;"],
        ["text-3.ics"],
    ),
    "winmail": (
        multipart("mixed", PLAIN, WINMAIL),
        ["in plain text", "packed"],
        ["b.txt"],
    ),
    "signed": (
        multipart("signed", HTML, part("application/pkcs7-signature", b"0"), parameters=PKCS7),
        ["in <b>HTML</b>"],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entity", "shown", "attached"), SHAPES.values(), ids=SHAPES)
def test_shape_shows_and_lists(entity: bytes, shown: list[str], attached: list[str]):
    found, page = seen(mail(entity))

    assert [one for one in shown if one not in page] == []
    assert names(found) == attached


def test_header_is_shown_decoded():
    found, _ = seen(
        mail(
            PLAIN, "Cc: =?utf-8?q?J=C3=BCrgen?= <j@x.test>, c@d.test", "Date: Sat, 28 Nov 2026 10:00:00 +0100"
        )
    )

    assert (found.subject, str(found.author)) == ("word", "Ann <ann@here.test>")
    assert [str(one) for one in found.cc] == ["Jürgen <j@x.test>", "c@d.test"]
    assert found.date
    assert found.date.isoformat() == "2026-11-28T10:00:00+01:00"


def test_picture_by_cid_becomes_part_of_the_document_once_for_each_use():
    markup = (
        b'Content-Type: text/html\r\n\r\n<img src="cid:one@here"><img src="CID:one@here"><img src=cid:none>'
    )
    found, page = seen(mail(multipart("related", markup, PICTURE)))

    assert page.count('<img src="data:image/png;base64,iVBOR') == 2
    assert [(one.name, one.shown) for one in found.attachments] == [("one.png", True)]
    assert octets(found, "one.png") == png()
    assert Note.PICTURES in found.notes


def test_picture_elsewhere_is_not_shown_and_told():
    found, page = seen(mail(b'Content-Type: text/html\r\n\r\n<img src="http://spy.test/x.png" alt=logo>'))

    assert "spy" not in page
    assert "logo" in page
    assert found.notes == (Note.REMOTE,)


def test_winmail_that_is_damaged_can_be_saved_itself():
    damaged = tnef("packed", files={"b.txt": b"within", "c.txt": b"cut"})[:-4]
    found, _ = seen(mail(multipart("mixed", part("application/ms-tnef; name=winmail.dat", damaged))))

    assert "winmail.dat" in names(found)
    assert octets(found, "b.txt") == b"within"
    assert found.notes == (Note.NOT_UNPACKED,)


def test_winmail_within_winmail_is_unpacked_too():
    inner = tnef("of the message within", files={"deep.txt": b"deep"})
    outer = tnef("packed", files={"a.txt": b"flat", "message": inner})
    found, page = seen(mail(multipart("mixed", PLAIN, part("application/ms-tnef", outer))))

    assert "of the message within" in page
    assert {name: octets(found, name) for name in names(found)} == {"a.txt": b"flat", "deep.txt": b"deep"}
    assert found.notes == (Note.UNPACKED,)


def test_rich_text_of_winmail_is_shown_and_damaged_one_is_not():
    rich = compressed_rtf.compress(rb"{\rtf1\ansi in rich text\par}")
    pages = [seen(mail(part("application/ms-tnef", tnef(rtf=one))))[1] for one in (rich, rich[:-30])]

    assert "in rich text" in pages[0]
    assert "<p" not in pages[1]


def test_text_of_winmail_is_not_shown_twice():
    _, page = seen(mail(multipart("mixed", PLAIN, part("application/ms-tnef", tnef("in plain\r\ntext")))))

    assert page.count("in plain") == 1


def test_nested_message_is_saved_as_it_stands():
    found, _ = seen(mail(multipart("mixed", PLAIN, NESTED)))

    assert octets(found, "inside.eml") == NESTED.partition(b"\r\n\r\n")[2]


def test_numbers_are_the_same_every_time_and_name_attachments():
    message = mail(multipart("mixed", PLAIN, NESTED, PDF))
    first, second = (view(message, Spool()) for _ in range(2))

    numbers = [one.number for one in first.attachments]
    assert numbers == [one.number for one in second.attachments]
    assert [first.attachment(number) for number in numbers] == list(first.attachments)
    assert first.attachment(999) is None


@pytest.mark.parametrize(
    ("head", "octets"),
    [
        ("text/html", '<meta charset="koi8-r"><p>Привет'.encode("koi8-r")),
        ("text/html", '<meta http-equiv=x content="text/html; charset=koi8-r"><p>Привет'.encode("koi8-r")),
        ("text/html; charset=koi8-r", '<meta charset="utf-8"><p>Привет'.encode("koi8-r")),
        ("text/html", "<p>Привет".encode()),
        ("text/plain; charset=windows-1251", "Привет".encode("cp1251")),
    ],
)
def test_charset(head: str, octets: bytes):
    assert "Привет" in seen(mail(part(head, octets)))[1]


def test_encoded_message_within_is_shown_with_its_attachments():
    inner = b"From: carl@else.test\r\nSubject: inside\r\n" + multipart("mixed", PLAIN, PDF)
    found, page = seen(mail(multipart("mixed", HTML, part("message/rfc822", inner), PDF)))

    assert "in plain text" in page
    assert "carl@else.test" in page
    assert sorted(names(found)) == ["a.pdf", "a.pdf", "inside.eml"]
    assert octets(found, "inside.eml") == inner
    assert len({one.number for one in found.attachments}) == 3


def test_messages_within_each_other_have_a_bottom():
    entity = PLAIN
    for number in range(9):
        entity = b"Subject: level %d\r\n" % number + part("message/rfc822", entity)
    found, page = seen(mail(part("message/rfc822", entity)))

    assert page.count("<article") == 5
    assert len(found.attachments) == 6
