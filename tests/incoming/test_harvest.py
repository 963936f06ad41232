"""What is kept of a good signature: the certificate for the answer, and those that its path needs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from demo.pki import Authority, Person
from postseal.incoming.harvest import Harvest
from postseal.settings_smime import KeyChange
from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from postseal.store.kept import ISSUERS
from postseal.store.migrate import migrate
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

ROOT = Authority.root()
TRUST = Trust(Anchors((ROOT.certificate,)))
NOW = datetime.now(UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Certificates]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        yield Certificates(store)


def harvested(kept: Certificates, person: Person, author: str) -> None:
    layer = SimpleNamespace(sent=person.chain)
    signature = SimpleNamespace(certificate=person.certificate, prefers=None)
    harvest = Harvest(lambda: kept, TRUST, KeyChange.PENDING)
    harvest.keep(layer, signature, author, NOW)  # type: ignore[arg-type] # all that it looks at


def fingerprints(kept: Certificates, address: str) -> set[bytes]:
    return {one.fingerprint for one in kept.of(address)}


def test_issuers_below_the_anchor_are_kept_with_the_certificate(kept: Certificates) -> None:
    bob = ROOT.intermediate().issue("bob@example.net", kind="p256")

    harvested(kept, bob, "Bob@example.net")

    certificate, between, _ = bob.chain
    assert fingerprints(kept, "bob@example.net") == {certificate.fingerprint(SHA256())}
    assert fingerprints(kept, ISSUERS) == {between.fingerprint(SHA256())}


def test_nothing_is_kept_of_somebody_else_or_of_a_stranger(kept: Certificates) -> None:
    harvested(kept, ROOT.intermediate().issue("bob@example.net", kind="p256"), "eve@example.net")
    harvested(kept, Authority.root("Other").issue("eve@example.net", kind="p256"), "eve@example.net")

    assert kept.every() == ()
