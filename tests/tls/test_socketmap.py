"""The socketmap server over its socket: right answers, and no octets that harm it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.place import LOOPBACK, free_port
from postseal.document import Problems
from postseal.policy.connectors import connectors
from postseal.tls.lookup import Lookup
from postseal.tls.mail_exchanger import Resolver
from postseal.tls.published import Published, publish
from postseal.tls.socketmap import Malformed, heard, netstring, serve
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


@pytest.fixture(scope="module")
def lookup(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Lookup:
    """What is answered from *tables*; nobody answers about DANE."""
    folder = tmp_path_factory.mktemp("published")
    publish(tables, folder)
    return Lookup(Published(folder), Resolver(LOOPBACK, port=free_port()))


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
        ("encrypt f.example", "NOTFOUND "),
        ("encrypt-after-sts f.example", "OK encrypt protocols=>=TLSv1.2"),
        ("verify-after-sts x.f.example", "OK verify protocols=>=TLSv1.2"),
        ("verify-after-sts y.x.g.f.example", "NOTFOUND "),
        ("verify f.b.example", "NOTFOUND "),
        ("dane c.b.example", "OK secure match=.b.example:mx.b.example protocols=>=TLSv1.2"),
        ("dane .example", "NOTFOUND "),
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
def test_reply(lookup: Lookup, question: str, expected: str) -> None:
    found = lookup.reply(question.encode())

    assert isinstance(found, bytes)
    assert found.decode() == expected


@pytest.mark.parametrize("octets", [None, b"", b"[1]", b'{"connectors": 1}', b'{"connectors": {"c.exa'])
def test_without_tables_nobody_knows_and_mail_waits(tmp_path: Path, octets: bytes | None) -> None:
    lookup = Lookup(Published(tmp_path), Resolver(LOOPBACK))
    if octets is not None:
        (tmp_path / "connectors.json").write_bytes(octets)

    found = lookup.reply(b"connectors c.example")

    assert isinstance(found, bytes)
    assert found.startswith(b"TEMP ")


def test_tables_that_are_written_anew_are_in_force(tables: Tables, tmp_path: Path) -> None:
    lookup = Lookup(Published(tmp_path), Resolver(LOOPBACK))
    publish(Tables.of({}), tmp_path)
    assert lookup.reply(b"connectors c.example") == b"NOTFOUND "

    publish(tables, tmp_path)

    assert lookup.reply(b"connectors c.example") == b"OK verify protocols=>=TLSv1.2"


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
def server(lookup: Lookup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("server") / "tls.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(128)
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve(listener, lookup))
    thread = threading.Thread(target=loop.run_until_complete, args=(asyncio.wait([serving]),))
    thread.start()
    yield path
    loop.call_soon_threadsafe(serving.cancel)
    thread.join(60)
    assert not thread.is_alive()
    loop.close()


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


@pytest.mark.parametrize("table", ["dane", "encrypt", "verify"])
def test_what_must_be_looked_for_is_answered_in_order_too(server: Path, table: str) -> None:
    questions = [f"{table} e.example", "connectors e.example", f"{table} e.example", "connectors c.example"]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(server))
        client.sendall(b"".join(netstring(each.encode()) for each in questions))
        said = b""
        while not said.endswith(b"OK verify protocols=>=TLSv1.2,"):
            said += client.recv(65536)

    replies = heard(said)[0]
    assert [each.split()[0] for each in replies] == [b"TEMP", b"OK", b"TEMP", b"OK"]
    assert b"OK dane" not in (replies[0], replies[2])


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
