"""`postseal replies`: who waits, since when, why, and that it can be tried at once."""

import json
from collections.abc import Iterator
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
from postseal.store.outbox import Target, Way
from postseal.store.ring import Opened

NOW = datetime.now(UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST, SECOND = b"\xaa" * 16, b"\xab" * 16
ANN = Target("ann@lab.test", Way.INSIDE)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Opened]:
    """A store with two replies, of which the first has been tried in vain."""
    file, dsn = tmp_path / "master.keys", f"sqlite:///{tmp_path}/store/store.sqlite"
    keyfile.create(file, NOW)
    (tmp_path / "postseal.yaml").write_text(
        f"store: {dsn}\nome: {{portal: 'https://p.test', master_keys: 'file:{file}'}}\n"
    )
    migrate(dsn)
    ring = room.opened(Store(dsn, timeout=30), FileKeys(file))
    for number, reply in enumerate((FIRST, SECOND)):
        at = NOW - DAY + number * MINUTE
        ring.outbox.put(
            *(reply, [b"a text for Ann alone"]),
            message=b"m" * 16,
            address="bob@one.test",
            targets=[ANN],
            at=at,
            until=at + 5 * DAY,
        )
    claimed = ring.outbox.claim(NOW, MINUTE)
    assert claimed
    ring.outbox.waits(FIRST, "connection refused")
    for reply in (FIRST, SECOND):
        ring.outbox.later(reply, NOW + DAY)
    yield ring
    ring.store.close()


def run(folder: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["replies", *words, "--settings", str(folder / "postseal.yaml")])
    assert done.exit_code == code, done.output
    return done.output


def test_list_tells_who_waits_since_when_and_why(ring: Opened, tmp_path: Path) -> None:
    shown = run(tmp_path, "list").splitlines()

    assert shown[0].startswith(f"{FIRST.hex()[:12]}  {NOW - DAY:%Y-%m-%d %H:%M}  <bob@one.test>  1 tries")
    assert shown[1].split() == ["inside", "<ann@lab.test>", "connection", "refused"]
    assert shown[3].endswith("not tried yet")
    assert len(run(tmp_path, "list", "--limit", "1").splitlines()) == 2
    told = json.loads(run(tmp_path, "list", "--json"))
    assert [each["waiting"][0]["why"] for each in told] == ["connection refused", ""]
    assert "a text for Ann alone" not in json.dumps(told)


def test_retry_makes_one_or_all_due(ring: Opened, tmp_path: Path) -> None:
    assert ring.outbox.claim(datetime.now(UTC), MINUTE) is None

    run(tmp_path, "retry", FIRST.hex()[:12])
    claimed = ring.outbox.claim(datetime.now(UTC), MINUTE)
    assert claimed
    assert claimed.id == FIRST
    assert run(tmp_path, "retry") == "2 replies are tried again now\n"
    assert ring.outbox.claim(datetime.now(UTC), MINUTE)


@pytest.mark.parametrize(
    ("name", "said"), [("aa", "no reply"), ("cccccc", "0 replies"), ("x' OR 1", "no reply")]
)
def test_retry_of_what_is_no_reply_says_so(ring: Opened, tmp_path: Path, name: str, said: str) -> None:
    assert said in run(tmp_path, "retry", name, code=1)
