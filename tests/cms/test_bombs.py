"""Messages made to be slow or large to read: each is refused, for no more than its size is worth."""

import re
import tracemalloc

import pytest
from asn1crypto import cms

from postseal.body import Body
from postseal.cms import der
from postseal.cms.ber import ELEMENTS, Malformed, Tree
from postseal.cms.layer import Broken, Compressed, Layer
from smime_lab import mail, opener, sealed, squeezed


def layer_of(octets: bytes) -> Layer:
    (layer,) = opener(largest=1 << 20).open(mail(octets)).layers
    return layer


def nested(levels: int) -> bytes:
    return b"\x30\x80" * levels


def fragments(number: int, piece: bytes = b"\x04\x01x") -> bytes:
    """A SignedData whose content is in many pieces."""
    head = b"\x30\x80" + der.oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80"
    return head + der.oid("1.2.840.113549.1.7.1") + b"\xa0\x80\x24\x80" + piece * number + b"\0\0" * 8


BOMBS = {
    "deep": (nested(33), "elements are nested too deep"),
    "very deep": (nested(1_000_000), "elements are nested too deep"),
    "pieces": (fragments(2_000_000), "a string is in too many pieces"),
    "empty pieces": (fragments(2_000_000, b"\x04\x00"), "a string is in too many pieces"),
    "elements": (b"\x30\x80" + b"\x05\x00" * (ELEMENTS + 1), "there are too many elements"),
    "object identifier": (
        b"\x30\x84\x00\x10\x00\x05" + der.element(0x06, b"\x81" * (1 << 20)),
        "an object identifier is too long",
    ),
    "length": (b"\x30\x88" + b"\xff" * 8, "an element is longer than what it is in"),
    "length of lengths": (b"\x30\xff" + b"\xff" * 127, "an element is longer than what it is in"),
    "nothing": (b"", "an element is cut off"),
    "cut off": (sealed()[:-10], "an element is longer than what it is in"),
    "more": (sealed() + b"\0" * 17, "octets follow the outermost element"),
    "text": (b"hello, this is no CMS at all", "an element is longer than what it is in"),
    "zeros": (bytes(100), "a tag has no place in CMS"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_costs_no_more_than_its_size(name: str) -> None:
    octets, expected = BOMBS[name]
    body = Body.of(octets)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match=re.escape(expected)):
            Tree(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 32 << 20
    layer = layer_of(octets)
    assert isinstance(layer, Broken)
    assert layer.fault == expected


def test_twenty_thousand_recipients_are_refused() -> None:
    info = der.sequence(
        der.integer(0), der.sequence(), der.algorithm("1.2.3", der.NULL), der.octet_string(b"")
    )
    content = der.sequence(der.integer(0), der.set_of([info] * 20_000))
    octets = der.sequence(der.oid("1.2.840.113549.1.7.3"), der.context(0, content))

    assert layer_of(octets).fault == "there are too many elements"


def test_compressed_bomb_is_refused() -> None:
    layer = layer_of(squeezed(bytes(1 << 16) for _ in range(1 << 10)))

    assert isinstance(layer, Broken)
    assert layer.fault == "it is compressed too much"


@pytest.mark.parametrize("cut", [-1, -10, -30])
def test_compressed_octets_that_are_cut_off_are_refused(cut: int) -> None:
    stream = squeezed()
    info = cms.ContentInfo.load(stream)
    info["content"]["encap_content_info"] = {
        "content_type": "data",
        "content": info["content"]["encap_content_info"]["content"].native[:cut],
    }

    layer = layer_of(info.dump(force=True))

    assert not isinstance(layer, Compressed)
    assert layer.fault == "what is compressed is cut off"
