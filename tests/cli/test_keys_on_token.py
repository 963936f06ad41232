"""`postseal keys` with a token: as with a file, but the keys never leave it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from postseal.cli.main import main
from postseal.daemon.house import now
from postseal.sealed.master import context
from postseal.sealed.pkcs11_keys import Pkcs11Keys
from postseal.store import ring
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.sealed import Addressee, SealedMessage, State, unwrapped
from softhsm import PIN, SoftHsm

KEY = b"k" * 32
BOB = "bob@one.test"


class Place:
    """Settings, a store, a token, and the command."""

    def __init__(self, folder: Path, hsm: SoftHsm) -> None:
        self.hsm = hsm
        dsn = f"sqlite:///{folder}/store/store.sqlite"
        self.settings = folder / "postseal.yaml"
        self.settings.write_text(
            f"store: {dsn}\nome: {{portal: 'https://p.test', master_keys: '{hsm.uri('postseal')}'}}\n"
        )
        migrate(dsn)
        self.store = Store(dsn, timeout=30)

    def __call__(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["keys", *words, "--settings", str(self.settings)])
        assert done.exit_code == code, done.output
        assert PIN not in done.output
        return done.output


@pytest.fixture
def place(tmp_path: Path, hsm: SoftHsm):
    place = Place(tmp_path, hsm)
    yield place
    place.store.close()


def test_keys_on_a_token_are_made_rotated_verified_and_retired(place: Place) -> None:
    assert "made master key" in place("init")
    assert "already" in place("init", code=1)
    opened = ring.opened(place.store, Pkcs11Keys(place.hsm.parsed("postseal")))
    id_, at = b"m" * 16, now()
    bob = Addressee(BOB, BOB, State.OPEN, None, at, opened.keys.wrap(KEY, context(id_, BOB, ())))
    opened.messages.add(SealedMessage(id_, "<1@lab.test>", "ann@lab.test", (), "", 100, at, (bob,)))

    assert "added master key" in place("rotate")
    assert "good: 1 keys" in place("verify")
    assert "retired" in place("retire")

    keys = Pkcs11Keys(place.hsm.parsed("postseal"))
    assert len(keys.names) == 1
    (known,) = [opened.messages.of(id_)]
    assert known
    assert unwrapped(known, known.recipients[0], keys) == KEY


def test_token_that_is_away_is_told(place: Place) -> None:
    place("init")
    place.hsm.remove()

    assert "NoSuchToken" in place("verify", code=1)
    place.hsm.insert()
