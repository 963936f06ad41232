"""Real openssl opens what we seal, for every kind of recipient and every length of content."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import cms

from demo.pki import Authority, Person
from postseal.cms.cipher import CIPHERS
from postseal.cms.enveloped import enveloped
from postseal.cms.recipient import KeyTransport, recipient_key

ROOT = Authority.root()
PEOPLE = {
    kind: ROOT.intermediate().issue(f"{kind}@example.com", kind=kind)
    for kind in ("rsa", "rsa3072", "p256", "p384", "p521")
}


def sealed(
    content: bytes,
    *people: Person,
    cipher: str = "aes-256-cbc",
    size: int = 1 << 16,
    transport: KeyTransport = KeyTransport.PKCS1,
) -> bytes:
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    keys = [recipient_key(person.certificate, transport) for person in people]
    return b"".join(enveloped(pieces, len(content), recipients=keys, cipher=cipher))


def opened(octets: bytes, person: Person, directory: Path) -> bytes:
    (directory / "key.pem").write_bytes(person.key_pem)
    (directory / "certificate.pem").write_bytes(person.pem)
    (directory / "sealed.der").write_bytes(octets)
    command = [*("openssl", "cms", "-decrypt", "-inform", "DER", "-binary"), "-in", "sealed.der"]
    command += ["-inkey", "key.pem", "-recip", "certificate.pem", "-out", "opened"]
    subprocess.run(command, cwd=directory, check=True)
    return (directory / "opened").read_bytes()


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("kind", PEOPLE)
def test_openssl_opens_the_envelope(kind: str, cipher: str, tmp_path: Path) -> None:
    content = b"Content-Type: text/plain\r\n\r\nhello\r\n"

    assert opened(sealed(content, PEOPLE[kind], cipher=cipher), PEOPLE[kind], tmp_path) == content


@pytest.mark.parametrize("cipher", CIPHERS)
def test_openssl_opens_an_envelope_by_oaep(cipher: str, tmp_path: Path) -> None:
    octets = sealed(b"content", PEOPLE["rsa"], cipher=cipher, transport=KeyTransport.OAEP)

    assert opened(octets, PEOPLE["rsa"], tmp_path) == b"content"
    assert cms.ContentInfo.load(octets, strict=True).dump(force=True) == octets  # it is DER


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 112, 127, 128, 255, 65_520, 65_536, 1 << 24])
def test_openssl_opens_content_of_any_length(size: int, cipher: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)

    octets = sealed(content, PEOPLE["p256"], cipher=cipher)

    assert opened(octets, PEOPLE["p256"], tmp_path) == content
    assert cms.ContentInfo.load(octets, strict=True).dump(force=True) == octets  # it is DER


def test_each_of_mixed_recipients_opens_the_envelope(tmp_path: Path) -> None:
    octets = sealed(b"to all", *PEOPLE.values(), size=1)

    assert [opened(octets, person, tmp_path) for person in PEOPLE.values()] == [b"to all"] * len(PEOPLE)


def test_other_recipient_cannot_open_the_envelope(tmp_path: Path) -> None:
    octets = sealed(b"secret", PEOPLE["rsa3072"])

    with pytest.raises(subprocess.CalledProcessError):
        opened(octets, PEOPLE["rsa"], tmp_path)


def test_key_and_iv_are_new_for_every_message() -> None:
    first, second = (sealed(b"same" * 10, PEOPLE["rsa"]) for _ in range(2))

    assert first[-32:] != second[-32:]


def test_envelope_to_nobody_raises() -> None:
    with pytest.raises(ValueError, match="nobody"):
        sealed(b"x")


@pytest.mark.parametrize("size", [0, 4, 6])
def test_content_of_another_size_than_promised_raises(size: int) -> None:
    keys = [recipient_key(PEOPLE["p256"].certificate)]

    with pytest.raises(ValueError, match="octets"):
        list(enveloped([b"12345"], size, recipients=keys))


def test_recipient_with_another_kind_of_key_raises() -> None:
    with pytest.raises(ValueError, match="neither"):
        recipient_key(ROOT.issue("x@example.com", kind="ed25519").certificate)


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "large"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"All work and no play makes a dull boy. 0123456789 abcdefghijklm\r\n" * 16132)
    yield path
    path.unlink()


MEASURED = """
import sys
from pathlib import Path
from cryptography import x509
from postseal.body import Spool
from postseal.message import Header, Message
from postseal.cms import encoding, entity
from postseal.cms.enveloped import enveloped
from postseal.cms.recipient import recipient_key

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

spool = Spool(Path("."))
draft = spool.draft()
with open("large", "rb") as file:
    while piece := file.read(1 << 16):
        draft.write(piece)
message = entity.inner(Message((Header.of("Subject", "x"),), draft.body()))
keys = [recipient_key(x509.load_pem_x509_certificate(Path("certificate.pem").read_bytes()))]
b"".join(encoding.to_base64(enveloped([b"x"], 1, recipients=keys)))
before = peak()
sealed = spool.draft()
for piece in encoding.to_base64(enveloped(message_pieces(message), message.size, recipients=keys)):
    sealed.write(piece)
body = sealed.body()
print(peak() - before)
with open("sealed", "wb") as file:
    file.write(b"Content-Type: application/pkcs7-mime\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n")
    for piece in body.pieces():
        file.write(piece)
""".replace("message_pieces(message)", "message.pieces()")


def test_fifty_mebibytes_are_sealed_in_little_memory(large: Path) -> None:
    person = PEOPLE["rsa"]
    (large.parent / "certificate.pem").write_bytes(person.pem)
    (large.parent / "key.pem").write_bytes(person.key_pem)

    command = [sys.executable, "-c", MEASURED]
    kibibytes = int(subprocess.run(command, cwd=large.parent, check=True, capture_output=True).stdout)

    command = ["openssl", "cms", "-decrypt", "-in", "sealed", "-inkey", "key.pem", "-out", "opened"]
    subprocess.run(command, cwd=large.parent, check=True)
    assert kibibytes < 10 * 1024
    opened = (large.parent / "opened").read_bytes()
    assert opened.partition(b"\r\n\r\n")[2] == large.read_bytes()
