"""What is told of master keys: what each wraps, and what is still known while their server is away."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from postseal.sealed import keyfile
from postseal.sealed.keyfile import FileKeys
from postseal.sealed.master import MasterKeys, context
from postseal.sealed.transit import TransitKeys
from postseal.settings.ome import Transit
from postseal.store import ring as room
from postseal.store import sealed, secret
from postseal.store.engine import Store
from postseal.store.key_state import states
from postseal.store.ring import Opened
from postseal.store.sealed import Addressee, SealedMessage, State
from store.asking import BOB, CAT, NOON
from transit_engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def with_messages(store: Store, keys: MasterKeys) -> Opened:
    """Two messages, with three keys of recipients."""
    ring = room.opened(store, keys)
    for number, recipients in enumerate(((BOB, CAT), (BOB,))):
        id_ = bytes([number]) * 16
        ring.messages.add(
            SealedMessage(
                *(id_, f"<{number}@lab.test>", "ann@lab.test", (), "", 1, NOON),
                recipients=tuple(
                    Addressee(who, who, State.OPEN, None, NOON, keys.wrap(b"k" * 32, context(id_, who, ())))
                    for who in recipients
                ),
            )
        )
    return ring


def test_keys_of_a_file_tell_what_they_wrap_before_and_after_a_rotation(
    dsn: str, opened: Callable[..., Store], tmp_path: Path
) -> None:
    file = tmp_path / "master.keys"
    old = keyfile.create(file, NOON)
    ring = with_messages(opened(dsn), FileKeys(file))
    assert [astuple(each) for each in states(ring)] == [(old, True, 2, 3, True, True)]

    new = keyfile.add(file, NOON)
    assert [astuple(each) for each in states(ring)] == [
        (old, False, 2, 3, True, True),
        (new, True, 0, 0, False, True),
    ]
    sealed.rewrap(ring.store, ring.keys)
    secret.rewrap(ring.store, ring.keys)
    assert [astuple(each) for each in states(ring)] == [
        (old, False, 0, 0, False, True),
        (new, True, 2, 3, True, True),
    ]


def test_key_that_is_missing_is_told(dsn: str, opened: Callable[..., Store], tmp_path: Path) -> None:
    file = tmp_path / "master.keys"
    old = keyfile.create(file, NOON)
    ring = with_messages(opened(dsn), FileKeys(file))
    new = keyfile.add(file, NOON)
    keyfile.retire(file, frozenset({old}))

    assert {each.name: each.known for each in states(ring)} == {old: False, new: True}


def test_what_the_store_names_is_told_while_the_server_is_away(
    dsn: str, opened: Callable[..., Store], tmp_path: Path, engine: Engine
) -> None:
    token = tmp_path / "token"
    token.write_text(engine.token)
    ring = with_messages(opened(dsn), TransitKeys(engine.url, Transit(token)))
    assert [astuple(each) for each in states(ring)] == [("postseal.v1", True, 2, 3, True, None)]

    engine.broken = b"nonsense"
    assert [astuple(each) for each in states(ring)] == [("postseal.v1", False, 2, 3, True, None)]
