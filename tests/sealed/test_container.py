"""The container: what goes in comes out, and nothing else ever does."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Spool
from postseal.sealed import container
from postseal.sealed.armor import armored, armored_size, dearmored
from postseal.sealed.container import CHUNK, HEADER_OCTETS, TAG, Head, Tampered, opened, sealed, sealed_size

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
MESSAGE, OTHER_MESSAGE = b"m" * 16, b"n" * 16
WHOLE = CHUNK + TAG
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]


def seal(content: bytes, *, key: bytes = KEY, message: bytes = MESSAGE, salt: bytes = b"") -> bytes:
    return b"".join(sealed([content], key, message, salt=salt))


def unseal(octets: bytes, key: bytes = KEY) -> bytes:
    return opened([octets], key, Spool()).read()


def cut(octets: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


@pytest.mark.parametrize("size", SIZES)
def test_opened_gives_what_was_sealed_and_the_size_is_known_before(size: int) -> None:
    content = bytes(number % 251 for number in range(size))

    octets = seal(content)

    assert len(octets) == sealed_size(size)
    assert unseal(octets) == content
    assert Head.of(octets[:HEADER_OCTETS]).id == MESSAGE


@given(content=st.binary(max_size=300), cuts=st.integers(1, 100), sizes=st.integers(1, 100))
def test_pieces_may_be_cut_anywhere(content: bytes, cuts: int, sizes: int) -> None:
    octets = b"".join(sealed(cut(content, cuts), KEY, MESSAGE))

    assert opened(cut(octets, sizes), KEY, Spool()).read() == content


@pytest.mark.parametrize("size", [WHOLE - 1, WHOLE, WHOLE + 1, HEADER_OCTETS + 1])
def test_long_container_is_opened_however_it_is_cut(size: int) -> None:
    content = bytes(3 * CHUNK)

    assert opened(cut(seal(content), size), KEY, Spool()).read() == content


def test_sealing_twice_gives_other_octets() -> None:
    assert seal(b"same") != seal(b"same")


def chunks(octets: bytes) -> list[bytes]:
    return [octets[:HEADER_OCTETS], *cut(octets[HEADER_OCTETS:], WHOLE)]


CONTENT = b"a" * CHUNK + b"b" * CHUNK + b"end"
ONE, SECOND = seal(CONTENT), seal(CONTENT)
TAMPERED: dict[str, Callable[[list[bytes], list[bytes]], list[bytes]]] = {
    "nothing": lambda c, o: [],
    "header alone": lambda c, o: c[:1],
    "cut off at a chunk": lambda c, o: c[:-1],
    "cut off in a chunk": lambda c, o: [*c[:-1], c[-1][:-1]],
    "first chunk left out": lambda c, o: [c[0], *c[2:]],
    "chunks swapped": lambda c, o: [c[0], c[2], c[1], c[3]],
    "chunk twice": lambda c, o: [c[0], c[1], c[1], c[2], c[3]],
    "more behind": lambda c, o: [*c, b"x"],
    "last chunk again": lambda c, o: [*c, c[-1]],
    "chunk of another container": lambda c, o: [*c[:2], o[2], c[3]],
    "last chunk of another container": lambda c, o: [*c[:3], o[3]],
    "header of another container": lambda c, o: [o[0], *c[1:]],
    "id of another message": lambda c, o: [c[0][:9] + OTHER_MESSAGE + c[0][25:], *c[1:]],
    "salt of another container": lambda c, o: [c[0][:25] + o[0][25:57] + c[0][57:], *c[1:]],
    "commitment of another container": lambda c, o: [c[0][:57] + o[0][57:], *c[1:]],
    "another version": lambda c, o: [c[0][:8] + b"\x02" + c[0][9:], *c[1:]],
    "another magic": lambda c, o: [b"P0STSEAL" + c[0][8:], *c[1:]],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampered_container_is_refused(how: str) -> None:
    octets = b"".join(TAMPERED[how](chunks(ONE), chunks(SECOND)))

    with pytest.raises(Tampered):
        unseal(octets)


@pytest.mark.parametrize(
    "position",
    [0, 8, 9, 24, 25, 56, 57, HEADER_OCTETS - 1, HEADER_OCTETS, HEADER_OCTETS + WHOLE, len(ONE) - 1],
)
def test_flipped_bit_is_refused(position: int) -> None:
    octets = bytearray(ONE)
    octets[position] ^= 1

    with pytest.raises(Tampered):
        unseal(bytes(octets))


@given(data=st.data())
def test_any_change_is_refused(data: st.DataObject) -> None:
    octets = seal(b"the numbers", salt=bytes(32))
    changed = bytearray(octets)
    start = data.draw(st.integers(0, len(octets)))
    changed[start : data.draw(st.integers(start, len(octets)))] = data.draw(st.binary(max_size=40))

    if bytes(changed) != octets:
        with pytest.raises(Tampered):
            unseal(bytes(changed))


@given(octets=st.binary(max_size=200))
def test_any_octets_behind_a_good_start_are_refused(octets: bytes) -> None:
    for start in (b"", b"POSTSEAL\x01", ONE[:HEADER_OCTETS]):
        with pytest.raises(Tampered):
            unseal(start + octets)


def test_other_key_is_refused_by_the_commitment() -> None:
    with pytest.raises(Tampered, match="another key"):
        unseal(ONE, OTHER_KEY)


def test_empty_last_chunk_behind_others_is_refused() -> None:
    head, cipher = container._begun(KEY, MESSAGE, bytes(32))
    octets = head + cipher.encrypt(bytes(12), bytes(CHUNK), head)
    octets += cipher.encrypt((1).to_bytes(11, "big") + b"\1", b"", head)

    with pytest.raises(Tampered, match="empty"):
        unseal(octets)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 57_000, 57_001, 200_000])
def test_armor_goes_both_ways_and_its_size_is_known_before(size: int) -> None:
    octets = bytes(number * 7 % 256 for number in range(size))

    text = b"".join(armored(cut(octets, 1000)))

    assert len(text) == armored_size(size)
    assert max(map(len, text.split(b"\n"))) <= 76
    assert b"".join(dearmored(cut(text, 333))) == octets
    assert b"".join(dearmored([text.replace(b"\n", b"\r\n  ")])) == octets


@given(octets=st.binary(max_size=500), size=st.integers(1, 70))
def test_armor_may_be_cut_anywhere(octets: bytes, size: int) -> None:
    text = b"".join(armored([octets]))

    assert b"".join(dearmored(cut(text, size))) == octets


@pytest.mark.parametrize(
    "text", [b"A", b"AAAA!AAA", b"AA+A", b"AA/A", b"AA==AAAA", b"=", b"AAAAA", b"\xff" * 8]
)
def test_armor_refuses_what_is_not_of_it(text: bytes) -> None:
    with pytest.raises(Tampered):
        b"".join(dearmored([text]))


@given(text=st.binary(max_size=100))
def test_armor_raises_nothing_else(text: bytes) -> None:
    try:
        octets = b"".join(dearmored([text]))
    except Tampered:
        return
    assert b"".join(dearmored(armored([octets]))) == octets


def test_memory_is_constant_in_both_directions(tmp_path: Path) -> None:
    count = 500  # pieces of 64 KiB
    tracemalloc.start()
    try:
        text = armored(sealed((bytes(CHUNK) for _ in range(count)), KEY, MESSAGE))
        body = opened(dearmored(text), KEY, Spool(tmp_path, CHUNK))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert body.size == count * CHUNK
    assert peak < 4 << 20
