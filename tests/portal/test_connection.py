"""Connections that stand still are cut off; those that move, however slowly a line does, are not."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from postseal.portal.connection import bounded
from postseal.portal.listening import Public

PATIENCE = 2.0
LIMIT = 60
LARGE = 32 << 20
HEAD = b"POST / HTTP/1.1\r\nHost: lab.test\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a GET with much, a POST with the number of octets that came."""
    request = Request(scope, receive)
    got = sum([len(piece) async for piece in request.stream()])
    said = str(got) if scope["method"] == "POST" else "x" * LARGE
    await PlainTextResponse(said)(scope, receive, send)


@dataclass
class Serving:
    """A server with little patience."""

    port: int
    cut: list[str] = field(default_factory=list)

    def said(self, *octets: bytes) -> socket.socket:
        wire = socket.create_connection(("127.0.0.1", self.port), LIMIT)
        for some in octets:
            wire.sendall(some)
        return wire


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    public = socket.create_server(("127.0.0.1", 0))
    serving = Serving(public.getsockname()[1])
    kind = bounded((), serving.cut.append, seconds=PATIENCE)
    config = uvicorn.Config(
        app, http=kind, log_config=None, lifespan="off", ws="none", timeout_keep_alive=LIMIT
    )
    running = Public(config, "lab_ready")
    thread = threading.Thread(target=lambda: asyncio.run(running.serve([public])))
    thread.start()
    yield serving
    running.should_exit = True
    thread.join()


@pytest.fixture
def here(server: Serving) -> Serving:
    server.cut.clear()
    return server


def read(wire: socket.socket) -> bytes:
    """All until the end, however it comes."""
    got = b""
    try:
        while piece := wire.recv(1 << 20):
            got += piece
    except ConnectionError:
        pass
    return got


@pytest.mark.parametrize(
    "said",
    [b"", HEAD[:20], HEAD + b"Content-Length: 100000\r\n\r\nslowly"],
    ids=["nothing", "half a header", "a body that does not come"],
)
def test_connection_that_stands_is_cut(here: Serving, said: bytes) -> None:
    with here.said(said) as wire:
        assert read(wire) == b""
    assert here.cut == ["slow"]


def test_answer_that_nobody_reads_is_cut(here: Serving) -> None:
    with here.said(b"GET / HTTP/1.1\r\nHost: lab.test\r\n\r\n") as wire:
        end = time.monotonic() + LIMIT
        while not here.cut:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert len(read(wire)) < LARGE
    assert here.cut == ["slow"]


def test_connection_at_rest_after_an_answer_is_cut(here: Serving) -> None:
    with here.said(HEAD + b"Content-Length: 0\r\n\r\n", b"POST ") as wire:
        assert read(wire).endswith(b"\r\n\r\n0")
    assert here.cut == ["slow"]


def test_slow_line_is_not_cut(here: Serving) -> None:
    pieces = 50
    with here.said(HEAD + f"Content-Length: {pieces * 1000}\r\n\r\n".encode()) as wire:
        for _ in range(pieces):
            wire.sendall(b"x" * 1000)
            time.sleep(0.1)
        assert wire.recv(1000)
    assert here.cut == []
