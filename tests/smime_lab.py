"""People with keys of every kind, and mail that is signed, encrypted or compressed for and by them."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import x25519

from demo.pki import Authority, Person
from postseal.body import Body, Spool
from postseal.cms.compressed import compressed
from postseal.cms.decryption import Legacy
from postseal.cms.enveloped import enveloped
from postseal.cms.keyring import DecryptionKey, KeyRing
from postseal.cms.opening import Opener
from postseal.cms.recipient import KeyTransport, recipient_key
from postseal.cms.signature import RsaScheme
from postseal.cms.signed import Signer, detached, micalg, opaque
from postseal.message import Header, Message

ROOT = Authority.root()
PEOPLE = {kind: ROOT.issue(f"{kind}@example.com", kind=kind) for kind in ("rsa", "p256", "p384", "p521")}
ED25519 = ROOT.issue("ed25519@example.com", kind="ed25519", usage={"digital_signature"})
X25519 = ROOT.issue(
    "x25519@example.com", key=cast(Any, x25519.X25519PrivateKey.generate()), usage={"key_agreement"}
)
ENTITY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nhello\r\n"
PKCS7 = ('application/pkcs7-mime; name="smime.p7m"', "base64")
AT = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def ring(*people: Person) -> KeyRing:
    return KeyRing(DecryptionKey(person.certificate, cast(Any, person.key)) for person in people)


def opener(*people: Person, legacy: Legacy = Legacy.REFUSED, largest: int = 256 << 20) -> Opener:
    """Who opens mail with the keys of *people*; those of PEOPLE if nobody is named."""
    keys = ring(*(people or (*PEOPLE.values(), X25519)))
    return Opener(Spool(threshold=1 << 12), keys, legacy, largest)


def mail(octets: bytes, content_type: str = PKCS7[0], *headers: Header) -> Message:
    """A message whose body is *octets* in base64."""
    own = Header.of("From", "ann@example.com"), Header.of("Subject", "outside"), *headers
    content = Header.of("Content-Type", content_type), Header.of("Content-Transfer-Encoding", PKCS7[1])
    return Message((*own, *content), Body.of(base64.encodebytes(octets).replace(b"\n", b"\r\n")))


def entity_of(octets: bytes, content_type: str = PKCS7[0]) -> bytes:
    """An entity that carries *octets* in base64."""
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(octets).replace(b"\n", b"\r\n")


def multipart(first: bytes, second: bytes, content_type: str = "multipart/signed") -> Message:
    """A message of two parts, each with its header."""
    value = f'{content_type}; protocol="application/pkcs7-signature"; boundary=b'
    body = b"--b\r\n%b\r\n--b\r\n%b\r\n--b--\r\n" % (first, second)
    return Message((Header.of("From", "ann@example.com"), Header.of("Content-Type", value)), Body.of(body))


def signer(person: Person, rsa_scheme: RsaScheme = RsaScheme.PKCS1) -> Signer:
    return Signer.of(person.chain, person.key, rsa_scheme=rsa_scheme)


def clear_signed(content: bytes = ENTITY, *signers: Signer, of: bytes | None = None) -> Message:
    """*content* with signatures beside it; *of*: what they are over in its place."""
    signers = signers or (signer(PEOPLE["rsa"]),)
    octets = detached([content if of is None else of], signers=signers, at=AT)
    assert micalg(signers)
    return multipart(content, entity_of(octets, "application/pkcs7-signature"))


def around(content: bytes = ENTITY, *signers: Signer) -> bytes:
    """Signatures around *content*."""
    signers = signers or (signer(PEOPLE["rsa"]),)
    return b"".join(opaque(lambda: iter([content]), len(content), signers=signers, at=AT))


def sealed(
    content: bytes = ENTITY,
    *people: Person,
    cipher: str = "aes-256-cbc",
    transport: KeyTransport = KeyTransport.PKCS1,
) -> bytes:
    """*content* encrypted to *people*."""
    keys = [recipient_key(person.certificate, transport) for person in people or (PEOPLE["rsa"],)]
    return b"".join(enveloped([content], len(content), recipients=keys, cipher=cipher))


def squeezed(content: Iterable[bytes] = (ENTITY,)) -> bytes:
    """*content* compressed."""
    return b"".join(compressed(content, Spool()))
