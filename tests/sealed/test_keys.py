"""Master keys: in files and on a server that speaks the transit engine's API."""

import base64
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postseal.errors import BadInput, Cause, Failure
from postseal.sealed import keyfile, source
from postseal.sealed.keyfile import FileKeys
from postseal.sealed.master import LocalKeys, MasterKeys, context, self_test
from postseal.sealed.transit import TransitKeys
from postseal.settings_ome import Ome, Transit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = bytes(range(32))
BOUND = context(b"m" * 16, "bob@one.test", ("print",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "master.keys"
    keyfile.create(path, NOON)
    return path


def cause_of(keys: MasterKeys, bound: bytes = BOUND, *, wrapped_by: MasterKeys | None = None) -> str:
    """Why *keys* does not unwrap."""
    with pytest.raises(Failure) as raised:
        keys.unwrap((wrapped_by or keys).wrap(KEY, BOUND), bound)
    assert raised.value.cause is Cause.KEYS
    return raised.value.detail


def test_new_file_is_closed_to_all_others_and_works(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o400
    keys = FileKeys(file)

    self_test(keys)
    assert keys.current == "2026-11-24"
    assert keys.unwrap(keys.wrap(KEY, BOUND), BOUND) == KEY
    assert KEY.hex() not in file.read_text()


@pytest.mark.parametrize(
    "other",
    [
        context(b"n" * 16, "bob@one.test", ("print",)),
        context(b"m" * 16, "cat@two.test", ("print",)),
        context(b"m" * 16, "bob@one.test", ()),
        context(b"m" * 16, "bob@one.test", ("forward", "print")),
        b"",
    ],
    ids=["message", "recipient", "fewer-rights", "more-rights", "nothing"],
)
def test_wrapped_key_is_bound_to_its_context(file: Path, other: bytes) -> None:
    assert "not for this use" in cause_of(FileKeys(file), other)


def test_context_counts_rights_in_any_order_and_once() -> None:
    assert context(b"m" * 16, "b@x.test", ["b", "a", "b"]) == context(b"m" * 16, "b@x.test", ["a", "b"])


def test_wrapping_twice_gives_other_octets(file: Path) -> None:
    keys = FileKeys(file)

    assert keys.wrap(KEY, BOUND).octets != keys.wrap(KEY, BOUND).octets


def test_unknown_or_other_master_key_is_a_failure() -> None:
    one, other, unknown = (
        LocalKeys({name: octets}, name)
        for name, octets in (("a", bytes(32)), ("a", b"x" * 32), ("b", bytes(32)))
    )

    assert "does not open" in cause_of(one, wrapped_by=other)
    assert "no master key 'b'" in cause_of(one, wrapped_by=unknown)


def test_rotation_is_seen_without_a_reload(file: Path) -> None:
    keys = FileKeys(file)
    old = keys.wrap(KEY, BOUND)

    assert keyfile.add(file, NOON) == "2026-11-24.2"

    assert keys.current == "2026-11-24.2"
    assert keys.wrap(KEY, BOUND).master == "2026-11-24.2"
    assert keys.unwrap(old, BOUND) == KEY
    assert file.stat().st_mode & 0o777 == 0o400
    keyfile.retire(file, frozenset({"2026-11-24"}))
    with pytest.raises(Failure):
        keys.unwrap(old, BOUND)


def test_current_key_is_not_retired(file: Path) -> None:
    with pytest.raises(BadInput, match="current"):
        keyfile.retire(file, frozenset({"2026-11-24"}))


def test_file_that_is_bad_by_now_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = FileKeys(file)
    old = keys.wrap(KEY, BOUND)
    file.chmod(0o600)
    file.write_text("nonsense")

    assert keys.unwrap(old, BOUND) == KEY
    assert "keys_not_read" in caplog.text


GOOD = f"a {bytes(32).hex()}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no master key in it"),
        ("# nothing\n", "there is no master key in it"),
        ("a 00\n", ":1: not a master key"),
        (f"{GOOD}a b {bytes(32).hex()}\n", ":2: not a master key"),
        (GOOD + GOOD, ":2: there are two master keys 'a'"),
    ],
)
def test_bad_file_is_told_and_never_shown(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o400)

    with pytest.raises(BadInput) as raised:
        FileKeys(path)

    assert expected in str(raised.value)
    assert bytes(32).hex() not in str(raised.value)


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o644])
def test_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)

    with pytest.raises(BadInput, match="read or changed by others"):
        FileKeys(file)


def test_file_behind_a_link_and_no_file_are_refused(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    os.mkfifo(tmp_path / "fifo", 0o400)

    for path in (link, tmp_path / "none", tmp_path, tmp_path / "fifo"):
        with pytest.raises(BadInput):
            FileKeys(path)


def test_file_is_made_once(file: Path) -> None:
    before = file.read_bytes()

    with pytest.raises(BadInput, match="already"):
        keyfile.create(file, NOON)

    assert file.read_bytes() == before


def test_credential_of_systemd(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Ome(master_keys="credential:master.keys")

    with pytest.raises(BadInput, match="no credentials"):
        source.load(settings)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    self_test(source.load(settings))


class Engine(ThreadingHTTPServer):
    """A stand-in with the API of the transit engine: keys with versions, AEAD with associated data."""

    token = "s.token"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.versions = [AESGCM(AESGCM.generate_key(256))]
        self.broken: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/transit/postseal"


class Request(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if self.server.broken is not None:
            self.wfile.write(self.server.broken)
            return
        if self.headers["X-Vault-Token"] != self.server.token:
            self.say(403, {"errors": ["permission denied"]})
            return
        verbs = {
            "/v1/transit/keys/postseal": self.keys,
            "/v1/transit/encrypt/postseal": self.encrypt,
            "/v1/transit/decrypt/postseal": self.decrypt,
        }
        if self.path not in verbs:
            self.say(404, {"errors": []})
            return
        try:
            self.say(200, {"data": verbs[self.path](asked)})
        except (InvalidTag, ValueError, KeyError):
            self.say(400, {"errors": ["cipher: message authentication failed"]})

    def keys(self, _: dict[str, str]) -> dict[str, object]:
        return {"latest_version": len(self.server.versions), "type": "aes256-gcm96"}

    def encrypt(self, asked: dict[str, str]) -> dict[str, object]:
        nonce = os.urandom(12)
        plaintext, bound = (base64.b64decode(asked[name]) for name in ("plaintext", "associated_data"))
        octets = nonce + self.server.versions[-1].encrypt(nonce, plaintext, bound)
        version = len(self.server.versions)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(octets).decode()}", "key_version": version}

    def decrypt(self, asked: dict[str, str]) -> dict[str, object]:
        found = re.fullmatch("vault:v([0-9]+):(.+)", asked["ciphertext"])
        if found is None:
            raise ValueError("no ciphertext")
        octets = base64.b64decode(found[2], validate=True)
        key = self.server.versions[int(found[1]) - 1]
        plaintext = key.decrypt(octets[:12], octets[12:], base64.b64decode(asked["associated_data"]))
        return {"plaintext": base64.b64encode(plaintext).decode()}

    def say(self, status: int, body: dict[str, object]) -> None:
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_: object) -> None:
        pass


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
    assert "authentication failed" in cause_of(transit, b"other")


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
