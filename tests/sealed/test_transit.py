"""Master keys on a server that speaks the transit engine's API."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postseal.errors import Cause, Failure
from postseal.sealed.master import context, self_test
from postseal.sealed.transit import TransitKeys
from postseal.settings.ome import Transit
from transit_engine import Engine

KEY = bytes(range(32))
BOUND = context(b"m" * 16, "bob@one.test", ("print",))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transit(engine: Engine, tmp_path: Path) -> TransitKeys:
    token = tmp_path / "token"
    token.write_text(f"{engine.token}\n")
    return TransitKeys(engine.url, Transit(token))


def test_transit_wraps_and_unwraps(transit: TransitKeys) -> None:
    self_test(transit)

    wrapped = transit.wrap(KEY, BOUND)
    assert (wrapped.master, transit.current) == ("postseal.v1", "postseal.v1")
    assert wrapped.octets.startswith(b"vault:v1:")
    assert transit.unwrap(wrapped, BOUND) == KEY


def test_transit_key_is_bound_to_its_context(transit: TransitKeys) -> None:
    wrapped = transit.wrap(KEY, BOUND)

    with pytest.raises(Failure, match="authentication failed"):
        transit.unwrap(wrapped, b"other")


def test_transit_rotation_keeps_old_versions_readable(transit: TransitKeys, engine: Engine) -> None:
    old = transit.wrap(KEY, BOUND)

    engine.versions.append(AESGCM(AESGCM.generate_key(256)))

    assert transit.current == "postseal.v2"
    assert transit.wrap(KEY, BOUND).master == "postseal.v2"
    assert transit.unwrap(old, BOUND) == KEY


def test_transit_token_is_read_at_each_request_and_never_told(transit: TransitKeys, engine: Engine) -> None:
    engine.token = "s.renewed"

    with pytest.raises(Failure) as raised:
        transit.wrap(KEY, BOUND)
    assert "403: permission denied" in raised.value.detail
    assert "s.token" not in str(raised.value)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"data":{"ciphertext":"vault:vx:"}}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"data":{"plaintext":"AAAA"}}',
        b"HTTP/1.1 503 Sealed\r\nContent-Length: 29\r\n\r\n" + b'{"errors":["Vault is sealed"]}',
        b"HTTP/1.1 301 Moved\r\nLocation: http://else.test/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_transit_that_answers_nonsense_is_a_failure(
    transit: TransitKeys, engine: Engine, octets: bytes
) -> None:
    wrapped = transit.wrap(KEY, BOUND)
    engine.broken = octets

    for act in (
        lambda: transit.wrap(KEY, BOUND),
        lambda: transit.unwrap(wrapped, BOUND),
        lambda: transit.current,
    ):
        with pytest.raises(Failure) as raised:
            act()
        assert raised.value.cause is Cause.KEYS
        assert "\n" not in raised.value.detail


def test_transit_token_that_is_none_is_not_told(engine: Engine, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s.secret\nX-Other: s.secret")

    with pytest.raises(Failure) as raised:
        TransitKeys(engine.url, Transit(token)).wrap(KEY, BOUND)

    assert "s.secret" not in str(raised.value)


def test_transit_that_is_away_is_a_failure(transit: TransitKeys, tmp_path: Path) -> None:
    away = TransitKeys("https://127.0.0.1:1/v1/transit/postseal", Transit(None))
    tokenless = TransitKeys(
        "http://127.0.0.1:1/v1/transit/x", replace(Transit(), token_file=tmp_path / "none")
    )

    for keys in (away, tokenless):
        with pytest.raises(Failure) as raised:
            keys.wrap(KEY, BOUND)
        assert raised.value.cause is Cause.KEYS
