"""`postseal smime inspect`: what an administrator types, and what he reads."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from postseal.cli.main import main
from postseal.message import Message
from smime_lab import (
    ENTITY,
    PEOPLE,
    ROOT,
    around,
    clear_signed,
    entity_of,
    mail,
    sealed,
    signer,
)

ANN = ROOT.issue("ann@example.com", kind="p256")
BOB = PEOPLE["rsa"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/root.pem").write_bytes(ROOT.pem)
    settings = f"store: sqlite:///{tmp_path}/store.sqlite\nsmime:\n  trust: trust\n"
    (tmp_path / "postseal.yaml").write_text(settings)
    (tmp_path / "bob.pem").write_bytes(BOB.pem)
    (tmp_path / "bob.key").write_bytes(BOB.key_pem)
    (tmp_path / "bob.key").chmod(0o600)
    return tmp_path


def inspect(place: Path, message: Message, *options: str) -> Result:
    (place / "mail.eml").write_bytes(b"".join(message.pieces()))
    words = ["smime", "inspect", "--settings", str(place / "postseal.yaml"), *options]
    return CliRunner().invoke(main, [*words, str(place / "mail.eml")])


def test_signed_mail_is_told_with_its_signer_and_verdict(place: Path) -> None:
    found = inspect(place, clear_signed(ENTITY, signer(ANN)))

    assert found.exit_code == 0, found.output
    assert "signed, 1 signature(s) beside the content" in found.stdout
    assert "CN=ann@example.com" in found.stdout
    assert "decrypts aes-128-cbc, aes-256-cbc" in found.stdout
    assert "verdict: pass" in found.stdout
    assert "hello" not in found.stdout


def test_encrypted_mail_is_opened_with_the_key_that_is_given(place: Path) -> None:
    given = mail(sealed(entity_of(around(ENTITY, signer(ANN))), BOB))

    closed = inspect(place, given)
    found = inspect(place, given, "--open-with", str(place / "bob.pem"), str(place / "bob.key"))

    assert closed.exit_code == 4
    assert "it cannot be decrypted" in closed.stdout
    assert "encrypted with aes-256-cbc" in closed.stdout
    assert f"to serial number {BOB.certificate.serial_number:x} by RSA PKCS #1 v1.5" in closed.stdout
    assert found.exit_code == 0
    assert "opened with" in found.stdout
    assert "verdict: pass" in found.stdout


def test_everything_is_told_as_json(place: Path) -> None:
    found = json.loads(inspect(place, mail(around(ENTITY, signer(ANN))), "--json").stdout)

    assert found["verdict"] == "pass"
    assert found["layers"] == [{"layer": "signed", "fault": "", "signatures": 1, "clear": False}]
    assert found["signatures"][0]["hash"] == "sha256"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (clear_signed(ENTITY, signer(ANN), of=b"x"), "verdict: fail: the content was changed"),
        (clear_signed(ENTITY, signer(BOB)), "verdict: policy: address:"),
        (mail(b"junk"), "claims to be S/MIME"),
        (mail(sealed(ENTITY, BOB)), "does not show whether the content was changed"),
    ],
)
def test_what_is_wrong_is_told_and_is_the_exit_code(message: Message, told: str, place: Path) -> None:
    found = inspect(place, message)

    assert found.exit_code == 4
    assert told in found.stdout


def test_mail_without_smime_is_told_so(place: Path) -> None:
    found = inspect(place, mail(b"").without("Content-Type"))

    assert (found.exit_code, found.stdout) == (0, "no S/MIME\nverdict: none\n")


def test_key_of_another_certificate_is_refused(place: Path) -> None:
    (place / "ann.pem").write_bytes(ANN.pem)

    found = inspect(place, mail(b""), "--open-with", str(place / "ann.pem"), str(place / "bob.key"))

    assert found.exit_code == 1
    assert "none of the certificates belongs to the key" in found.stderr
