"""The housekeeper of a daemon: what is over loses its key, what is left gets the current master key."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conftest import DaemonFactory
from postseal.sealed import keyfile
from postseal.sealed.keyfile import FileKeys
from postseal.sealed.master import context
from postseal.store import ring as room
from postseal.store.containers import kept
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.ring import Opened
from postseal.store.sealed import Addressee, SealedMessage, State
from processes import eventually

NOW = datetime.now(UTC)
BOB = "bob@one.test"
OVER, LEFT, LONG_OVER = b"o" * 16, b"l" * 16, b"p" * 16


def add(ring: Opened, id_: bytes, expires: datetime | None) -> None:
    wrapped = ring.keys.wrap(bytes(32), context(id_, BOB, ()))
    recipient = Addressee(BOB, BOB, State.OPEN, expires, NOW, wrapped)
    ring.containers.keep(kept(id_), id_, [b"x"], at=NOW, until=None)
    ring.messages.add(SealedMessage(id_, "<1@x.test>", "ann@x.test", (), "", 1, NOW, (recipient,)))


def test_housekeeper_expires_rewraps_and_forgets(daemon: DaemonFactory, tmp_path: Path) -> None:
    file, dsn = tmp_path / "master.keys", f"sqlite:///{tmp_path}/store/store.sqlite"
    old = keyfile.create(file, NOW)
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        ring = room.opened(store, FileKeys(file))
        add(ring, OVER, NOW)
        add(ring, LEFT, None)
        add(ring, LONG_OVER, None)
        ring.access.revoke(LONG_OVER, at=NOW - timedelta(days=91))
        new = keyfile.add(file, NOW)
        ome = f"ome: {{portal: 'https://p.test', master_keys: 'file:{file}'}}"
        daemon(policies={"10.yaml": "rules: []"}, settings=f"{ome}\n", group="", store=dsn)

        def states() -> list[tuple[bytes, State, str]]:
            known = ring.messages.some([OVER, LEFT, LONG_OVER])
            return sorted(
                (message.id, one.state, one.key.master if one.key else "")
                for message in known
                for one in message.recipients
            )

        expected = [(LEFT, State.OPEN, new), (OVER, State.EXPIRED, "")]
        eventually(lambda: states() == expected)
        assert old != new
        eventually(lambda: ring.containers.find(kept(LONG_OVER), NOW) is None)
        assert "purged" in [row.event for row in ring.audit.of(LONG_OVER)]
        assert ring.audit.verify().bad == 0
