"""Transfer encodings keep the content, and write only lines that survive."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postseal.cms import encoding
from postseal.cms.encoding import Trait, traits

OCTETS = st.binary() | st.text(alphabet="ab =\r\n\t-.FromB").map(str.encode)
LONG = b"x" * 70_000


def cut(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))


@given(OCTETS, st.integers(1, 9))
def test_crlf_ends_every_line_and_changes_nothing_else(octets: bytes, size: int) -> None:
    found = b"".join(encoding.crlf(cut(octets, size)))

    assert found.split(b"\r\n") == octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 4096 - 1, 57 * 4096, 57 * 4096 + 1, 57 * 9000])
def test_to_base64_writes_what_encodebytes_writes(size: int) -> None:
    octets = bytes(range(256)) * (size // 256 + 1)

    found = b"".join(encoding.to_base64(cut(octets[:size], 1 << 16)))

    assert found == base64.encodebytes(octets[:size]).replace(b"\n", b"\r\n")


@given(st.binary(), st.integers(1, 9))
def test_from_base64_reads_what_was_written(octets: bytes, size: int) -> None:
    encoded = b"".join(encoding.to_base64([octets]))

    assert b"".join(encoding.from_base64(cut(encoded, size))) == octets


@given(st.binary())
def test_from_base64_reads_any_octets(octets: bytes) -> None:
    b"".join(encoding.from_base64([octets]))


def test_rewrapped_base64_keeps_the_content() -> None:
    octets = bytes(range(256)) * 3000
    dirty = binascii.b2a_base64(octets).replace(b"A", b"A\xfc \0")

    found = b"".join(encoding.rewrapped_base64(cut(dirty, 1000)))

    assert base64.b64decode(found) == octets
    assert max(map(len, found.split(b"\r\n"))) == 76


@given(OCTETS, st.integers(1, 9))
@example(LONG + b"--b\r\n--b\r\n-- ", 1 << 16)
@example(b"x" * 75 + b"--" + b"-" * 200 + b"\r\n" + b"-" * 75 + b"\r\n" + b"-" * 73, 99)
@example(b"From " + b"x" * 80 + b"\r\nFrom " + b"x" * 69 + b"\r\nFrom ", 99)
def test_to_quoted_printable_keeps_the_text_in_safe_lines(octets: bytes, size: int) -> None:
    found = b"".join(encoding.to_quoted_printable(cut(octets, size)))

    lines = found.split(b"\r\n")
    assert quopri.decodestring(found) == b"".join(encoding.crlf([octets]))
    assert b"".join(encoding.from_quoted_printable(cut(found, size))) == b"".join(encoding.crlf([octets]))
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith((b"--", b"From ")) or line.endswith((b" ", b"\t"))]
    assert traits([found]) is Trait.NONE


@given(st.text(alphabet="=0A4aF \r\nx").map(str.encode), st.integers(1, 9))
@example(LONG[:65_534] + b"=C3=BC", 1 << 16)
@example(LONG[:65_535] + b"=C3=BC", 1 << 16)
def test_from_quoted_printable_does_not_depend_on_the_pieces(octets: bytes, size: int) -> None:
    found = b"".join(encoding.from_quoted_printable(cut(octets, size)))

    text = re.sub(rb"= +\r\n", b"=\r\n", b"".join(encoding.crlf([octets])))
    assert found == quopri.decodestring(text)


def test_from_quoted_printable_soft_line_break_with_blanks_joins() -> None:
    """RFC 2045 §6.7, rule 3: what is signed must not turn it into an equals sign for good."""
    assert b"".join(encoding.from_quoted_printable([b"se= \t\r\nc=72et"])) == b"secret"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", Trait.NONE),
        (b"plain\r\n\r\n text\r\n", Trait.NONE),
        (b"\xfc", Trait.EIGHT_BIT),
        (b"\0", Trait.EIGHT_BIT),
        (b"x" * 998 + b"\r\n", Trait.NONE),
        (b"x" * 999, Trait.LONG_LINE),
        (LONG * 3, Trait.LONG_LINE),
        (b"x \r\n", Trait.TRAILING_BLANK),
        (b"x\t", Trait.TRAILING_BLANK),
        (b"From x", Trait.FROM_LINE),
        (b"x\r\nFrom x", Trait.FROM_LINE),
        (b"x From x", Trait.NONE),
        (b"x\ny", Trait.BARE_LINE_END),
        (b"x\ry", Trait.BARE_LINE_END),
        (b"x\n\r", Trait.BARE_LINE_END),
        (b"x\r", Trait.BARE_LINE_END),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1 << 16])
def test_traits(octets: bytes, expected: Trait, size: int) -> None:
    size = max(size, len(octets) // 10_000)  # octet by octet would take long and show no more

    assert traits(cut(octets, size)) is expected
