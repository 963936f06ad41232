"""Hostile bodies: the map takes linear time, or says that a limit was passed."""

import time

import pytest

from postseal.body import Body, Spool
from postseal.cms.mime import parts, walk
from postseal.errors import Cause, Failure
from postseal.message import Header, Message

MIXED = Header.of("Content-Type", 'multipart/mixed; boundary="b"')


def message(body: bytes, *headers: Header) -> Message:
    return Message(headers, Body.of(body))


def test_more_parts_than_the_limit_fail() -> None:
    with pytest.raises(Failure) as caught:
        list(parts(message(b"--b\r\n\r\n" * 20, MIXED), limit=10))

    assert caught.value.cause is Cause.LIMIT


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b"--%d\r\nContent-Type: multipart/x; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(200)),
        b"--0\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 200,
    ],
    ids=["multipart", "message"],
)
def test_more_levels_than_the_limit_fail(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        list(parts(message(body, Header.of("Content-Type", "multipart/mixed; boundary=0"))))

    assert caught.value.cause is Cause.LIMIT


def test_overlong_part_header_fails() -> None:
    with pytest.raises(Failure) as caught:
        list(parts(message(b"--b\r\nA: " + b"x" * (2 << 20), MIXED)))

    assert caught.value.cause is Cause.LIMIT


HOSTILE = {
    "dashes": b"\n--" * 1_000_000,
    "CR dashes": b"\r--" * 1_000_000,
    "one line": b"--b" + b"-" * 3_000_000,
    "parts": b"--b\r\n" * 19_990,
    "near misses": b"\r\n--bb" * 400_000,
    "CR": b"\r" * 3_000_000,
    "nested 90": b"".join(
        b"--%d\nContent-Type: multipart/x; boundary=%d\n\n" % (n or 0, n + 1) for n in range(90)
    )
    + b"\n--" * 500_000,
    "unclosed": b"".join(
        b"--b\nContent-Type: multipart/x; boundary=c%d\n\n--c%d\n" % (n, n) for n in range(9_000)
    ),
    "long header": (b"--b\nA: " + b"x" * 900_000 + b"\n\n") * 5,
    "folded header": (b"--b\nA: " + b"\n x" * 300_000 + b"\n\n") * 3,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_body_is_mapped_in_linear_time(name: str) -> None:
    octets = HOSTILE[name]
    boundary = "0" if name == "nested 90" else "b"
    draft = Spool(None, threshold=1 << 18).draft()
    draft.write(octets)

    begin = time.process_time()
    nodes = list(walk((Header.of("Content-Type", f"multipart/mixed; boundary={boundary}"),), draft.body()))

    assert nodes
    assert time.process_time() - begin < 30  # what is not linear takes minutes
