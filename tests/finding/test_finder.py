"""The search for a recipient's certificate: order, trust, failures, and what is remembered of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519

from demo.pki import Authority, Person
from postseal.certificates import directory
from postseal.certificates.directory import CertificateDirectory
from postseal.errors import Cause, Failure
from postseal.finding.candidate import Remote, new
from postseal.finding.finder import Finder
from postseal.finding.shelf import Empty, Opening
from postseal.settings.smime import KeyChange, Lookup, Revocation, Source
from postseal.store.certificates import Certificates
from postseal.store.kept import Origin, Word
from postseal.store.migrate import migrate
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = Authority.root()
STRANGER = Authority.root("Other")
TRUST = Trust(Anchors((ROOT.certificate,)))
ADDRESS = "ann@example.com"


class Turned:
    """A clock that tests turn."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Answering:
    """A source elsewhere that answers, fails or waits as a test tells it."""

    origin = Origin.HTTP
    vouches = False

    def __init__(self, *people: Person, failure: str = "", gate: threading.Event | None = None) -> None:
        self.people = people
        self.failure = failure
        self.gate = gate
        self.asked: list[str] = []

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        self.asked.append(address)
        if self.gate:
            self.gate.wait(60)
        if self.failure:
            raise Failure(Cause.LOOKUP, self.failure)
        return tuple(person.certificate for person in self.people)


def finder(
    kept: Certificates | None = None,
    *sources: Source,
    folder: CertificateDirectory | None = None,
    remotes: Mapping[Source, Remote] | None = None,
    trust: Trust = TRUST,
    clock: Callable[[], float] | None = None,
    timeout: float = 30.0,
) -> Finder:
    lookup = Lookup(sources or Lookup().sources, timeout=timeout)
    shelf = kept or Empty()
    return Finder(
        lookup,
        folder or CertificateDirectory(),
        lambda: shelf,
        trust,
        remotes=remotes or {},
        clock=clock or Turned(),
    )


def certificates(*people: Person) -> tuple[x509.Certificate, ...]:
    return tuple(person.certificate for person in people)


def test_imported_certificate_of_a_trusted_authority_is_found(kept: Certificates) -> None:
    ann = ROOT.issue(ADDRESS)
    kept.add(new(ann.certificate), [ADDRESS], at=NOW)

    assert finder(kept).usable("Ann@Example.COM", NOW) == certificates(ann)


def test_imported_certificate_of_a_stranger_needs_the_administrators_word(kept: Certificates) -> None:
    ann = STRANGER.issue(ADDRESS)
    kept.add(new(ann.certificate), [ADDRESS], at=NOW)

    search = finder(kept)

    assert search.usable(ADDRESS, NOW) == ()
    (refusal,) = search.refusals(ADDRESS, NOW)
    assert "path: the certificate of its issuer" in refusal.what

    kept.say(new(ann.certificate).fingerprint, Word.TRUSTED)
    assert finder(kept).usable(ADDRESS, NOW) == certificates(ann)


def test_of_several_usable_certificates_the_newest_is_first_and_expired_ones_do_not_block(
    kept: Certificates,
) -> None:
    people = [
        ROOT.issue(ADDRESS, begin=NOW - age * DAY, end=NOW + (left * DAY))
        for age, left in ((30, -1), (9, 9), (5, 9), (20, 9))
    ]
    key = cast(Any, x25519.X25519PrivateKey.generate())  # hardly a program reads it
    people.append(ROOT.issue(ADDRESS, key=key, usage={"key_agreement"}))
    for person in people:
        kept.add(new(person.certificate), [ADDRESS], at=NOW)

    assert finder(kept).usable(ADDRESS, NOW) == certificates(*(people[at] for at in (2, 1, 3, 4)))


def test_sources_are_asked_in_their_order_until_one_has_a_usable_certificate(
    kept: Certificates, tmp_path: Path
) -> None:
    imported, filed = ROOT.issue(ADDRESS), STRANGER.issue(ADDRESS)
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ann.pem").write_bytes(filed.pem)
    files = directory.load(folder, NOW)
    kept.add(new(imported.certificate), [ADDRESS], at=NOW)
    http = Answering()

    def found(*sources: Source) -> tuple[x509.Certificate, ...]:
        return finder(kept, *sources, folder=files, remotes={Source.HTTP: http}).usable(ADDRESS, NOW)

    assert found(Source.STORE, Source.DIRECTORY, Source.HTTP) == certificates(imported)
    assert (found(Source.DIRECTORY, Source.STORE, Source.HTTP), http.asked) == (certificates(filed), [])


def test_certificate_of_the_folder_is_vouched_for_but_a_distrusted_one_is_not_used(
    kept: Certificates, tmp_path: Path
) -> None:
    ann = STRANGER.issue(ADDRESS)
    (tmp_path / "ann.pem").write_bytes(ann.pem)
    files = directory.load(tmp_path, NOW)

    assert finder(kept, folder=files).usable(ADDRESS, NOW) == certificates(ann)

    kept.add(new(ann.certificate), [], at=NOW, word=Word.DISTRUSTED)
    search = finder(kept, folder=files)
    assert search.usable(ADDRESS, NOW) == ()
    assert "distrusted" in search.refusals(ADDRESS, NOW)[0].what


def test_pending_certificate_is_not_used(kept: Certificates) -> None:
    first, second = ROOT.issue(ADDRESS, kind="p256"), ROOT.issue(ADDRESS, kind="p256")
    for person in (first, second):
        kept.harvest(new(person.certificate), [ADDRESS], at=NOW, rule=KeyChange.PENDING)

    assert finder(kept).usable(ADDRESS, NOW) == certificates(first)


def test_certificate_for_a_domain_serves_all_its_addresses_and_no_others(kept: Certificates) -> None:
    gateway = ROOT.issue("gateway@example.com")
    kept.add(new(gateway.certificate), ["@example.com"], at=NOW)
    search = finder(kept)

    assert search.usable("anybody@EXAMPLE.com", NOW) == certificates(gateway)
    assert search.usable("anybody@sub.example.com", NOW) == ()


def test_certificate_of_somebody_else_is_not_used_whoever_offers_it() -> None:
    search = finder(None, Source.HTTP, remotes={Source.HTTP: Answering(ROOT.issue("bob@example.com"))})

    assert search.usable(ADDRESS, NOW) == ()
    assert "address: it does not certify ann@example.com" in search.refusals(ADDRESS, NOW)[0].what


def test_answer_from_elsewhere_is_kept_for_all_workers_also_that_there_is_none(kept: Certificates) -> None:
    http = Answering(ROOT.issue(ADDRESS))
    for _ in range(2):
        search = finder(kept, Source.HTTP, remotes={Source.HTTP: http})
        assert len(search.usable(ADDRESS, NOW)) == 1
        assert search.usable("bob@example.com", NOW) == ()

    assert http.asked == [ADDRESS, "bob@example.com"]
    later = finder(kept, Source.HTTP, remotes={Source.HTTP: http})
    later.usable(ADDRESS, NOW + DAY)
    assert http.asked[2:] == [ADDRESS]


def test_answer_is_remembered_for_a_moment(kept: Certificates) -> None:
    clock = Turned()
    search = finder(kept, clock=clock)
    assert search.usable(ADDRESS, NOW) == ()
    ann = ROOT.issue(ADDRESS)
    kept.add(new(ann.certificate), [ADDRESS], at=NOW)

    assert search.usable(ADDRESS, NOW) == ()
    clock.seconds += 31
    assert search.usable(ADDRESS, NOW) == certificates(ann)


def test_failure_of_a_source_is_told_only_where_none_behind_it_helps(kept: Certificates) -> None:
    ann = ROOT.issue(ADDRESS)
    kept.add(new(ann.certificate), [ADDRESS], at=NOW)
    http = Answering(failure="it is down")
    search = finder(kept, Source.HTTP, Source.STORE, remotes={Source.HTTP: http})

    assert search.usable(ADDRESS, NOW) == certificates(ann)
    with pytest.raises(Failure, match="it is down") as caught:
        search.usable("bob@example.com", NOW)
    assert caught.value.cause is Cause.LOOKUP
    assert http.asked == [ADDRESS]  # and left alone for a moment


def test_source_that_hangs_costs_its_limit_and_no_more(kept: Certificates) -> None:
    gate = threading.Event()
    search = finder(kept, Source.HTTP, remotes={Source.HTTP: Answering(gate=gate)}, timeout=0.05)

    with pytest.raises(Failure, match="no answer within"):
        search.usable(ADDRESS, NOW)
    gate.set()


def test_many_who_ask_for_the_same_address_cost_one_question(kept: Certificates) -> None:
    gate = threading.Event()
    http = Answering(ROOT.issue(ADDRESS), gate=gate)
    search = finder(kept, Source.HTTP, remotes={Source.HTTP: http})
    found: list[int] = []
    ask = lambda: found.append(len(search.usable(ADDRESS, NOW)))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()

    assert found == [1] * 8
    assert http.asked == [ADDRESS]


def test_unknown_revocation_under_the_hard_policy_is_a_failure_of_its_own(kept: Certificates) -> None:
    kept.add(new(ROOT.issue(ADDRESS).certificate), [ADDRESS], at=NOW)
    search = finder(kept, trust=Trust(TRUST.anchors, Revocation.HARD))

    with pytest.raises(Failure, match="whether it was revoked is not known") as caught:
        search.usable(ADDRESS, NOW)
    assert caught.value.cause is Cause.REVOCATION


def test_store_that_is_down_is_a_failure_and_not_an_empty_answer(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    dsn = f"sqlite:///{folder}/store.sqlite"
    migrate(dsn)
    opening = Opening(dsn, timeout=5)
    opening.shelf()
    (folder / "store.sqlite").unlink()

    search = Finder(Lookup(), CertificateDirectory(), opening.shelf, TRUST, remotes={})

    with pytest.raises(Failure) as caught:
        search.usable(ADDRESS, NOW)
    assert caught.value.cause is Cause.STORE


def test_store_that_was_never_made_is_empty(tmp_path: Path) -> None:
    opening = Opening(f"sqlite:///{tmp_path}/none.sqlite", timeout=5)
    http = Answering(ROOT.issue(ADDRESS))
    lookup = replace(Lookup(), sources=(Source.STORE, Source.HTTP))

    search = Finder(lookup, CertificateDirectory(), opening.shelf, TRUST, remotes={Source.HTTP: http})

    assert search.usable("bob@example.com", NOW) == ()
    assert http.asked == ["bob@example.com"]


def test_harvested_certificate_keeps_its_issuers_and_they_are_believed_no_more_than_their_path(
    kept: Certificates,
) -> None:
    ann = ROOT.intermediate().issue(ADDRESS)
    zoe = STRANGER.intermediate().issue("zoe@example.com")
    for person in (ann, zoe):
        (name,) = TRUST.addresses(person.certificate)
        issuers = [new(one) for one in person.chain[1:]]
        kept.harvest(new(person.certificate), [name], at=NOW, rule=KeyChange.PENDING, issuers=issuers)

    assert finder(kept).usable(ADDRESS, NOW) == certificates(ann)
    assert finder(kept).usable("zoe@example.com", NOW) == ()
