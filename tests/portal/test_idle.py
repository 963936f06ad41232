"""Browsers come through while hundreds of connections do nothing, without a web server in front."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from portal_place import Place, place
from postseal.portal.connection import MOST, OF_ONE

_TLS = ssl.create_default_context()
_TLS.check_hostname, _TLS.verify_mode = False, ssl.CERT_NONE
LIMIT = 120
"""Seconds that a loaded machine may take for what takes a few."""


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """A portal that nobody stands in front of: whoever connects is a browser."""
    with place(more="  proxies: []\n") as running:
        yield running


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """What is closed in the end."""
    with ExitStack() as opened:
        yield opened


def connected(here: Place, held: ExitStack, source: str, say: bytes = b"") -> ssl.SSLSocket:
    """A connection from the address *source*, on which *say* was said."""
    plain = socket.create_connection(("127.0.0.1", here.portal.port), LIMIT, (source, 0))
    wire = held.enter_context(_TLS.wrap_socket(plain, server_hostname="localhost"))
    wire.sendall(say)
    return wire


def is_answered(here: Place, held: ExitStack, source: str) -> bool:
    host = here.portal.address.partition("://")[2]
    question = f"GET /help HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    wire = connected(here, held, source, question.encode())
    return wire.recv(100).startswith(b"HTTP/1.1 200 ")


def is_cut(wire: ssl.SSLSocket, seconds: float) -> bool:
    wire.settimeout(seconds)
    try:
        while wire.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


HALF = b"GET /help HTTP/1.1\r\nHost: half"


def test_connections_that_do_nothing_make_room(here: Place, held: ExitStack) -> None:
    idle = [
        connected(here, held, f"127.0.{number % 10 + 1}.1", HALF if number % 2 else b"")
        for number in range(MOST + 50)
    ]

    assert all(is_answered(here, held, f"127.0.{number % 10 + 1}.2") for number in range(20))
    assert is_cut(idle[0], LIMIT)


def test_network_has_a_part_of_them_and_its_last_come_first(here: Place, held: ExitStack) -> None:
    crowd = [connected(here, held, "127.1.1.1") for _ in range(OF_ONE + 10)]

    assert all(is_cut(wire, LIMIT) for wire in crowd[:10])
    assert is_answered(here, held, "127.1.1.1")
    assert is_answered(here, held, "127.1.2.1")


def test_what_was_cut_is_counted(here: Place) -> None:
    _, metrics = here.portal.private("/metrics")

    (line,) = [one for one in metrics.splitlines() if 'dropped_total{why="crowded"}' in one]
    assert float(line.split()[-1]) > 0
