"""Signing identities: the right one signs, a wrong one is refused with a reason, a key never shows."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from demo.pki import Authority, Person, key_pem, new_key, pem
from postseal.certificates.identity import Identities, load
from postseal.errors import BadInput, Problem
from postseal.settings.smime import Identity

ROOT = Authority.root()
MIDDLE = ROOT.intermediate()
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ANN = MIDDLE.issue("ann@example.com", kind="p256")


def named(
    directory: Path, person: Person, *senders: str, certificates: bytes = b"", mode: int = 0o600
) -> Identity:
    """Files for *person*, and what the settings say about them."""
    number = len(list(directory.iterdir()))
    certificate, key = directory / f"{number}.pem", directory / f"{number}.key"
    certificate.write_bytes(certificates or pem(*person.chain))
    key.write_bytes(person.key_pem)
    key.chmod(mode)
    return Identity(senders, certificate, key)


def problems(*identities: Identity) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        load(identities, NOW)
    assert all(problem.hint for problem in caught.value.problems)
    return caught.value.problems


def test_identity_is_found_by_address_before_domain(tmp_path: Path) -> None:
    all_of_it = MIDDLE.issue("gateway@example.com", kind="p256")
    identities = load(
        [named(tmp_path, ANN, "ann@example.com"), named(tmp_path, all_of_it, "example.com", "other.example")],
        NOW,
    )

    def signer(sender: str) -> object:
        found = identities.of(sender, NOW)
        return found and found.chain[0]

    assert signer("Ann@Example.COM") == ANN.certificate
    assert signer("bob@example.com") == all_of_it.certificate
    assert signer("x@other.example") == all_of_it.certificate
    assert signer("x@sub.example.com") is None
    assert signer("") is None
    assert identities.warnings == ()


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_chain_is_put_in_order(order: tuple[int, ...], tmp_path: Path) -> None:
    octets = pem(*(ANN.chain[index] for index in order), Authority.root("unrelated").certificate)

    identity = load([named(tmp_path, ANN, "ann@example.com", certificates=octets)], NOW).of(
        "ann@example.com", NOW
    )

    assert identity is not None
    assert identity.chain == ANN.chain


def test_key_beside_its_certificate_in_one_file_is_read(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(ANN.pem + ANN.key_pem)
    both.chmod(0o600)

    assert load([Identity(("ann@example.com",), both, both)], NOW).of("ann@example.com", NOW)


def test_der_files_are_read(tmp_path: Path) -> None:
    identity = named(
        tmp_path, ANN, "ann@example.com", certificates=ANN.certificate.public_bytes(Encoding.DER)
    )
    identity.key.write_bytes(ANN.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    assert load([identity], NOW).of("ann@example.com", NOW)


def test_expired_identity_is_a_warning_and_does_not_sign(tmp_path: Path) -> None:
    old = MIDDLE.issue("ann@example.com", kind="p256", begin=NOW - 9 * DAY, end=NOW - DAY)

    identities = load([named(tmp_path, old, "ann@example.com")], NOW)

    assert identities.of("ann@example.com", NOW) is None
    assert "it expired" in identities.warnings[0].what
    assert "it expired" in identities.refusals("ann@example.com", NOW)[0].what


def test_newest_usable_identity_signs(tmp_path: Path) -> None:
    people = [
        MIDDLE.issue("ann@example.com", kind="p256", begin=begin, end=NOW + 90 * DAY)
        for begin in (NOW - 3 * DAY, NOW - 2 * DAY, NOW + DAY)
    ]
    identities = load([named(tmp_path, person, "ann@example.com") for person in people], NOW)

    def signer(at: datetime) -> x509.Certificate:
        found = identities.of("ann@example.com", at)
        assert found is not None
        return found.chain[0]

    assert signer(NOW) == people[1].certificate
    assert signer(NOW + 2 * DAY) == people[2].certificate


def test_certificate_without_the_sender_is_a_warning(tmp_path: Path) -> None:
    identities = load([named(tmp_path, ANN, "ann@example.com", "bob@example.com", "example.org")], NOW)

    (warning,) = identities.warnings
    assert warning.what == "the certificate does not name bob@example.com"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"kind": "rsa1024"}, "1024 bits"),
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "secp256k1"),
        ({"key": x25519.X25519PrivateKey.generate()}, "of a kind that does not sign"),
        ({"kind": "p256", "usage": {"key_agreement"}}, "digitalSignature"),
        ({"kind": "p256", "purposes": [x509.ExtendedKeyUsageOID.SERVER_AUTH]}, "emailProtection"),
    ],
)
def test_certificate_that_may_not_sign_is_refused(
    options: dict[str, object], reason: str, tmp_path: Path
) -> None:
    person = MIDDLE.issue("ann@example.com", **options)  # type: ignore[arg-type]  # as the table has them

    (problem,) = problems(named(tmp_path, person, "ann@example.com"))

    assert reason in problem.what


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "ed25519"])
def test_key_of_every_kind_that_cms_signs_with_is_taken(kind: str, tmp_path: Path) -> None:
    person = MIDDLE.issue("ann@example.com", kind=kind, usage={"digital_signature"})

    identities = load([named(tmp_path, person, "ann@example.com")], NOW)

    assert not identities.warnings
    assert identities.of("ann@example.com", NOW)


def test_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    identity = named(tmp_path, ANN, "ann@example.com")
    identity.key.write_bytes(key_pem(new_key("p256")))

    (problem,) = problems(identity)

    assert problem.what == f"none of the certificates belongs to the key {identity.key}"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "there is no private key in the file"),
        (b"garbage", "there is no private key in the file"),
        (b"\x30\x00", "there is no private key in the file"),
        (
            ANN.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
            "the private key has a passphrase",
        ),
    ],
    ids=["empty", "garbage", "DER", "passphrase"],
)
def test_file_without_a_usable_key_is_refused(octets: bytes, reason: str, tmp_path: Path) -> None:
    identity = named(tmp_path, ANN, "ann@example.com")
    identity.key.write_bytes(octets)

    (problem,) = problems(identity)

    assert problem.what == reason


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o620])
def test_key_that_others_may_use_is_refused(mode: int, tmp_path: Path) -> None:
    (problem,) = problems(named(tmp_path, ANN, "ann@example.com", mode=mode))

    assert "the private key can be" in problem.what


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640])
def test_key_of_the_daemon_is_no_warning(mode: int, tmp_path: Path) -> None:
    assert load([named(tmp_path, ANN, "ann@example.com", mode=mode)], NOW).warnings == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_of_the_key_are_judged(tmp_path: Path) -> None:
    identity = named(tmp_path, ANN, "ann@example.com", mode=0o640)

    os.chown(identity.key, 0, 54_321)
    assert "group 54321" in load([identity], NOW).warnings[0].what

    os.chown(identity.key, 54_321, 0)
    assert "belongs to user 54321" in problems(identity)[0].what


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    first, second, third = (named(tmp_path, ANN, "ann@example.com") for _ in range(3))
    first.key.unlink()
    second.certificate.unlink()
    third.key.unlink()
    os.mkfifo(third.key)

    whats = {problem.place.file: problem.what for problem in problems(first, second, third)}

    assert whats == {
        str(first.key): "the private key cannot be read: No such file or directory",
        str(second.certificate): "cannot be read: No such file or directory",
        str(third.key): "the private key is not a regular file",
    }


def test_expiries_tell_each_certificate_once(tmp_path: Path) -> None:
    identities = load([named(tmp_path, ANN, "ann@example.com", "example.com")], NOW)

    fingerprint = ANN.certificate.fingerprint(hashes.SHA256()).hex()
    assert identities.expiries() == {fingerprint: ANN.certificate.not_valid_after_utc}


def test_key_does_not_show(tmp_path: Path) -> None:
    identities = load([named(tmp_path, ANN, "ann@example.com")], NOW)

    assert "Key object" not in repr(identities) + repr(identities.of("ann@example.com", NOW))


def test_no_identities_sign_for_nobody() -> None:
    assert Identities().of("ann@example.com", NOW) is None


def test_signer_that_ends_soon_is_a_warning_unless_it_has_a_successor(tmp_path: Path) -> None:
    end = NOW + timedelta(days=20)
    ending = ROOT.issue("ann@example.com", kind="p256", begin=NOW - timedelta(days=9), end=end)
    fresh = ROOT.issue("ann@example.com", kind="p256", begin=NOW - timedelta(days=1))
    named = []
    for number, person in enumerate((ending, fresh)):
        files = (tmp_path / f"{number}.pem", tmp_path / f"{number}.key")
        files[0].write_bytes(person.pem)
        files[1].write_bytes(person.key_pem)
        files[1].chmod(0o600)
        named.append(Identity(("ann@example.com",), *files))

    (warning,) = load(named[:1], NOW).warnings

    assert warning.what == f"the certificate can sign until {end:%Y-%m-%d} only"
    assert load(named, NOW).warnings == ()
