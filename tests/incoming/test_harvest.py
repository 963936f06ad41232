"""What is kept of a good signature: the certificate for the answer, and those that its path needs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from demo.pki import Authority, Person
from postseal.certificates.directory import CertificateDirectory
from postseal.cms.layer import Signed
from postseal.cms.recipient import KeyTransport
from postseal.cms.signer_info import Signature
from postseal.finding.candidate import new
from postseal.finding.finder import Finder
from postseal.incoming.harvest import Harvest
from postseal.methods.choice import Choice
from postseal.settings.smime import KeyChange, Lookup
from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from postseal.store.kept import ISSUERS, Said
from postseal.store.migrate import migrate
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

ROOT = Authority.root()
TRUST = Trust(Anchors((ROOT.certificate,)))
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
GCM = frozenset({"aes-256-gcm", "aes-256-cbc"})


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Certificates]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        yield Certificates(store)


def harvest_of(kept: Certificates) -> Harvest:
    return Harvest(lambda: kept, TRUST, KeyChange.PENDING)


def harvested(
    kept: Certificates,
    person: Person,
    author: str,
    *words: str,
    signed_at: datetime | None = NOW,
    harvest: Harvest | None = None,
) -> None:
    layer = Signed(sent=person.chain)
    signature = Signature("", person.certificate, signed_at=signed_at, capabilities=frozenset(words))
    (harvest or harvest_of(kept)).keep(layer, signature, author, NOW)


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


def test_what_programs_read_is_kept_with_the_certificate(kept: Certificates) -> None:
    bob = ROOT.issue("bob@example.net", kind="p256")
    harvest = harvest_of(kept)

    def reads(*words: str, signed_at: datetime | None) -> set[str]:
        harvested(kept, bob, "bob@example.net", *words, signed_at=signed_at, harvest=harvest)
        return set(kept.of("bob@example.net")[0].capabilities)

    strong = {"aes-256-gcm", "aes-256-cbc"}
    assert reads(*strong, signed_at=NOW - DAY) == strong
    # Neither mail that is sent again, nor such without a date, nor a program that says nothing.
    assert reads("aes-128-cbc", signed_at=NOW - 2 * DAY) == strong
    assert reads("aes-128-cbc", signed_at=None) == strong
    assert reads(signed_at=NOW) == strong
    assert reads("aes-256-cbc", signed_at=NOW) == {"aes-256-cbc"}


def test_word_of_a_fast_clock_counts_no_longer_than_any_other(kept: Certificates) -> None:
    bob = ROOT.issue("bob@example.net", kind="p256")

    harvested(kept, bob, "bob@example.net", "aes-128-cbc", signed_at=NOW + 900 * DAY)
    kept.harvest(
        new(bob.certificate), ["bob@example.net"], at=NOW, rule=KeyChange.PENDING, said=Said(GCM, NOW + DAY)
    )

    assert kept.of("bob@example.net")[0].capabilities == GCM


def test_what_was_harvested_is_chosen_by(kept: Certificates) -> None:
    bob = ROOT.issue("bob@example.net")
    harvested(kept, bob, "bob@example.net", *GCM, "rsa-oaep")
    finder = Finder(Lookup(), CertificateDirectory(), lambda: kept, TRUST, remotes={})
    (certificate,) = finder.usable("bob@example.net", NOW)

    choice = Choice(harvested=lambda address, one: finder.capabilities(address, one, NOW))

    assert choice.cipher([("bob@example.net", certificate)]) == "aes-256-gcm"
    assert choice.chosen("bob@example.net", certificate).transport is KeyTransport.OAEP


def test_what_a_pending_certificate_says_is_not_heard(kept: Certificates) -> None:
    bob, other = ROOT.issue("bob@example.net"), ROOT.issue("bob@example.net")
    harvested(kept, bob, "bob@example.net", *GCM)
    harvested(kept, other, "bob@example.net", "aes-128-cbc")
    finder = Finder(Lookup(), CertificateDirectory(), lambda: kept, TRUST, remotes={})

    assert finder.usable("bob@example.net", NOW) == (bob.certificate,)
    assert finder.capabilities("bob@example.net", bob.certificate, NOW) == GCM
