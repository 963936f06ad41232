"""What is sealed opens to the same octets, for the same purpose and secret, and nothing else opens."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.guard.seal import NotHonoured, Seal, Verdict

SEAL = Seal.of(b"secret")


@given(st.binary(max_size=300))
def test_seal_opens_what_it_sealed(octets: bytes) -> None:
    text = SEAL.sealed(b"a", octets)

    assert SEAL.opened(b"a", text.encode()) == octets
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.binary(max_size=60), st.data())
def test_seal_one_bit_less_is_not_opened(octets: bytes, data: st.DataObject) -> None:
    text = SEAL.sealed(b"a", octets)
    sealed = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(NotHonoured):
        SEAL.opened(b"a", base64.urlsafe_b64encode(sealed).rstrip(b"="))


@given(st.binary(max_size=200))
def test_seal_any_octets_are_survived(text: bytes) -> None:
    with pytest.raises(NotHonoured, match="foreign"):
        SEAL.opened(b"a", text)


def test_seal_other_purpose_is_forged_and_other_secret_is_foreign() -> None:
    text = SEAL.sealed(b"a", b"x").encode()

    for seal, purpose, verdict in (
        (SEAL, b"b", Verdict.FORGED),
        (Seal.of(b"other"), b"a", Verdict.FOREIGN),
    ):
        with pytest.raises(NotHonoured) as raised:
            seal.opened(purpose, text)
        assert raised.value.verdict is verdict


def test_seal_parts_of_a_mac_cannot_be_moved() -> None:
    assert SEAL.mac(b"p", b"ab", b"c") != SEAL.mac(b"p", b"a", b"bc")


def test_seal_does_not_show_its_key() -> None:
    assert repr(SEAL.key) not in repr(SEAL)
