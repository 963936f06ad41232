"""Master keys on a token: bound, rotated, never out of it; a token that goes away and comes back."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pkcs11 import Attribute, Session

from postseal.errors import Cause, Failure
from postseal.sealed import source
from postseal.sealed.master import Wrapped, context, self_test
from postseal.sealed.pkcs11_keys import Pkcs11Keys
from postseal.settings.ome import Ome
from softhsm import PIN, SoftHsm, close

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEY = bytes(range(32))
BOUND = context(b"m" * 16, "bob@one.test", ("print",))


@pytest.fixture
def keys(hsm: SoftHsm) -> Pkcs11Keys:
    found = Pkcs11Keys(hsm.parsed("postseal"))
    found.add(NOON)
    return found


def failure(work: Callable[[], object]) -> str:
    with pytest.raises(Failure) as raised:
        work()
    assert raised.value.cause is Cause.KEYS
    return raised.value.detail


def test_key_on_a_token_wraps_and_unwraps(keys: Pkcs11Keys) -> None:
    self_test(keys)
    wrapped = keys.wrap(KEY, BOUND)

    assert wrapped.master == keys.current == "2026-11-28"
    assert keys.unwrap(wrapped, BOUND) == KEY
    assert keys.wrap(KEY, BOUND) != wrapped


def test_key_on_a_token_is_bound_to_context_and_name(keys: Pkcs11Keys) -> None:
    wrapped = keys.wrap(KEY, BOUND)
    changed = Wrapped(wrapped.master, wrapped.octets[:-1] + bytes([wrapped.octets[-1] ^ 1]))

    for octets, bound in ((wrapped, b"other"), (changed, BOUND), (Wrapped(wrapped.master, b""), BOUND)):
        detail = failure(lambda octets=octets, bound=bound: keys.unwrap(octets, bound))  # type: ignore[misc]
        assert detail == "master key '2026-11-28' does not open this key, or not for this use"
    assert "NoSuchKey" in failure(lambda: keys.unwrap(Wrapped("2025-01-01", wrapped.octets), BOUND))
    assert keys.unwrap(wrapped, BOUND) == KEY


def test_key_never_leaves_the_token(keys: Pkcs11Keys) -> None:
    def value(session: Session) -> object:
        (key,) = session.get_objects()
        return key[Attribute.VALUE]

    assert "AttributeSensitive" in failure(lambda: keys._token.read(value))


def test_rotation_is_seen_by_others_and_old_keys_stay_until_they_are_retired(
    keys: Pkcs11Keys, hsm: SoftHsm
) -> None:
    now = [0.0]
    other = Pkcs11Keys(hsm.parsed("postseal"), monotonic=lambda: now[0])
    old = other.wrap(KEY, BOUND)

    names = [keys.add(NOON) for _ in range(11)]
    assert names[-1] == keys.current == "2026-11-28.12"
    now[0] = 60
    assert other.current == "2026-11-28.12"
    assert other.unwrap(old, BOUND) == KEY

    assert "current" in failure(lambda: keys.retire(frozenset(names)))
    keys.retire(frozenset({"2026-11-28"}))
    assert len(keys.names) == 11
    assert "NoSuchKey" in failure(lambda: Pkcs11Keys(hsm.parsed("postseal")).unwrap(old, BOUND))


def test_keys_of_another_prefix_are_none_of_ours(keys: Pkcs11Keys, hsm: SoftHsm) -> None:
    other = Pkcs11Keys(hsm.parsed("post"))

    assert other.names == ()
    assert "no master key" in failure(lambda: other.wrap(KEY, BOUND))


def test_token_that_was_taken_out_and_put_back_wraps_again(keys: Pkcs11Keys, hsm: SoftHsm) -> None:
    hsm.remove()
    assert "token 'mail'" in failure(lambda: Pkcs11Keys(hsm.parsed("postseal")).wrap(KEY, BOUND))
    hsm.insert()
    keys._token._resume = float("-inf")  # later

    assert Pkcs11Keys(hsm.parsed("postseal")).wrap(KEY, BOUND)


def test_token_that_goes_away_is_a_failure_until_it_is_back(keys: Pkcs11Keys, hsm: SoftHsm) -> None:
    wrapped = keys.wrap(KEY, BOUND)

    hsm.remove()
    assert "NoSuchToken" in failure(lambda: keys.unwrap(wrapped, BOUND))
    assert "a moment ago" in failure(lambda: keys.wrap(KEY, BOUND))

    hsm.insert()
    deadline = time.monotonic() + 30
    while True:
        try:
            assert keys.unwrap(wrapped, BOUND) == KEY
            break
        except Failure:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_wrong_pin_is_not_tried_again_and_never_told(hsm: SoftHsm, caplog: pytest.LogCaptureFixture) -> None:
    hsm.pin.write_text("never-told\n")
    keys = Pkcs11Keys(hsm.parsed("postseal"))

    details = [failure(lambda: keys.current)]
    keys._token._resume = float("-inf")  # later
    details.append(failure(lambda: keys.current))

    assert "PinIncorrect" in details[0]
    assert "the PIN is wrong" in details[1]
    assert "never-told" not in "".join([*details, repr(keys), str(hsm.parsed("x")), caplog.text])

    hsm.pin.write_text(f"{PIN}\n")
    keys._token._resume = float("-inf")
    assert keys.add(NOON) == "2026-11-28"


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_pin_that_others_may_read_is_refused(hsm: SoftHsm, mode: int) -> None:
    hsm.pin.chmod(mode)

    assert "not kept as a secret" in failure(lambda: Pkcs11Keys(hsm.parsed("postseal")).current)


def test_pin_comes_from_a_credential(hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "hsm-pin").touch(mode=0o400)
    (tmp_path / "hsm-pin").write_text(PIN)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    written = hsm.uri("postseal").replace(f"file:{hsm.pin}", "credential:hsm-pin")

    assert source.create(Ome(master_keys=written), NOON) == "made master key 2026-11-28 on the token"


def test_no_pin_is_a_failure(hsm: SoftHsm) -> None:
    hsm.pin.unlink()

    assert "the PIN cannot be read" in failure(lambda: Pkcs11Keys(hsm.parsed("postseal")).current)


def test_missing_library_is_a_failure(hsm: SoftHsm) -> None:
    written = hsm.uri("postseal").replace("libsofthsm2.so", "nothing.so")

    assert "token 'mail'" in failure(lambda: source.load(Ome(master_keys=written)).current)


def test_session_is_opened_anew_on_both_sides_of_a_fork(keys: Pkcs11Keys) -> None:
    wrapped = keys.wrap(KEY, BOUND)

    child = os.fork()
    if not child:
        os._exit(keys.unwrap(wrapped, BOUND) != KEY)
    (_, status) = os.waitpid(child, 0)

    assert status == 0
    assert keys.unwrap(wrapped, BOUND) == KEY


def test_closed_libraries_are_opened_when_they_are_needed(keys: Pkcs11Keys) -> None:
    wrapped = keys.wrap(KEY, BOUND)

    close()

    assert keys.unwrap(wrapped, BOUND) == KEY
