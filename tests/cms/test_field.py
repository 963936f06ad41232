"""Header fields are read as their authors meant them, and never with an exception."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.cms import field


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        (b" text/plain; charset=utf-8", {"charset": b"utf-8"}),
        (b' a/b; boundary="a;b=c"', {"boundary": b"a;b=c"}),
        (b' a/b; boundary=" a\\"b"', {"boundary": b' a"b'}),
        (b' a/b; name="x', {"name": b"x"}),
        (b" a/b (c; d=e); f=g (h)", {"f": b"g"}),
        (b' a/b; x="(no comment)"', {"x": b"(no comment)"}),
        (b" a/b;\r\n\tBoundary = x ;; y=z", {"boundary": b"x", "y": b"z"}),
        (b" a/b; f=one; f=two", {"f": b"one"}),
        (b" a/b; f*0=one; f*1=two", {"f": b"onetwo"}),
        (b" a/b; f*1=two; f*0=one", {"f": b"onetwo"}),
        (b" a/b; f*=iso-8859-1'de'%FC; f=u", {"f": "ü".encode()}),
        (b" a/b; f*0*=utf-8''%C3; f*1*=%BC; f*2=x", {"f": "üx".encode()}),
        (b" a/b; f=foo bar.pdf", {"f": b"foo bar.pdf"}),
        (b"", {}),
        (b";;;==;=", {}),
    ],
)
def test_parametrized(value: bytes, parameters: dict[str, bytes]) -> None:
    assert field.parametrized(value).parameters == parameters


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" Text/HTML; a=b", "text/html"),
        (b" text / html", "text/html"),
        (b" (c) text/html", "text/html"),
        (b" text/html charset=x", "text/html"),
        (b" text", ""),
        (b" /", ""),
        (b"", ""),
    ],
)
def test_media_type(value: bytes, expected: str) -> None:
    assert field.media_type(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b" =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?b?IGhlcmU=?= x", "Grüße here x"),
        (b" =?iso-8859-1*de?Q?=FC_x?=", "ü x"),
        (b" =?nonsense?q?a=FC?=", "aü"),
        (b" =?idna?q?a..b?=", "a..b"),
        (b" a=?utf-8?b?A?=b", "ab"),
        (b" =?*x?q?secret?=", "=?*x?q?secret?="),
        (b" =?" + b"x" * 70 + b"?q?secret?=", "=?" + "x" * 70 + "?q?secret?="),
        (b" =?utf-8?q?stra=C3?= =?UTF-8?B?n2U=?=", "straße"),  # split within a character, as many do
        (b" =?utf-8?q?=C3?= =?iso-8859-1?q?=FC?=", "\ufffdü"),
        (b" =?utf-8?b?c2VjcmV0A?=", "secret"),
        (b" =?utf-8?b?c2Vj\r\n cmV0?=", "secret"),
        (b" =?utf-8?q?top s=65cret?= =?utf-8?q?!?=", "top secret!"),
        (b" =?gb2312?b?gdBf?=", "\u4f47_"),
        (b" =?cp037?q?secret?=", "secret"),
        (b" =?punycode-?q?secret?=", "secret"),
        ("ü".encode(), "ü"),
        (b"\xfc", "ü"),
    ],
)
def test_text(value: bytes, expected: str) -> None:
    assert field.text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" ann@example.com", "ann@example.com"),
        (b" Ann <ann@example.com>", "ann@example.com"),
        (b' "Ann, (x) <b@c>" <ann@example.com> (Boss "s)', "ann@example.com"),
        (b' <"a b"@example.com>', '"a b"@example.com'),
        ("<änn@example.com>".encode(), "änn@example.com"),
        (b" ann@example.com, bob@example.com", ""),
        (b" Ann <ann@example.com> <bob@example.com>", ""),
        (b" Ann <ann@example.com> bob@example.com", ""),
        (b" ann@example.com <bob@example.com>, x", ""),
        (b" group: ann@example.com;", ""),
        (b" <@relay:ann@example.com>", ""),
        (b" <ann@bob@example.com>", ""),
        (b" ann@example.com (unclosed", ""),
        (b" Ann ann@example.com", ""),
        (b" (c) ann@example.com (d) ", "ann@example.com"),
        (b" ann @example.com", ""),
        (b" < ann@example.com > ", "ann@example.com"),
        (b" <ann>", ""),
        (b' "ann@example.com"', ""),
        (b' a"n"n@example.com', ""),
        (b" <>", ""),
        (b"", ""),
        (b"\xfc@example.com", ""),
    ],
)
def test_mailbox(value: bytes, expected: str) -> None:
    assert field.mailbox(value) == expected


@given(st.binary() | st.text(alphabet='ab;=*"\\()<>@,: 0=?Qq\r\n').map(str.encode))
def test_any_octets_are_read_without_exception(value: bytes) -> None:
    field.parametrized(value)
    field.media_type(value)
    field.text(value)
    field.mailbox(value)


@pytest.mark.parametrize(
    "unit",
    [b";", b"; a", b'"', b'\\"', b"(", b"()", b"=?a?q?", b"=?a?q?b?= ", b" ", b"a*0*=", b";a=", b"<", b"@"],
)
def test_long_field_is_read_in_linear_time(unit: bytes) -> None:
    value = unit * (400_000 // len(unit))

    begin = time.process_time()
    field.parametrized(value)
    field.text(value)
    field.mailbox(value)

    assert time.process_time() - begin < 30  # what is not linear takes minutes


def test_long_row_of_encoded_words_is_read_in_linear_time() -> None:
    value = b"=?a?q?xxxxxxxxxxxxxxxxxxxx?= " * 70_000

    begin = time.process_time()
    field.text(value)

    assert time.process_time() - begin < 30  # what is not linear takes minutes
