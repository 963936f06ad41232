"""Octets are read in the charset that is named, as mail programs do, and strangers' names leave no trace."""

import codecs
import encodings
import warnings

import pytest

from postseal.cms import charset, field


@pytest.mark.parametrize(
    ("octets", "name", "expected"),
    [
        ("ü".encode("latin-1"), "ISO-8859-1", "ü"),
        ("“".encode("cp1252"), "us-ascii", "“"),
        ("ü".encode(), "utf--8", "ü"),
        (b"a", "cp037", None),
        (b"a", "EBCDIC-CP-US", None),
        (b"abc-", "punycode-", None),
        (b"\\q", "unicode--escape", None),
        (b"a", "hex", None),
        (b"a", "rot13", None),
        (b"a", "aliases", None),
        (b"a", "", None),
        (b"a", "x\0y", None),
    ],
)
def test_decoded(octets: bytes, name: str, expected: str | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert charset.decoded(octets, name) == expected


def test_names_that_strangers_choose_are_not_remembered() -> None:
    """Python's registry never forgets a name that it was asked for in vain."""
    known = len(vars(encodings)["_cache"])

    for number in range(100):
        field.text(b"=?x-%d?q?a?=" % number)
        field.parametrized(b"a/b; name*=y-%d''a" % number)
        charset.decoded(b"a", f"z-{number}")
        charset.decoded(b"a", f"utf{'-' * number}8")

    assert len(vars(encodings)["_cache"]) <= known + 1


@pytest.mark.parametrize("name", ["utf-7", "UTF-16", "utf_16le", "utf-32", "hz-gb-2312", "iso-2022-kr"])
def test_doubtful_charsets_are_known(name: str) -> None:
    assert charset.doubtful(name)
    assert codecs.lookup(name)


def test_common_charsets_are_not_doubtful() -> None:
    assert not any(map(charset.doubtful, ["", "utf-8", "us-ascii", "iso-2022-jp", "gb18030", "nonsense"]))
