"""`postseal messages` and `postseal keys`: what an administrator types, and what he reads."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from postseal.cli.main import main
from postseal.sealed import keyfile
from postseal.sealed.keyfile import FileKeys
from postseal.sealed.master import context
from postseal.store import ring as room
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.ring import Opened
from postseal.store.sealed import Addressee, SealedMessage, State, unwrapped

NOW = datetime.now(UTC)
BOB, CAT = "bob@one.test", "cat@two.test"
KEY = b"k" * 32


class Place:
    """Settings, master keys, a store with two sealed messages, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "master.keys"
        self.settings = folder / "postseal.yaml"
        dsn = f"sqlite:///{folder}/store/store.sqlite"
        self.settings.write_text(
            f"store: {dsn}\nome: {{portal: 'https://p.test', master_keys: 'file:{self.file}', forget: 90d}}\n"
        )
        migrate(dsn)
        self.store = Store(dsn, timeout=30)

    @property
    def ring(self) -> Opened:
        return room.opened(self.store, FileKeys(self.file))

    def add(self, number: int, *, sender: str = "ann@lab.test", since: datetime = NOW) -> bytes:
        id_, ring = bytes([number]) * 16, self.ring
        recipients = tuple(
            Addressee(who, who, State.OPEN, None, since, ring.keys.wrap(KEY, context(id_, who, ())))
            for who in (BOB, CAT)
        )
        ring.messages.add(SealedMessage(id_, f"<{number}@lab.test>", sender, (), "", 100, since, recipients))
        return id_

    def __call__(self, *words: str, code: int = 0) -> str:
        """What the command prints; fails if it ends with another *code*."""
        done = CliRunner().invoke(main, [*words, "--settings", str(self.settings)])
        assert done.exit_code == code, done.output
        return done.output

    def readers(self, id_: bytes) -> list[str]:
        known = self.ring.messages.of(id_)
        return [one.address for one in known.recipients if one.readable(datetime.now(UTC))] if known else []


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place("keys", "init")
    yield place
    place.store.close()


def test_list_finds_by_all_that_is_known(place: Place) -> None:
    place.add(1)
    place.add(2, sender="eve@hr.lab.test", since=NOW - timedelta(days=40))

    def listed(*words: str) -> list[str]:
        found = json.loads(place("messages", "list", "--json", *words))
        return [message["message_id"] for message in found]

    assert listed() == ["<1@lab.test>", "<2@lab.test>"]
    assert listed("--message-id", "<2@lab.test>") == ["<2@lab.test>"]
    assert listed("--sender", "Ann@LAB.test") == ["<1@lab.test>"]
    assert listed("--sender", "@hr.lab.test") == ["<2@lab.test>"]
    assert listed("--sender", "@b.test") == []
    assert listed("--recipient", BOB) == ["<1@lab.test>", "<2@lab.test>"]
    assert listed("--recipient", "@two.test", "--since", "30d") == ["<1@lab.test>"]
    assert listed("--until", "30d") == ["<2@lab.test>"]
    assert listed("--limit", "1") == ["<1@lab.test>"]
    assert "2 of 2 can read it" in place("messages", "list")
    assert "no time" in place("messages", "list", "--since", "soon", code=2)


def test_show_tells_what_the_sender_asks_besides(place: Place) -> None:
    ring = place.ring
    key = ring.keys.wrap(KEY, b"bound")
    bob, cat = (Addressee(who, who, State.OPEN, None, NOW, key) for who in (BOB, CAT))
    asked = (replace(bob, number=b"n" * 28), cat)
    ring.messages.add(
        SealedMessage(b"l" * 16, "<l@lab.test>", "ann@lab.test", (), "", 1, NOW, asked, lock=b"l" * 49)
    )

    shown = place("messages", "show", "<l@lab.test>")
    assert "asks for  a passphrase" in shown
    assert re.search(rf"<{BOB}> .*, with a code by telephone", shown)
    assert not re.search(rf"<{CAT}> .*, with a code by telephone", shown)


def test_revoke_one_and_all_and_what_is_shown(place: Place) -> None:
    id_ = place.add(1)

    assert f"<{BOB}> cannot read it" in place("messages", "revoke", "<1@lab.test>", "--recipient", BOB)
    assert place.readers(id_) == [CAT]
    shown = place("messages", "show", "1@lab.test")
    assert re.search(rf"<{BOB}> revoked 20", shown)
    assert f"<{CAT}> can read it for ever" in shown
    assert "revoked <bob@one.test>" in shown
    place("messages", "revoke", id_.hex()[:8])
    assert place.readers(id_) == []
    assert "nobody of these" in place("messages", "revoke", "<1@lab.test>", code=1)
    assert "there is no message" in place("messages", "revoke", "<9@lab.test>", code=1)
    assert "keys that were deleted" in place("messages", "extend", "<1@lab.test>", "--until", "30d", code=1)


def test_revoke_is_undone_until_the_key_is_deleted(place: Place) -> None:
    id_ = place.add(1)
    assert "`postseal messages restore` undoes it until 20" in place("messages", "revoke", "<1@lab.test>")
    assert place.readers(id_) == []
    assert f"<{BOB}> revoked 20" in place("messages", "show", "<1@lab.test>")
    assert "can be undone until" in place("messages", "show", "<1@lab.test>")
    assert "good: 2 keys" in place("keys", "verify")

    assert f"<{BOB}> can read it again" in place("messages", "restore", "<1@lab.test>", "--recipient", BOB)

    assert place.readers(id_) == [BOB]
    assert "revoked so that it can be undone" in place(
        "messages", "restore", "<1@lab.test>", "--recipient", "eve@else.test", code=1
    )
    place("messages", "revoke", "<1@lab.test>", "--now")
    assert "revoked so that it can be undone" in place("messages", "restore", "<1@lab.test>", code=1)
    assert "good: 0 keys" in place("keys", "verify")
    log = place("messages", "log", "<1@lab.test>")
    assert "restored <bob@one.test> by an administrator" in log
    assert log.count("key_deleted") == 2


def test_revoke_without_a_time_for_undoing_deletes_the_keys(place: Place) -> None:
    place.add(1)
    text_ = place.settings.read_text()
    place.settings.write_text(text_.replace("forget: 90d", "forget: 90d, undo_revoke: 0s"))

    place("messages", "revoke", "<1@lab.test>")

    assert "revoked so that it can be undone" in place("messages", "restore", "<1@lab.test>", code=1)


def test_recipient_of_none_of_them_revokes_nobody(place: Place) -> None:
    id_ = place.add(1)

    place("messages", "revoke", "<1@lab.test>", "--recipient", "eve@else.test", code=1)

    assert place.readers(id_) == [BOB, CAT]


def test_extend_sets_the_end(place: Place) -> None:
    place.add(1)

    place("messages", "extend", "<1@lab.test>", "--until", "30d", "--recipient", BOB)

    shown = json.loads(place("messages", "show", "--json", "<1@lab.test>"))
    bob, cat = shown["messages"][0]["recipients"]
    assert timedelta(days=29) < datetime.fromisoformat(bob["expires"]) - NOW < timedelta(days=31)
    assert cat["expires"] is None
    assert [row["event"] for row in shown["log"]] == ["sealed", "sealed", "extended"]
    place("messages", "extend", "<1@lab.test>", "--until", "forever")
    place("messages", "extend", "<1@lab.test>", "--until", "2020-01-01", code=1)


def test_log_verifies_and_tells_what_was_changed(place: Place) -> None:
    place.add(1)
    assert "good: 2 rows" in place("messages", "log", "--verify")
    assert len(place("messages", "log", "<1@lab.test>").splitlines()) == 2
    assert [json.loads(line)["number"] for line in place("messages", "log", "--json").splitlines()] == [1, 2]

    place.store.write(lambda c: c.execute(text("UPDATE audit SET event = 'shown' WHERE number = 2")))

    assert "row 2 is not as it was written" in place("messages", "log", "--verify", code=1)


def test_purge_forgets_one_or_what_is_long_over(place: Place) -> None:
    one, old, new = place.add(1), place.add(2), place.add(3)
    place.ring.access.revoke(old, at=NOW - timedelta(days=91))
    place.ring.access.revoke(new, at=NOW - timedelta(days=89))

    assert "1 messages are forgotten" in place("messages", "purge")
    assert place.ring.messages.of(old) is None
    assert place.ring.messages.of(new)
    place("messages", "purge", "<1@lab.test>")
    assert place.ring.messages.of(one) is None
    assert "good" in place("messages", "log", "--verify")
    assert "purged" in place("messages", "log")


def test_keys_are_made_once_rotated_verified_and_retired(place: Place) -> None:
    id_ = place.add(1)
    assert "already" in place("keys", "init", code=1)

    assert "2 keys of messages are wrapped by" in place("keys", "rotate")

    (_, new) = keyfile.read(place.file)
    assert f"master key {new}: 3 keys, the current" in place("keys", "verify")
    assert "retired" in place("keys", "retire")
    assert list(keyfile.read(place.file)) == [new]
    known = place.ring.messages.of(id_)
    assert known
    assert unwrapped(known, known.recipients[0], place.ring.keys) == KEY


def test_key_in_use_is_not_retired(place: Place) -> None:
    place.add(1)
    keyfile.add(place.file, NOW)

    assert "retired none" in place("keys", "retire")
    assert len(keyfile.read(place.file)) == 2


def test_verify_tells_keys_that_do_not_open(place: Place) -> None:
    place.add(1)
    damage = (
        "UPDATE sealed_keys SET octets = (SELECT octets FROM sealed_keys WHERE number = 2) WHERE number = 1"
    )
    place.store.write(lambda c: c.execute(text(damage)))

    assert "1 keys: master key" in place("keys", "verify", code=1)


def test_backup_brings_keys_back_but_nothing_that_was_revoked(place: Place) -> None:
    one, two = place.add(1), place.add(2)
    backup = str(place.folder / "keys.backup")
    assert "5 rows" in place("keys", "backup", backup)
    assert "already" in place("keys", "backup", backup, code=1)
    place.ring.access.revoke(one, [BOB], at=NOW)
    place.store.write(lambda c: c.execute(text("DELETE FROM sealed_keys")))
    assert place.readers(two) == []

    assert "3 keys were missing" in place("keys", "restore", backup)

    assert place.readers(one) == [CAT]
    assert place.readers(two) == [BOB, CAT]
    place("keys", "verify")


@pytest.mark.parametrize("cut", [1, 200])
def test_backup_that_is_not_whole_is_refused(place: Place, cut: int) -> None:
    place.add(1)
    backup = place.folder / "keys.backup"
    place("keys", "backup", str(backup))
    octets = backup.read_bytes()
    backup.chmod(0o600)
    backup.write_bytes(octets[:-cut] if cut == 200 else octets.replace(b'"keys": 3', b'"keys": 2'))

    assert "no whole backup" in place("keys", "restore", str(backup), code=1)


def test_commands_without_master_keys_say_how_to_make_them(place: Place) -> None:
    place.file.unlink()

    assert "postseal keys init" in place("messages", "list", code=1)
