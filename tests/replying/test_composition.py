"""A reply is a mail that the standard library and a person read alike, whatever was typed."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body, Spool
from postseal.message import Message
from postseal.reading.plain import unflowed
from postseal.replying.composition import (
    Correspondent,
    Enclosure,
    Quotation,
    Reply,
    answered,
    composed,
    filename,
)
from postseal.replying.flowed import flowed, quoted

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANN = Correspondent("Ann Müller, Dr.", "ann@lab.test")
BOB = Correspondent('Bob "B" \\ O\'Hara', "bob@one.test")
CAT = Correspondent("", "cat@two.test")


def reply(**more: object) -> Reply:
    facts: dict[str, object] = {
        "author": BOB,
        "sender": "portal@lab.test",
        "to": (ANN,),
        "cc": (),
        "subject": "the quarter",
        "thread": ("<0@lab.test>", "<1@lab.test>"),
        "text": "Thank you.",
        "identity": "abc",
        "at": NOON,
    }
    return Reply(**{**facts, **more})  # type: ignore[arg-type] # of the right types


def read(message: Message) -> EmailMessage:
    octets = b"".join(message.pieces())
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def test_reply_comes_from_us_in_the_name_of_who_wrote_it_and_threads() -> None:
    mail = read(composed(reply(cc=(CAT,)), Spool()))

    (sender,) = mail["From"].addresses
    assert (sender.addr_spec, sender.display_name) == ("portal@lab.test", f"{BOB.name} (bob@one.test)")
    assert [(each.display_name, each.addr_spec) for each in mail["Reply-To"].addresses] == [
        (BOB.name, BOB.address)
    ]
    assert [(each.display_name, each.addr_spec) for each in mail["To"].addresses] == [(ANN.name, ANN.address)]
    assert [each.addr_spec for each in mail["Cc"].addresses] == [CAT.address]
    assert mail["Subject"] == "Re: the quarter"
    assert mail["Message-ID"] == "<abc@lab.test>"
    assert mail["In-Reply-To"] == "<1@lab.test>"
    assert mail["References"].split() == ["<0@lab.test>", "<1@lab.test>"]
    assert mail["Auto-Submitted"] is None
    assert mail.get_content() == "Thank you.\r\n"


def test_reply_with_files_has_them_octet_for_octet() -> None:
    files = (
        Enclosure("plan.pdf", "application/pdf", Body.of(b"%PDF\0\r\n--x\n")),
        Enclosure("Größe " + "ü" * 90 + '";\\.txt', "text/plain", Body.of(b"")),
        Enclosure("mail.eml", "message/rfc822", Body.of(bytes(range(256)) * 1000)),
    )

    mail = read(composed(reply(enclosures=files), Spool()))

    got = list(mail.iter_attachments())
    assert [(each.get_filename(), each.get_payload(decode=True)) for each in got] == [
        (each.name, each.body.read()) for each in files
    ]
    kinds = ["application/pdf", "text/plain", "application/octet-stream"]
    assert [each.get_content_type() for each in got] == kinds
    body = mail.get_body()
    assert body
    assert body.get_content() == "Thank you.\r\n"


def test_reply_quotes_what_it_answers_below() -> None:
    quotation = Quotation("Ann <ann@lab.test>", NOON, "One.\r\n> Zero.\n\nFrom here on " + "word " * 40)

    mail = read(composed(reply(text="Yes.\r\n \r\n", quotation=quotation), Spool()))

    text = unflowed(mail.get_content().replace("\r\n", "\n"), delsp=False)
    long = "> From here on " + "word " * 39 + "word"
    lines = ["Yes.", "", "Ann <ann@lab.test>, 2026-11-28 12:00 UTC:", "> One.", ">> Zero.", "> ", long]
    assert [line.replace(">>  ", ">> ") for line in text.split("\n")] == [*lines, ""]
    assert mail.get_content_type() == "text/plain"
    assert mail["Content-Type"].params["format"] == "flowed"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_text_is_read_as_it_was_typed(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    told = [line if line == "-- " else line.rstrip() for line in lines]
    if any(line.startswith(">") for line in told):
        return  # quotations: see above

    assert unflowed(flowed(text), delsp=False).removesuffix("\n").split("\n") == told


def test_quoted_line_goes_one_deeper_and_is_not_joined_to_others() -> None:
    assert quoted("a\n> b\n\nc") == "> a\n>> b\n> \n> c"
    long = "x" * 40
    assert flowed(f"> {long} {long}\n> z") == f"> {long} \n> {long}\n> z\n"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)
def test_no_field_comes_from_what_strangers_typed(name: str, subject: str) -> None:
    mail = read(
        composed(
            reply(
                author=Correspondent(name, "bob@one.test"),
                to=(Correspondent(name, "ann@lab.test"),),
                subject=subject,
            ),
            Spool(),
        )
    )

    names = {"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"}
    assert set(mail.keys()) <= names | {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert [each.addr_spec for each in mail["From"].addresses] == ["portal@lab.test"]
    assert [each.addr_spec for each in mail["Reply-To"].addresses] == ["bob@one.test"]
    assert [each.addr_spec for each in mail["To"].addresses] == ["ann@lab.test"]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("x", "Re: x"),
        ("Re: x", "Re: x"),
        ("RE:x", "RE:x"),
        ("", "Re:"),
        ("a\r\nBcc: b", "Re: a Bcc: b"),
        ("x" * 999, "Re: " + "x" * 296),
    ],
)
def test_answered_subject(given_: str, expected: str) -> None:
    assert answered(given_) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=150))
def test_filename_is_read_again(name: str) -> None:
    lines = filename(name).split("\r\n")
    assert all(len(line) < 90 and line.isascii() for line in lines)
    if "\0" in name or name != name.strip():
        return  # the reader's own trouble
    octets = f"Content-Disposition: attachment{filename(name)}\r\n\r\n".encode()

    assert email.message_from_bytes(octets, policy=email.policy.compat32).get_filename() == name


def test_references_of_a_long_thread_keep_the_first_and_the_last() -> None:
    thread = tuple(f"<{number}@lab.test>" for number in range(100))

    mail = read(composed(reply(thread=thread), Spool()))

    assert mail["References"].split() == [thread[0], *thread[-19:]]
