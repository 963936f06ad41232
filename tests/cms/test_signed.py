"""Real openssl verifies what we sign, with the attributes that mail programs look for."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from demo.pki import Authority, Person, pem
from postseal.cms import capability, der
from postseal.cms.signature import RsaScheme
from postseal.cms.signed import Signer, detached, micalg, opaque

assert tsp  # it teaches asn1crypto SigningCertificateV2
ROOT = Authority.root()
PEOPLE = {
    kind: ROOT.intermediate().issue(f"{kind}@example.com", kind=kind)
    for kind in ("rsa", "p256", "p384", "p521", "ed25519")
}
AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def signer(person: Person, rsa_scheme: RsaScheme = RsaScheme.PKCS1) -> Signer:
    return Signer.of(person.chain, person.key, rsa_scheme=rsa_scheme)


def signed(person: Person, content: bytes = b"x", at: datetime = AT) -> bytes:
    return detached([content], signers=[signer(person)], at=at)


def verify(octets: bytes, content: bytes | None, directory: Path) -> bytes:
    """What openssl has verified, trusting the root alone: the chain must be in the signature."""
    (directory / "root.pem").write_bytes(pem(ROOT.certificate))
    (directory / "signature.der").write_bytes(octets)
    command = [*("openssl", "cms", "-verify", "-inform", "DER", "-binary"), "-in", "signature.der"]
    command += ["-CAfile", "root.pem", "-purpose", "smimesign", "-out", "verified"]
    if content is not None:
        (directory / "content").write_bytes(content)
        command += ["-content", "content"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return (directory / "verified").read_bytes()


def attributes(octets: bytes) -> dict[str, cms.SetOf]:
    info = cms.ContentInfo.load(octets, strict=True)["content"]["signer_infos"][0]
    return {attribute["type"].native: attribute["values"] for attribute in info["signed_attrs"]}


OPENSSL = ("rsa", "p256", "p384", "p521")  # 3.0 verifies no Ed25519


@pytest.mark.parametrize("kind", OPENSSL)
@pytest.mark.parametrize("content", [b"", b"x", b"Content-Type: text/plain\r\n\r\nhello\r\n" * 9000])
def test_openssl_verifies_the_signature_and_its_chain(kind: str, content: bytes, tmp_path: Path) -> None:
    pieces = (content[at : at + 1000] for at in range(0, len(content), 1000))

    octets = detached(pieces, signers=[signer(PEOPLE[kind])], at=datetime.now(UTC))

    assert verify(octets, content, tmp_path) == content
    assert cms.ContentInfo.load(octets, strict=True).dump(force=True) == octets  # it is DER


@pytest.mark.parametrize("size", [0, 1, 127, 128, 70_000])
def test_openssl_verifies_what_is_signed_around_the_content(size: int, tmp_path: Path) -> None:
    content = b"x" * size

    signers = [signer(PEOPLE["rsa"], RsaScheme.PSS), signer(PEOPLE["p384"])]
    octets = b"".join(opaque(lambda: iter([content]), size, signers=signers, at=datetime.now(UTC)))

    assert verify(octets, None, tmp_path) == content
    assert cms.ContentInfo.load(octets, strict=True).dump(force=True) == octets  # it is DER


def test_openssl_verifies_several_signers_at_once(tmp_path: Path) -> None:
    signers = [signer(PEOPLE[kind]) for kind in OPENSSL]
    signers.append(signer(PEOPLE["rsa"], RsaScheme.PSS))

    octets = detached([b"content"], signers=signers, at=datetime.now(UTC))

    assert verify(octets, b"content", tmp_path) == b"content"
    assert len(cms.ContentInfo.load(octets)["content"]["signer_infos"]) == 5
    assert micalg(signers) == "sha-256,sha-384,sha-512"


def test_openssl_refuses_other_content(tmp_path: Path) -> None:
    octets = signed(PEOPLE["rsa"], b"content", datetime.now(UTC))

    with pytest.raises(subprocess.CalledProcessError):
        verify(octets, b"Content", tmp_path)


def test_content_of_another_size_than_promised_raises() -> None:
    with pytest.raises(ValueError, match="octets"):
        list(opaque(lambda: iter([b"12"]), 3, signers=[signer(PEOPLE["rsa"])], at=AT))


def test_signature_by_nobody_raises() -> None:
    with pytest.raises(ValueError, match="nobody"):
        detached([b"x"], signers=[], at=AT)


@pytest.mark.parametrize(
    ("kind", "hash_name"),
    [
        ("rsa", "sha-256"),
        ("p256", "sha-256"),
        ("p384", "sha-384"),
        ("p521", "sha-512"),
        ("ed25519", "sha-512"),
    ],
)
def test_micalg_names_the_hash(kind: str, hash_name: str) -> None:
    assert micalg([signer(PEOPLE[kind])]) == hash_name


def test_ed25519_signs_the_attributes_themselves() -> None:
    info = cms.ContentInfo.load(signed(PEOPLE["ed25519"]))["content"]["signer_infos"][0]

    octets = b"\x31" + info["signed_attrs"].dump()[1:]
    assert info["signature_algorithm"]["algorithm"].dotted == "1.3.101.112"
    PEOPLE["ed25519"].certificate.public_key().verify(info["signature"].native, octets)  # type: ignore[union-attr,call-arg]  # an Ed25519 key


def test_root_is_not_sent() -> None:
    sent = cms.ContentInfo.load(signed(PEOPLE["p256"]))["content"]["certificates"]
    assert {choice.chosen.subject.native["common_name"] for choice in sent} == {
        "p256@example.com",
        "Test Intermediate",
    }


def test_signed_attributes_say_all_that_mail_programs_ask_for() -> None:
    person = PEOPLE["p256"]

    found = attributes(signed(person))

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
    (value,) = attributes(signed(PEOPLE["rsa"]))["smime_capabilities"]

    assert value.dump() == bytes.fromhex("301a 300b 060960864801650304012a 300b 0609608648016503040102")
    assert capability.read(value.dump()) == {"aes-256-cbc", "aes-128-cbc"}


def test_certificate_for_signing_only_is_not_preferred_for_encryption() -> None:
    person = ROOT.issue("x@example.com", kind="p256", usage={"digital_signature"})

    assert "encrypt_key_pref" not in attributes(signed(person))


def test_certificate_to_encrypt_with_is_named_and_sent() -> None:
    person = ROOT.issue("x@example.com", kind="p256", usage={"digital_signature"})
    other = ROOT.issue("x@example.com", usage={"key_encipherment"}).certificate

    octets = detached([b"x"], signers=[Signer.of(person.chain, person.key, reads_with=other)], at=AT)

    preferred = attributes(octets)["encrypt_key_pref"][0].chosen["serial_number"].native
    sent = {choice.chosen.serial_number for choice in cms.ContentInfo.load(octets)["content"]["certificates"]}
    assert preferred == other.serial_number
    assert sent == {person.certificate.serial_number, other.serial_number}


def test_time_after_2049_is_a_generalized_time() -> None:
    at = datetime(2050, 1, 1, tzinfo=UTC)

    assert attributes(signed(PEOPLE["p256"], at=at))["signing_time"][0].native == at


def test_self_signed_certificate_is_sent() -> None:
    octets = signed(ROOT)

    assert len(cms.ContentInfo.load(octets)["content"]["certificates"]) == 1


def test_key_is_not_shown() -> None:
    assert "key" not in repr(signer(PEOPLE["rsa"])).lower().replace("keyusage", "")


def test_curve_that_is_not_ours_raises() -> None:
    with pytest.raises(ValueError, match="brainpoolP256r1"):
        Signer.of(ROOT.chain, ec.generate_private_key(ec.BrainpoolP256R1()))


@pytest.mark.parametrize("octets", [b"", b"\x30\x80", b"\x30\x05\x30", b"junk", b"\x05\x00"])
def test_capabilities_that_are_no_der_say_nothing(octets: bytes) -> None:
    assert capability.read(octets) == frozenset()


def test_capabilities_never_talk_us_down() -> None:
    weak = der.sequence(der.algorithm("1.2.840.113549.3.7"), der.algorithm("1.2.840.113549.3.2"))

    assert capability.read(weak) == frozenset()


def test_capabilities_of_a_certificate_are_read() -> None:
    octets = der.sequence(der.algorithm("2.16.840.1.101.3.4.1.46"), der.algorithm("1.2.840.113549.1.1.7"))
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.840.113549.1.9.15"), octets)
    person = ROOT.issue("x@example.com", kind="p256", extensions=[(extension, False)])

    assert capability.of_certificate(person.certificate) == {"aes-256-gcm", "rsa-oaep"}
    assert capability.of_certificate(ROOT.certificate) == frozenset()
