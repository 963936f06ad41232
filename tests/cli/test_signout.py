"""`postseal signout`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from postseal.cli.main import main
from postseal.sealed import keyfile
from postseal.sealed.keyfile import FileKeys
from postseal.store import ring as room
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.passkeys import Passkey
from postseal.store.ring import Opened
from postseal.store.sessions import Sessions

NOW = datetime.now(UTC)


@pytest.fixture
def ring(tmp_path: Path) -> Opened:
    file, dsn = tmp_path / "master.keys", f"sqlite:///{tmp_path}/store/store.sqlite"
    keyfile.create(file, NOW)
    (tmp_path / "postseal.yaml").write_text(
        f"store: {dsn}\nome: {{portal: 'https://p.test', master_keys: 'file:{file}'}}\n"
    )
    migrate(dsn)
    return room.opened(Store(dsn, timeout=30), FileKeys(file))


def test_sessions_and_passkeys_of_one_address_end(ring: Opened, tmp_path: Path) -> None:
    sessions = Sessions(ring.store)
    cookies = {who: sessions.sign_in("", who, "passcode", at=NOW) for who in ("bob@one.test", "cat@two.test")}
    for who in cookies:
        ring.passkeys.add(Passkey(who.encode(), b"k", who, 0, NOW, NOW + timedelta(days=1)))

    done = CliRunner().invoke(
        main, ["signout", "Bob@One.Test", "--settings", str(tmp_path / "postseal.yaml")]
    )

    assert done.output == "bob@one.test: 1 sessions ended, 1 passkeys forgotten\n"
    assert sessions.of(cookies["bob@one.test"], at=NOW) is None
    assert ring.passkeys.of("bob@one.test", at=NOW) == ()
    assert sessions.of(cookies["cat@two.test"], at=NOW)
    assert len(ring.passkeys.of("cat@two.test", at=NOW)) == 1
    rows = [(row.event, row.address, row.detail) for row in ring.audit.every()]
    assert rows == [
        ("passkey_removed", "bob@one.test", "by an administrator"),
        ("signed_out", "bob@one.test", "1 sessions, by an administrator"),
    ]
