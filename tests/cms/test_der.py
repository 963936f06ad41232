"""DER is written in its one form, and read only in definite lengths."""

import pytest
from asn1crypto import core
from hypothesis import example, given
from hypothesis import strategies as st

from postseal.cms import der


@given(st.integers())
@example(-128)  # one octet (X.690 §8.3.2)
def test_integer_is_in_its_shortest_form(number: int) -> None:
    octets = der.integer(number)

    value = core.Integer.load(octets, strict=True).contents
    assert core.Integer.load(octets, strict=True).native == number
    assert len(value) == 1 or value[:2] != bytes([-(value[1] >> 7) & 0xFF, value[1]])


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.7.1", "2.16.840.1.101.3.4.1.42", "2.999.16384", "0.9"])
def test_oid_is_what_asn1crypto_writes(dotted: str) -> None:
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_octet_string_is_what_asn1crypto_writes(size: int) -> None:
    assert der.octet_string(bytes(size)) == core.OctetString(bytes(size)).dump()


def test_set_of_is_sorted() -> None:
    first, second = der.integer(1), der.octet_string(b"")

    assert der.set_of([second, first]) == der.set_of([first, second]) == der.element(0x31, first, second)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_children_are_the_elements_of_a_sequence(contents: list[bytes]) -> None:
    elements = [der.octet_string(content) for content in contents]

    assert der.children(der.sequence(*elements)) == elements


@given(st.binary(max_size=12))
def test_children_of_any_octets_raise_nothing_but_value_error(octets: bytes) -> None:
    try:
        elements = der.children(octets)
    except ValueError:
        return
    assert octets.endswith(b"".join(elements))


@pytest.mark.parametrize(
    "octets", [b"", b"\x30", b"\x30\x80\0\0", b"\x30\x01", b"\x30\0x", b"\x30\x02\x04\x01"]
)
def test_children_of_no_der_raise(octets: bytes) -> None:
    with pytest.raises(ValueError, match="element"):
        der.children(octets)
