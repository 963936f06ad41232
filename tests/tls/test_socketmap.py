"""The socketmap server over its socket: right answers, and no octets that harm it."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.document import Problems
from postseal.policy.connectors import connectors
from postseal.tls import socketmap
from postseal.tls.socketmap import Malformed, heard, netstring, reply
from postseal.tls.table import Tables

TEXT = """
outbound:
  - {name: all, domains: ['*.b.example', Bücher.example], tls: {secure: [mx.b.example, .b.example]}}
  - {name: one, domains: c.example, tls: verify, smart_host: mx.c.example}
  - {name: pin, domains: d.example, tls: {fingerprint: FINGERPRINT}}
  - {name: dane, domains: e.example, tls: dane}
  - {name: sts, domains: [f.example, '*.f.example', f.b.example], tls: encrypt, mta_sts: opportunistic}
  - {name: below sts, domains: '*.g.f.example', tls: verify}
""".replace("FINGERPRINT", "ab" * 32)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("connectors")
    (folder / "a.yaml").write_text(TEXT)
    problems = Problems()
    found = connectors.load(folder, problems)
    problems.settle()
    return Tables.of(found.outbound)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("connectors .b.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("connectors b.example", "NOTFOUND "),
        ("connectors xn--bcher-kva.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("connectors bücher.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("connectors C.Example", "OK verify protocols=>=TLSv1.2"),
        ("connectors [mx.c.example]:25", "OK verify protocols=>=TLSv1.2"),
        ("connectors d.example", f"OK fingerprint match={':'.join(['AB'] * 32)} protocols=>=TLSv1.2"),
        ("connectors e.example", "OK dane"),
        ("connectors y.x.b.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("connectors f.b.example", "NOTFOUND "),
        ("connectors x.f.example", "NOTFOUND "),
        ("connectors y.x.g.f.example", "OK verify protocols=>=TLSv1.2"),
        ("after-sts y.x.g.f.example", "NOTFOUND "),
        ("after-sts x.f.example", "OK encrypt protocols=>=TLSv1.2"),
        ("after-sts f.b.example", "OK encrypt protocols=>=TLSv1.2"),
        ("after-sts [f.example]:25", "NOTFOUND "),
        ("encrypt e.example", "NOTFOUND "),
        ("encrypt c.example", "OK verify protocols=>=TLSv1.2"),
        ("secure c.example", "NOTFOUND "),
        ("secure .b.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("routes bob@c.example", "OK smtp:[mx.c.example]:25"),
        ("routes bob@x.c.example", "NOTFOUND "),
        ("routes bob@d.example", "NOTFOUND "),
        ("routes *", "NOTFOUND "),
        ("nothing c.example", "PERM no such table"),
        ("connectors", "PERM no key"),
        ("", "PERM no such table"),
    ],
)
def test_reply(tables: Tables, question: str, expected: str) -> None:
    assert reply(tables, question.encode()).decode() == expected


@given(st.binary(max_size=200))
def test_any_octets_are_questions_or_malformed(octets: bytes) -> None:
    try:
        questions, rest = heard(octets)
    except Malformed:
        return
    assert b"".join(map(netstring, questions)) + rest == octets


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(0, 300))
def test_questions_are_heard_however_they_are_cut(questions: list[bytes], cut: int) -> None:
    octets = b"".join(map(netstring, questions))

    first, rest = heard(octets[:cut])
    second, end = heard(rest + octets[cut:])

    assert (first + second, end) == (questions, b"")


@pytest.fixture(scope="module")
def server(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("server") / "tls.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(128)
    reading, writing = os.pipe()
    thread = threading.Thread(target=socketmap.live, args=(listener, tables, reading))
    thread.start()
    yield path
    os.close(writing)
    thread.join(60)
    assert not thread.is_alive()
    os.close(reading)


def asked(path: Path, octets: bytes) -> bytes:
    """All that is answered, until the server has no more to say or hangs up."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def test_server_answers_questions_in_order(server: Path) -> None:
    octets = netstring(b"connectors e.example") + netstring(b"connectors f.example")

    assert asked(server, octets) == netstring(b"OK dane") + netstring(b"NOTFOUND ")


@pytest.mark.parametrize(
    "octets",
    [
        b"x", b":", b"1:aa", b"9999:", b"01:a,", b"-1:a,", b"99999999999", b"5:connectors c.example,",
        b"\xff" * 5000, b"1001:" + b"a" * 1001 + b",", netstring(b"connectors \xff\xfe"),
        netstring(b"\xff c.example"), b"20:connec",
    ],
)  # fmt: skip
def test_server_survives_malformed_questions(server: Path, octets: bytes) -> None:
    asked(server, octets)

    assert asked(server, netstring(b"connectors e.example")) == netstring(b"OK dane")


@given(octets=st.binary(max_size=300))
def test_server_survives_any_octets(server: Path, octets: bytes) -> None:
    asked(server, octets + netstring(b"connectors e.example"))

    assert asked(server, netstring(b"connectors e.example")) == netstring(b"OK dane")


def test_server_that_is_full_of_slow_clients_answers_others(server: Path) -> None:
    slow = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    try:
        for each in slow:
            each.connect(str(server))
            each.sendall(b"20:conn")
        assert asked(server, netstring(b"connectors e.example")) == netstring(b"OK dane")
    finally:
        for each in slow:
            each.close()
