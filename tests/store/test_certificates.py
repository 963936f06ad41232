"""Kept certificates: found by address, pinned, and never replaced in silence; in both kinds of database."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from postseal.settings.smime import KeyChange
from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from postseal.store.kept import New, Origin, Outcome, Said, Word

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ANN = "ann@example.com"


def new(*, key: bytes = b"", issuer: bytes = b"") -> New:
    fingerprint = secrets.token_bytes(32)
    return New(
        fingerprint, b"DER " + fingerprint, key or secrets.token_bytes(32), issuer or bytes(32), NOW + DAY
    )


@pytest.fixture
def kept(dsn: str, opened: Callable[..., Store]) -> Certificates:
    return Certificates(opened(dsn))


def fingerprints(kept: Certificates, address: str = ANN) -> set[bytes]:
    """Those in use."""
    return {one.fingerprint for one in kept.of(address) if not one.pending}


def test_imported_certificate_is_found_by_its_addresses(kept: Certificates) -> None:
    one = new()

    kept.add(one, [ANN, "@example.org"], at=NOW, word=Word.TRUSTED)

    (found,) = kept.of(ANN)
    assert (found.octets, found.word, found.origin, found.pending) == (
        one.octets,
        "trusted",
        "imported",
        False,
    )
    assert fingerprints(kept, "@example.org") == {one.fingerprint}
    assert kept.of("bob@example.com") == ()


def test_imported_again_is_kept_once_and_keeps_what_was_said(kept: Certificates) -> None:
    one = new()

    for word in (Word.DISTRUSTED, Word.NOTHING):
        kept.add(one, [ANN], at=NOW, word=word)

    assert [found.word for found in kept.of(ANN)] == ["distrusted"]
    assert kept.distrusted() == {one.fingerprint}


def test_first_harvested_certificate_is_pinned(kept: Certificates) -> None:
    one = new()

    assert kept.harvest(one, [ANN], at=NOW, rule=KeyChange.PENDING) == {ANN: Outcome.PINNED}
    assert kept.harvest(one, [ANN], at=NOW, rule=KeyChange.PENDING) == {ANN: Outcome.KNOWN}
    assert fingerprints(kept) == {one.fingerprint}


@pytest.mark.parametrize("pinned_by", ["harvest", "import"])
@pytest.mark.parametrize(
    ("same", "rule", "outcome"),
    [
        ("nothing", KeyChange.PENDING, Outcome.PENDING),
        ("issuer", KeyChange.PENDING, Outcome.PENDING),
        ("key", KeyChange.PENDING, Outcome.RENEWED),
        ("nothing", KeyChange.SAME_ISSUER, Outcome.PENDING),
        ("issuer", KeyChange.SAME_ISSUER, Outcome.RENEWED),
    ],
)
def test_another_key_for_a_pinned_address_waits(
    kept: Certificates, pinned_by: str, same: str, rule: KeyChange, outcome: Outcome
) -> None:
    first = new(issuer=b"1" * 32)
    second = new(
        key=first.key if same == "key" else b"", issuer=first.issuer if same == "issuer" else b"2" * 32
    )
    if pinned_by == "harvest":
        kept.harvest(first, [ANN], at=NOW, rule=rule)
    else:
        kept.add(first, [ANN], at=NOW)

    assert kept.harvest(second, [ANN], at=NOW, rule=rule) == {ANN: outcome}

    expected = {first.fingerprint} | ({second.fingerprint} if outcome is Outcome.RENEWED else set())
    assert fingerprints(kept) == expected


def test_what_was_signed_last_about_programs_counts(kept: Certificates) -> None:
    one = new()
    heard = [
        ({"aes-256-gcm", "rsa-oaep"}, 2),
        ({"aes-128-cbc"}, 1),
        ({"aes-256-cbc"}, 2),
        ({"aes-128-gcm"}, 3),
    ]
    found = []
    for words, day in heard:
        said = Said(frozenset(words), NOW + day * DAY)
        kept.harvest(one, [ANN], at=NOW, rule=KeyChange.PENDING, said=said)
        found.append(set(kept.of(ANN)[0].capabilities))
    kept.harvest(one, [ANN], at=NOW, rule=KeyChange.PENDING)

    assert found == [
        {"aes-256-gcm", "rsa-oaep"},
        {"aes-256-gcm", "rsa-oaep"},
        {"aes-256-gcm", "rsa-oaep"},
        {"aes-128-gcm"},
    ]
    assert kept.of(ANN)[0].capabilities == {"aes-128-gcm"}
    assert kept.alike(one.fingerprint.hex())[0].capabilities == {"aes-128-gcm"}


def test_what_waits_pins_nothing_and_no_third_passes_it(kept: Certificates) -> None:
    first, second, third = new(), new(), new()
    kept.harvest(first, [ANN], at=NOW, rule=KeyChange.PENDING)
    kept.harvest(second, [ANN], at=NOW, rule=KeyChange.PENDING)
    kept.remove(first.fingerprint)

    outcome = kept.harvest(third, [ANN], at=NOW, rule=KeyChange.SAME_ISSUER)

    assert outcome == {ANN: Outcome.PENDING}
    assert fingerprints(kept) == set()


def test_approved_certificate_takes_the_place_of_the_pinned_one(kept: Certificates) -> None:
    imported, first, second = new(), new(), new()
    kept.harvest(first, [ANN], at=NOW, rule=KeyChange.PENDING)
    kept.add(imported, [ANN], at=NOW)
    kept.harvest(second, [ANN], at=NOW, rule=KeyChange.PENDING)

    assert kept.approve(ANN, second.fingerprint)

    assert fingerprints(kept) == {imported.fingerprint, second.fingerprint}
    assert not kept.approve(ANN, second.fingerprint)


def test_answer_of_a_source_replaces_its_last_one_and_touches_nothing_else(kept: Certificates) -> None:
    imported, old, fresh = new(), new(), new()
    kept.add(imported, [ANN], at=NOW)
    kept.found(Origin.LDAP, ANN, [old, imported], at=NOW, until=NOW + DAY)

    kept.found(Origin.LDAP, ANN, [fresh], at=NOW, until=NOW + DAY)

    assert fingerprints(kept) == {imported.fingerprint, fresh.fingerprint}
    assert {one.origin for one in kept.of(ANN)} == {Origin.IMPORTED, Origin.LDAP}


def test_answer_counts_until_its_end_also_if_it_was_nothing(kept: Certificates) -> None:
    kept.found(Origin.DNS, ANN, [], at=NOW, until=NOW + DAY)

    assert kept.asked(ANN, NOW) == {Origin.DNS}
    assert kept.asked(ANN, NOW + DAY) == frozenset()
    assert kept.asked("bob@example.com", NOW) == frozenset()


def test_tidy_forgets_old_answers_and_what_they_alone_brought(kept: Certificates) -> None:
    imported, pinned, looked_up = new(), new(), new()
    kept.add(imported, [ANN], at=NOW)
    kept.harvest(pinned, ["bob@example.com"], at=NOW, rule=KeyChange.PENDING)
    kept.found(Origin.HTTP, ANN, [looked_up], at=NOW, until=NOW + DAY)
    kept.found(Origin.HTTP, "bob@example.com", [], at=NOW, until=NOW + 3 * DAY)

    assert kept.tidy(NOW + 2 * DAY) == 1

    assert fingerprints(kept) == {imported.fingerprint}
    assert kept.alike(looked_up.fingerprint.hex()) == ()
    assert kept.alike(pinned.fingerprint.hex())
    assert kept.asked("bob@example.com", NOW + 2 * DAY) == {Origin.HTTP}


def test_certificate_is_found_by_the_beginning_of_its_fingerprint(kept: Certificates) -> None:
    one, unused = new(), new()
    kept.add(one, [ANN], at=NOW)
    kept.add(unused, [], at=NOW, word=Word.DISTRUSTED)

    assert [found.address for found in kept.alike(one.fingerprint.hex()[:9])] == [ANN]
    assert [(found.address, found.word) for found in kept.alike(unused.fingerprint.hex())] == [
        ("", "distrusted")
    ]


def test_every_pages_through_all_addresses(kept: Certificates) -> None:
    for number in range(5):
        kept.add(new(), [f"p{number}@example.com"], at=NOW)

    first = kept.every(limit=3)
    second = kept.every(after=first[-1].address)

    assert [one.address[:2] for one in (*first, *second)] == ["p0", "p1", "p2", "p3", "p4"]


def test_removed_certificate_is_gone_for_all_addresses(kept: Certificates) -> None:
    one = new()
    kept.add(one, [ANN, "bob@example.com"], at=NOW)

    assert kept.remove(one.fingerprint)
    assert not kept.remove(one.fingerprint)
    assert kept.of(ANN) == kept.of("bob@example.com") == ()


def test_count_tells_those_in_use_by_origin_and_the_pending(kept: Certificates) -> None:
    kept.add(new(), [ANN], at=NOW)
    kept.harvest(new(), [ANN], at=NOW, rule=KeyChange.PENDING)
    kept.found(Origin.DNS, ANN, [new()], at=NOW, until=NOW + DAY)

    counts = kept.count()

    assert counts == {"imported": 1, "harvested": 0, "ldap": 0, "dns": 1, "http": 0, "pending": 1}


def test_many_harvest_for_one_address_at_once_and_one_is_pinned(
    dsn: str, opened: Callable[..., Store]
) -> None:
    stores = [Certificates(opened(dsn)) for _ in range(4)]
    outcomes: list[Outcome] = []

    def harvest(kept: Certificates) -> None:
        outcomes.extend(kept.harvest(new(), [ANN], at=NOW, rule=KeyChange.PENDING).values())

    threads = [threading.Thread(target=harvest, args=(kept,)) for kept in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [Outcome.PENDING] * 3 + [Outcome.PINNED]


def test_address_that_is_too_long_is_not_kept(kept: Certificates) -> None:
    kept.add(new(), ["x" * 400], at=NOW)

    assert kept.every() == ()
