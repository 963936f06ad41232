"""The folder of recipients' certificates: what is usable is found, what is not is told, nothing stops us."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding

from demo.pki import Authority, pem
from postseal.certificates.directory import load
from postseal.errors import BadInput

ROOT = Authority.root()
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ANN = ROOT.issue("ann@example.com")


def test_address_is_found_whatever_its_case(tmp_path: Path) -> None:
    (tmp_path / "ann.pem").write_bytes(ANN.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("Ann@EXAMPLE.com", NOW) == (ANN.certificate,)
    assert directory.usable("bob@example.com", NOW) == ()
    assert directory.warnings == ()


@pytest.mark.parametrize("suffix", [".der", ".cer", ".CRT"])
def test_der_file_is_read(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"ann{suffix}").write_bytes(ANN.certificate.public_bytes(Encoding.DER))

    assert load(tmp_path, NOW).usable("ann@example.com", NOW) == (ANN.certificate,)


def test_pem_file_with_several_people_and_an_issuer_is_read(tmp_path: Path) -> None:
    bob = ROOT.issue("bob@example.com", "robert@example.com", kind="p256")
    (tmp_path / "all.pem").write_bytes(b"Ann:\r\n" + ANN.pem + pem(ROOT.certificate) + b"\nBob:\n" + bob.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("ann@example.com", NOW) == (ANN.certificate,)
    assert directory.usable("bob@example.com", NOW) == directory.usable("robert@example.com", NOW)
    assert directory.usable("bob@example.com", NOW) == (bob.certificate,)
    assert directory.warnings == ()


def test_address_of_the_subject_counts_only_without_another(tmp_path: Path) -> None:
    (tmp_path / "old.pem").write_bytes(ROOT.issue(kind="p256", subject_address="old@example.com").pem)
    (tmp_path / "new.pem").write_bytes(
        ROOT.issue("new@example.com", kind="p256", subject_address="other@example.com").pem
    )

    directory = load(tmp_path, NOW)

    assert directory.usable("old@example.com", NOW)
    assert directory.usable("new@example.com", NOW)
    assert not directory.usable("other@example.com", NOW)


def test_newest_certificate_comes_first_and_the_same_one_once(tmp_path: Path) -> None:
    people = [ROOT.issue("x@example.com", kind="p256", begin=NOW - age * DAY) for age in (3, 1, 2)]
    for number, person in enumerate(people):
        (tmp_path / f"{number}.pem").write_bytes(person.pem + people[0].pem)

    found = load(tmp_path, NOW).usable("x@example.com", NOW)

    assert found == (people[1].certificate, people[2].certificate, people[0].certificate)


def test_expiry_is_judged_when_mail_arrives(tmp_path: Path) -> None:
    person = ROOT.issue("x@example.com", kind="p256", begin=NOW - DAY, end=NOW + DAY)
    (tmp_path / "x.pem").write_bytes(person.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("x@example.com", NOW)
    assert not directory.usable("x@example.com", NOW + 2 * DAY)
    (problem,) = directory.refusals("x@example.com", NOW + 2 * DAY)
    assert f"it expired {NOW + DAY:%Y-%m-%d}" in problem.what


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"kind": "rsa1024"}, "1024 bits"),
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "secp256k1"),
        ({"kind": "ed25519"}, "neither RSA"),
        ({"kind": "rsa", "usage": {"digital_signature", "key_agreement"}}, "keyEncipherment"),
        ({"kind": "p256", "usage": {"digital_signature", "key_encipherment"}}, "keyAgreement"),
        ({"kind": "p256", "purposes": [x509.ExtendedKeyUsageOID.SERVER_AUTH]}, "emailProtection"),
        ({"kind": "p256", "begin": NOW - 9 * DAY, "end": NOW - 2 * DAY}, "expired"),
        ({"kind": "p256", "begin": NOW + 2 * DAY}, "not valid before"),
    ],
    ids=["small", "curve", "Ed25519", "RSA usage", "EC usage", "purpose", "expired", "future"],
)
def test_certificate_that_cannot_be_encrypted_to_is_a_warning(
    options: dict[str, object], reason: str, tmp_path: Path
) -> None:
    person = ROOT.issue("x@example.com", **options)  # type: ignore[arg-type]  # as the table has them
    (tmp_path / "x.pem").write_bytes(b"\n" + person.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("x@example.com", NOW) == ()
    (warning,) = directory.warnings
    assert str(warning.place) == f"{tmp_path}/x.pem:2"
    assert reason in warning.what
    assert "x@example.com" in warning.hint
    assert reason in directory.refusals("x@example.com", NOW)[0].what


def test_rsa_key_restricted_to_pss_is_a_warning(tmp_path: Path) -> None:
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-nodes")
    ]
    command += ["-subj", "/CN=x", "-addext", "subjectAltName=email:x@example.com", "-keyout", "/dev/null"]
    subprocess.run([*command, "-out", tmp_path / "x.pem"], check=True, capture_output=True)

    (warning,) = load(tmp_path, NOW).warnings

    assert "RSA-PSS" in warning.what


@pytest.mark.parametrize(
    "options",
    [
        {"usage": None},
        {"purposes": None},
        {"purposes": [x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]},
        {"kind": "p521"},
        {"key": x25519.X25519PrivateKey.generate(), "usage": {"key_agreement"}},
    ],
)
def test_certificate_that_does_not_restrict_its_use_is_usable(
    options: dict[str, object], tmp_path: Path
) -> None:
    person = ROOT.issue("x@example.com", **{"kind": "p384", **options})  # type: ignore[arg-type]  # as above
    (tmp_path / "x.pem").write_bytes(person.pem)

    assert load(tmp_path, NOW).usable("x@example.com", NOW)


def test_replaced_certificate_is_no_warning(tmp_path: Path) -> None:
    old = ROOT.issue("x@example.com", kind="p256", begin=NOW - 9 * DAY, end=NOW - 2 * DAY)
    new = ROOT.issue("x@example.com", kind="p256")
    (tmp_path / "x.pem").write_bytes(old.pem + new.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("x@example.com", NOW) == (new.certificate,)
    assert directory.warnings == ()


BROKEN = {
    "empty": (b"", "the file is empty"),
    "garbage": (b"hello\n", "no certificate in the file"),
    "cut": (ANN.pem[:400], "no certificate in the file"),
    "base64": (ANN.pem[:100] + b"????" + ANN.pem[104:], "not a certificate"),
    "der": (b"\x30\x03abc", "not a certificate"),
    "anonymous": (ROOT.issue(kind="p256").pem, "names no mail address"),
    "key": (ANN.pem + ANN.key_pem, "a private key"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_a_warning_and_others_stay_usable(name: str, tmp_path: Path) -> None:
    octets, reason = BROKEN[name]
    (tmp_path / "broken.pem").write_bytes(octets)
    bob = ROOT.issue("bob@example.com", kind="p256")
    (tmp_path / "good.pem").write_bytes(bob.pem)

    directory = load(tmp_path, NOW)

    assert directory.usable("bob@example.com", NOW) == (bob.certificate,)
    (warning,) = directory.warnings
    assert warning.place.file == f"{tmp_path}/broken.pem"
    assert reason in warning.what
    assert warning.hint


def test_fifo_folder_and_dead_link_are_warnings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pem")
    (tmp_path / "b.pem").mkdir()
    (tmp_path / "c.pem").symlink_to("nowhere")

    whats = [warning.what for warning in load(tmp_path, NOW).warnings]

    assert len(whats) == 3
    assert all(what.startswith("cannot be read") for what in whats)


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("hello")
    (tmp_path / "ann.pem~").write_bytes(ANN.pem)

    directory = load(tmp_path, NOW)

    assert directory.warnings == ()
    assert not directory.usable("ann@example.com", NOW)


def test_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        load(tmp_path / "missing", NOW)


def test_states_count_every_certificate(tmp_path: Path) -> None:
    ages = {"usable": NOW + 31 * DAY, "expiring": NOW + 29 * DAY, "expired": NOW - DAY}
    for name, end in ages.items():
        person = ROOT.issue(f"{name}@example.com", kind="p256", begin=NOW - 9 * DAY, end=end)
        (tmp_path / f"{name}.pem").write_bytes(person.pem)
    (tmp_path / "refused.pem").write_bytes(ROOT.issue("y@example.com", kind="ed25519").pem)
    (tmp_path / "future.pem").write_bytes(ROOT.issue("z@example.com", kind="p256", begin=NOW + DAY).pem)

    assert load(tmp_path, NOW).states(NOW) == {"usable": 1, "expiring": 1, "expired": 1, "refused": 2}
