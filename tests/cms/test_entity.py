"""What is signed keeps its content, survives the way, and is changed no more than that needs."""

import time
from pathlib import Path

import pytest

from postseal.body import Body, Spool
from postseal.cms import encoding
from postseal.cms.entity import canonical, inner, outer
from postseal.message import Header, Message

MIXED = Header.of("Content-Type", "multipart/mixed; boundary=b")
HTML = Header.of("Content-Type", "text/html; charset=utf-8")
BINARY = Header.of("Content-Type", "application/octet-stream")


def field(name: str, value: str) -> Header:
    return Header.of(name, value)


def entity(body: bytes, *headers: Header) -> Message:
    return Message(headers, Body.of(body))


def raw(message: Message) -> bytes:
    return b"".join(message.pieces())


def canonical_form(body: bytes, *headers: Header) -> bytes:
    return raw(canonical(entity(body, *headers), Spool()))


def test_inner_and_outer_share_the_fields() -> None:
    headers = (
        field("Received", "x"),
        field("mime-VERSION", "1.0"),
        field("From", "ann@example.com"),
        field("Content-Type", "text/html"),
        field("Content-Language", "de"),
        field("Subject", "x"),
        Header(b"CONTENT-ID ", b"\t<x>"),
    )
    message = Message(headers, Body.of(b"x"))

    assert outer(message) == (headers[0], headers[2], headers[5])
    assert inner(message).headers == (headers[1], headers[3], headers[4], headers[6])
    assert inner(message).body is message.body


def test_inner_without_content_type_is_text() -> None:
    assert inner(entity(b"x")).headers == (field("Content-Type", "text/plain"),)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", ()),
        (b"plain text\r\n", (HTML,)),
        (b"=C3=BC From \r\nFrom me \r\n", (HTML, field("Content-Transfer-Encoding", "quoted-printable"))),
        (b"AAAA\r\n", (BINARY, field("Content-Transfer-Encoding", "base64"))),
        (b"pre\r\n--b\r\n\r\nx\r\n--b-- \r\nepilogue", (MIXED,)),
        (b"--b\r\nContent-Type: x/y;\r\n\tz=1 \r\n\r\nx\r\n", (MIXED, field("MIME-Version", "1.0"))),
    ],
)
def test_safe_entity_keeps_every_octet_and_its_body(body: bytes, headers: tuple[Header, ...]) -> None:
    given = entity(body, *headers)

    found = canonical(given, Spool())

    assert found.headers == headers
    assert found.body is given.body


@pytest.mark.parametrize(
    "body",
    [b"gr\xc3\xbcn\r\n", b"x" * 999, b"trailing \r\nblank\t\r\n", b"\r\nFrom me", b"N\0L"],
    ids=["8bit", "long", "blank", "From", "NUL"],
)
def test_unsafe_text_becomes_quoted_printable(body: bytes) -> None:
    found = canonical(entity(body, field("Content-Transfer-Encoding", "8bit"), HTML), Spool())

    assert found.headers == (field("Content-Transfer-Encoding", "quoted-printable"), HTML)
    assert b"".join(encoding.from_quoted_printable(found.body.pieces())) == body


def test_other_line_ends_become_crlf_and_nothing_else() -> None:
    assert canonical_form(b"a\nb\rc\r\nd\n\re", HTML) == HTML.raw + b"\r\na\r\nb\r\nc\r\nd\r\n\r\ne"


@pytest.mark.parametrize("octets", [b"\0\xff\r\n", b"a\nb", b"a\rb", b"x" * 5000, b"From x"])
def test_unsafe_octets_become_base64_exactly(octets: bytes) -> None:
    found = canonical(entity(octets, BINARY), Spool())

    assert found.headers == (BINARY, field("Content-Transfer-Encoding", "base64"))
    assert b"".join(encoding.from_base64(found.body.pieces())) == octets


def test_text_in_utf_16_becomes_base64_exactly() -> None:
    octets = "line\nline\r\n".encode("utf-16")

    found = canonical(entity(octets, field("Content-Type", "text/plain; charset=UTF-16")), Spool())

    assert b"".join(encoding.from_base64(found.body.pieces())) == octets


def test_dirty_base64_is_wrapped_anew() -> None:
    body = b"AAAA" * 300

    found = canonical(entity(body, BINARY, field("Content-Transfer-Encoding", "base64")), Spool())

    assert found.headers[1] == field("Content-Transfer-Encoding", "base64")
    assert found.body.read().replace(b"\r\n", b"") == body


@pytest.mark.parametrize(("header", "name"), [(HTML, "quoted-printable"), (BINARY, "base64")])
def test_dirty_quoted_printable_is_written_anew(header: Header, name: str) -> None:
    given = entity(b"=41\xfc=\r\n=2D-b", header, field("Content-Transfer-Encoding", "quoted-printable"))

    found = canonical(given, Spool())

    assert found.headers[1] == field("Content-Transfer-Encoding", name)
    decode = encoding.from_base64 if name == "base64" else encoding.from_quoted_printable
    assert b"".join(decode(found.body.pieces())) == b"A\xfc--b"


def test_only_the_unsafe_part_changes() -> None:
    safe = b"--b\r\nContent-Type:  text/plain ; x=y\r\nX-odd :1\r\n\r\nsafe\r\n"
    unsafe = b"--b \r\nContent-Type:  text/plain ; x=y\r\nX-odd :1\r\n\r\n\xfc\r\n--b--\r\n"
    expected = unsafe.replace(b"X-odd :1", b"X-odd :1\r\nContent-Transfer-Encoding: quoted-printable")

    found = canonical_form(safe + unsafe, MIXED)

    assert found == MIXED.raw + b"\r\n" + safe + expected.replace(b"\xfc", b"=FC")


def test_multiparts_and_messages_around_a_changed_part_say_7bit() -> None:
    body = (
        b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n--b--\r\n"
    )

    found = canonical_form(body, MIXED, field("Content-Transfer-Encoding", "8bit"))

    assert found == (
        b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=FC\r\n--b--\r\n"
    )


SIGNED = (
    b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nFrom \xfc \r\n--s\r\n\r\nsig\r\n--s--\r\n"
)


@pytest.mark.parametrize("what", [b"signed", b"encrypted"])
def test_protected_part_keeps_every_octet(what: bytes) -> None:
    part = SIGNED.replace(b"multipart/signed", b"multipart/" + what)
    body = b"--b\r\n" + part + b"\r\n--b\r\n\r\n\xfc\r\n--b--\r\n"
    headers = MIXED, field("Content-Transfer-Encoding", "8bit")

    found = canonical_form(body, *headers)

    assert part in found
    assert b"=FC" in found
    assert found.startswith(MIXED.raw + b"Content-Transfer-Encoding: 8bit")  # it still is


def test_message_content_type_that_must_not_be_encoded_stays() -> None:
    body = b"--b\r\nContent-Type: message/delivery-status\r\n\r\nDiagnostic-Code: \xfc\r\n--b--\r\n"

    assert canonical_form(body, MIXED) == MIXED.raw + b"\r\n" + body


def test_unsafe_preamble_and_epilogue_are_left_out() -> None:
    body = b"pre\xe4mble\r\n--b\r\n\r\nx\r\n--b--\r\nFrom \xe4\r\n"

    assert canonical_form(body, MIXED) == MIXED.raw + b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"


def test_part_without_blank_line_gets_one_when_it_changes() -> None:
    body = b"--b\r\nno field \xfc\r\n--b--\r\n"

    assert canonical_form(body, MIXED) == MIXED.raw + (
        b"\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nno field =FC\r\n--b--\r\n"
    )


def test_long_header_lines_are_folded_at_blanks() -> None:
    value = "x; " + "y=z; " * 500
    body = b"--b\r\nContent-Type: " + value.encode() + b"\r\n\r\nx\r\n--b--\r\n"

    found = canonical_form(body, MIXED, field("Content-Description", value))

    assert max(map(len, found.split(b"\r\n"))) <= 998
    assert found.replace(b"\r\n", b"") == (
        raw(entity(body, MIXED, field("Content-Description", value)))
    ).replace(b"\r\n", b"")


def test_part_of_ten_thousand_is_found(tmp_path: Path) -> None:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
    draft = Spool(tmp_path, threshold=1000).draft()
    draft.write(part * 5000 + part.replace(b"text\r\n", b"\xfc\r\n") + part * 5000 + b"--b--\r\n")
    begin = time.process_time()

    found = canonical(Message((MIXED,), draft.body()), Spool(tmp_path, threshold=1000))

    assert found.body.read().count(b"=FC") == 1
    assert time.process_time() - begin < 30  # what is not linear takes minutes
