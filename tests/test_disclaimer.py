"""Disclaimers reach the reader, and everything else arrives as it was sent."""

import base64
import email
import io
import quopri
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postseal import message_file
from postseal.body import Spool
from postseal.cms import charset as charsets
from postseal.disclaimer import closed, disclaimed
from postseal.message import Message
from postseal.treatment import Disclaimer, Fallback, Side

GERMAN = Disclaimer("Vertraulich für %%Email%%", "<p>Vertraulich für %%DisplayName%%</p>")
ASCII = Disclaimer("Confidential.", "<p>Confidential.</p>")
HEAD = b'From: "A & B" <ann@example.com>\nTo: bob@mail.example\nDKIM-Signature: v=1\nMIME-Version: 1.0\n'


def read(octets: bytes) -> Message:
    return message_file.read(io.BytesIO(HEAD + octets), Spool())


def written(octets: bytes, disclaimer: Disclaimer = ASCII) -> EmailMessage:
    new = disclaimed(read(octets), disclaimer, Spool(threshold=64))
    parsed = email.message_from_bytes(b"".join(new.pieces()), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    for part in parsed.walk():
        assert not part.defects, part.defects
    return parsed


def texts(message: EmailMessage) -> list[str]:
    """The contents of all text parts, with LF."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return [str(part.get_content()).replace("\r\n", "\n") for part in parts]


@pytest.mark.parametrize(
    ("octets", "disclaimer", "expected"),
    [
        pytest.param(b"\nHello.\n", ASCII, ["Hello.\n\nConfidential.\n"], id="no-type"),
        pytest.param(b"\nHello.", ASCII, ["Hello.\n\nConfidential.\n"], id="no-last-line-end"),
        pytest.param(b"\n", ASCII, ["\nConfidential.\n"], id="empty"),
        pytest.param(
            b"\nHello.\n", GERMAN, ["Hello.\n\nVertraulich für ann@example.com\n"], id="ascii-becomes-utf-8"
        ),
        pytest.param(
            b"Content-Type: text/plain; charset=iso-8859-1; format=flowed\n"
            b"Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n",
            GERMAN,
            ["Grüße\n\nVertraulich für ann@example.com\n"],
            id="latin-1-qp-becomes-utf-8",
        ),
        pytest.param(
            b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe\n",
            ASCII,
            ["Grüße\n\nConfidential.\n"],
            id="latin-1-8bit-stays",
        ),
        pytest.param(
            b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n",
            GERMAN,
            ["Grüße\n\nVertraulich für ann@example.com\n"],
            id="utf-8-base64",
        ),
        pytest.param(
            b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$3$s\x1b(B\n",
            ASCII,
            ["こん\n\nConfidential.\n"],
            id="stateful-becomes-utf-8",
        ),
        pytest.param(
            b"Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\nSABpAA==\n",
            ASCII,
            ["Hi\n\nConfidential.\n"],
            id="utf-16-becomes-utf-8",
        ),
        pytest.param(
            b"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
            b"<html><body class=a>Gr\xfc\xdfe</BODY></html>\n",
            GERMAN,
            ["<html><body class=a>Grüße\n<div><p>Vertraulich f&#252;r A &amp; B</p></div>\n</BODY></html>\n"],
            id="html",
        ),
        pytest.param(
            b"Content-Type: text/html\n\n<p>Hi",
            ASCII,
            ["<p>Hi\n\n<div><p>Confidential.</p></div>\n"],
            id="html-without-body",
        ),
        pytest.param(
            b"\nHello.\n",
            Disclaimer("Mind!", "", Side.PREPEND),
            ["Mind!\n\nHello.\n"],
            id="prepend",
        ),
        pytest.param(
            b"Content-Type: text/html\n\n<html><head></head><body>Hi</body>",
            Disclaimer("", "<b>Mind!</b>", Side.PREPEND),
            ["<html><head></head><body>\n<div><b>Mind!</b></div>\nHi</body>\n"],
            id="prepend-html",
        ),
    ],
)
def test_disclaimer_in_one_part(octets: bytes, disclaimer: Disclaimer, expected: list[str]) -> None:
    message = written(octets, disclaimer)

    assert texts(message) == expected
    assert message["DKIM-Signature"] is None
    assert message["To"] == "bob@mail.example"


ALTERNATIVE = (
    b"Content-Type: multipart/mixed; boundary=m\n\npreamble\n--m\n"
    b"Content-Type: multipart/alternative; boundary=a\n\n"
    b"--a\nContent-Type: text/plain; charset=utf-8\nX-Own: kept\n\nHello.\n"
    b"--a\nContent-Type: multipart/related; boundary=r\n\n"
    b"--r\nContent-Type: text/html; charset=us-ascii\n\n<body>Hello.</body>\n"
    b"--r\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r--\n\n"
    b"--a--\n\n--m\n"
    b"Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\nNotes\n"
    b"--m\nContent-Type: message/rfc822\n\nSubject: old\n\nForwarded.\n--m--\nepilogue\n"
)


def test_disclaimer_in_all_alternatives_and_nowhere_else() -> None:
    message = written(ALTERNATIVE, GERMAN)

    assert texts(message) == [
        "Hello.\n\nVertraulich für ann@example.com\n".removesuffix("\n"),
        "<body>Hello.\n<div><p>Vertraulich f&#252;r A &amp; B</p></div>\n</body>",
        "Notes",
        "Forwarded.",
    ]
    octets = b"".join(disclaimed(read(ALTERNATIVE), GERMAN, Spool()).pieces())
    for kept in (
        b"\r\nX-Own: kept\r\n",
        b"preamble\r\n--m\r\n",
        b"--m--\r\nepilogue\r\n",
        b"\r\niVBORw0KGgo=\r\n",
    ):
        assert kept in octets


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(
            b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==\n", id="pdf"
        ),
        pytest.param(b"Content-Type: text/plain; charset=x-unknown\n\n\xe4\n", id="unknown-charset"),
        pytest.param(b"\nGr\xfc\xdfe\n", id="undeclared-8bit"),
        pytest.param(b"Content-Transfer-Encoding: x-uue\n\nxyz\n", id="unknown-encoding"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
            b"Content-Type: multipart/signed; boundary=s\n\n--s\n\nHi\n--s\n\nsig\n--s--\n\n--m--\n",
            id="signed-within",
        ),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_disclaimer_stands_beside_what_cannot_take_it(octets: bytes, side: Side) -> None:
    old = read(octets)

    new = disclaimed(old, Disclaimer("Vertraulich für alle.", "", side), Spool())

    message = email.message_from_bytes(b"".join(new.pieces()), policy=SMTP)
    parts = message.get_payload()
    assert isinstance(parts, list)
    (own,) = [
        part
        for part in parts
        if "Vertraulich" in str(part.get_payload(decode=True) or b"", "utf-8", "replace")
    ]
    assert parts.index(own) == (0 if side is Side.PREPEND else 1)
    assert old.body.read().rstrip() in new.body.read()


SIGNED = (
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s\n\n'
    b"--s\nContent-Type: text/plain\n\nSigned.\n"
    b"--s\nContent-Type: application/pkcs7-signature\n\nMIAG\n--s--\n"
)
ENCRYPTED = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAGCSqGSIb3DQEHA6CA\n"
PGP = b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHi\n-----BEGIN PGP SIGNATURE-----\n"


@pytest.mark.parametrize("octets", [SIGNED, ENCRYPTED, PGP], ids=["signed", "encrypted", "pgp"])
def test_nothing_is_written_into_what_is_signed_or_encrypted(octets: bytes) -> None:
    old = read(b"Bcc: secret@mail.example\n" + octets)
    assert closed(old)

    assert disclaimed(old, Disclaimer("x", "x", fallback=Fallback.IGNORE), Spool()) is old
    wrapped = disclaimed(old, ASCII, Spool())

    message = email.message_from_bytes(b"".join(wrapped.pieces()), policy=SMTP)
    text, attached = message.iter_parts()  # type: ignore[attr-defined]  # an EmailMessage
    assert text.get_content() == "Confidential."
    assert attached.get_content_type() == "message/rfc822"
    assert old.without("Bcc").header_block + b"\r\n" + old.body.read() in wrapped.body.read()
    assert b"secret@" not in b"".join(wrapped.pieces())
    assert message["To"] == "bob@mail.example"


def test_calendar_entry_stays_alone() -> None:
    old = read(b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n")

    assert disclaimed(old, ASCII, Spool()) is old


def test_author_cannot_write_markup_into_the_disclaimer() -> None:
    octets = b'From: "<script>x</script>" <a@b.example>\nContent-Type: text/html\n\nHi\n'
    old = message_file.read(io.BytesIO(octets), Spool())

    new = disclaimed(old, Disclaimer("", "%%DisplayName%%"), Spool())

    assert b"<script>" not in new.body.read()
    assert b"&lt;script&gt;" in new.body.read()


def test_markup_that_never_ends_takes_no_longer_than_other() -> None:
    octets = b"Content-Type: text/html\n\n" + b"<body\n" * 500_000

    new = disclaimed(read(octets), Disclaimer("", "<b>Mind!</b>", Side.PREPEND), Spool())

    assert b"<div><b>Mind!</b></div>" in new.body.read()


def test_large_body_goes_to_the_spool(tmp_path: Path) -> None:
    old = read(b"\n" + b"x" * 70 + b"\n" + b"line\n" * 300_000)

    new = disclaimed(old, ASCII, Spool(tmp_path, 1 << 16))

    assert new.body.read().endswith(b"line\r\n\r\nConfidential.\r\n")


@settings(deadline=None, max_examples=150)
@given(
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=200),
    st.sampled_from(["utf-8", "utf-16", "iso-2022-jp", "iso-8859-1", "windows-1252", "gb18030", "shift_jis"]),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
    st.sampled_from([GERMAN, ASCII]),
)
def test_text_in_any_charset_is_read_as_before_and_then_the_disclaimer(
    text: str, charset: str, name: str, disclaimer: Disclaimer
) -> None:
    octets = text.encode(charset, "ignore")
    text = octets.decode(charset)
    if name == "8bit" and (charset == "utf-16" or b"\n" in octets or b"\r" in octets):
        name = "base64"
    part = EmailMessage()
    part.set_payload(octets)
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {name}\n\n".encode()
    encoders = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}

    found = texts(written(head + encoders[name](octets), disclaimer))

    added = "Confidential." if disclaimer is ASCII else "Vertraulich für ann@example.com"
    assert any(added in each for each in found)
    if "\ufffd" not in text and len(found) == 1 and text.isprintable():
        # Programs read more into some charsets than Python does, and so do we.
        readings = {text, charsets.decoded(octets, charset) or ""}
        assert any(found[0].startswith(each.rstrip(" \t")) for each in readings)
