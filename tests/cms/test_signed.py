"""Real openssl verifies what we sign, with the attributes that mail programs look for."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives import hashes

from demo.pki import Authority, Person, new_key, pem
from postseal.cms.signed import Signer

assert tsp  # it teaches asn1crypto SigningCertificateV2
ROOT = Authority.root()
PEOPLE = {
    kind: ROOT.intermediate().issue(f"{kind}@example.com", kind=kind) for kind in ("rsa", "p256", "p384")
}
AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def signer(person: Person) -> Signer:
    return Signer.of(person.chain, person.key)  # type: ignore[arg-type]  # a kind that we do sign with


def verify(octets: bytes, content: bytes, directory: Path) -> bytes:
    """What openssl has verified, trusting the root alone: the chain must be in the signature."""
    (directory / "root.pem").write_bytes(pem(ROOT.certificate))
    (directory / "signature.der").write_bytes(octets)
    (directory / "content").write_bytes(content)
    command = [*("openssl", "cms", "-verify", "-inform", "DER", "-binary"), "-in", "signature.der"]
    command += ["-content", "content", "-CAfile", "root.pem", "-purpose", "smimesign", "-out", "verified"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return (directory / "verified").read_bytes()


def attributes(octets: bytes) -> dict[str, cms.SetOf]:
    info = cms.ContentInfo.load(octets, strict=True)["content"]["signer_infos"][0]
    return {attribute["type"].native: attribute["values"] for attribute in info["signed_attrs"]}


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("content", [b"", b"x", b"Content-Type: text/plain\r\n\r\nhello\r\n" * 9000])
def test_openssl_verifies_the_signature_and_its_chain(kind: str, content: bytes, tmp_path: Path) -> None:
    pieces = (content[at : at + 1000] for at in range(0, len(content), 1000))

    octets = signer(PEOPLE[kind]).signed(pieces, datetime.now(UTC))

    assert verify(octets, content, tmp_path) == content
    assert cms.ContentInfo.load(octets, strict=True).dump(force=True) == octets  # it is DER


def test_openssl_refuses_other_content(tmp_path: Path) -> None:
    octets = signer(PEOPLE["rsa"]).signed([b"content"], datetime.now(UTC))

    with pytest.raises(subprocess.CalledProcessError):
        verify(octets, b"Content", tmp_path)


@pytest.mark.parametrize(("kind", "micalg"), [("rsa", "sha-256"), ("p256", "sha-256"), ("p384", "sha-384")])
def test_micalg_names_the_hash(kind: str, micalg: str) -> None:
    assert signer(PEOPLE[kind]).micalg == micalg


def test_root_is_not_sent() -> None:
    octets = signer(PEOPLE["p256"]).signed([b"x"], AT)

    sent = cms.ContentInfo.load(octets)["content"]["certificates"]
    assert {choice.chosen.subject.native["common_name"] for choice in sent} == {
        "p256@example.com",
        "Test Intermediate",
    }


def test_signed_attributes_say_all_that_mail_programs_ask_for() -> None:
    person = PEOPLE["p256"]

    found = attributes(signer(person).signed([b"x"], AT))

    assert set(found) == {
        "content_type",
        "message_digest",
        "signing_time",
        "signing_certificate_v2",
        "smime_capabilities",
        "encrypt_key_pref",
    }
    assert found["signing_time"][0].native == AT
    certificate_id = found["signing_certificate_v2"][0]["certs"][0]
    assert certificate_id["cert_hash"].native == person.certificate.fingerprint(hashes.SHA256())
    assert certificate_id["issuer_serial"]["serial_number"].native == person.certificate.serial_number


def test_capabilities_are_the_ciphers_that_everybody_reads() -> None:
    (value,) = attributes(signer(PEOPLE["rsa"]).signed([b"x"], AT))["smime_capabilities"]

    assert value.dump() == bytes.fromhex(
        "301a 300b 0609608648016503040 12a 300b 0609608648016503040 102".replace(" ", "")
    )


def test_certificate_for_signing_only_is_not_preferred_for_encryption() -> None:
    person = ROOT.issue("x@example.com", kind="p256", usage={"digital_signature"})

    assert "encrypt_key_pref" not in attributes(signer(person).signed([b"x"], AT))


def test_time_after_2049_is_a_generalized_time() -> None:
    at = datetime(2050, 1, 1, tzinfo=UTC)

    assert attributes(signer(PEOPLE["p256"]).signed([b"x"], at))["signing_time"][0].native == at


def test_self_signed_certificate_is_sent(tmp_path: Path) -> None:
    octets = Signer.of(ROOT.chain, ROOT.key).signed([b"x"], AT)  # type: ignore[arg-type]  # an EC key

    assert len(cms.ContentInfo.load(octets)["content"]["certificates"]) == 1


def test_key_is_not_shown() -> None:
    assert "key" not in repr(signer(PEOPLE["rsa"])).lower().replace("keyusage", "")


def test_p521_raises() -> None:
    with pytest.raises(ValueError, match="secp521r1"):
        Signer.of(ROOT.chain, new_key("p521"))  # type: ignore[arg-type]  # what is to be refused
