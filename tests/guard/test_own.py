"""Fields of ours are taken off, however they are written; all others stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body
from postseal.guard.own import stripped
from postseal.message import Header, Message

names = st.sampled_from(
    [b"From", b"X-Postseal", b"Postseal-Held", b"x-postseal-a", b"X-POSTSEAL-Held ", b"\xe9"]
)


@pytest.mark.parametrize(
    "name",
    [b"X-Postseal-Held", b"x-postseal-", b"X-POSTSEAL-ANYTHING", b"X-Postseal-Held ", b"X-Postseal-A\t"],
)
def test_stripped_field_of_ours_goes(name: bytes) -> None:
    other = Header.of("X-Postsealed", "1")

    assert stripped(Message((Header(name, b" x"), other), Body.of(b""))).headers == (other,)


@given(st.lists(names))
def test_stripped_others_stay_in_order(written: list[bytes]) -> None:
    headers = tuple(Header(name, b" %d" % number) for number, name in enumerate(written))
    message = Message(headers, Body.of(b""))

    kept = stripped(message)

    assert kept.headers == tuple(h for h in headers if not h.name.lower().startswith(b"x-postseal-"))
    assert (kept is message) == (kept.headers == headers)
    assert kept.body is message.body
