"""SMIMECapabilities (RFC 8551 §2.5.2): what a person's program can decrypt, in the words of our settings.

Written into our signatures; read from the signatures of others, and from certificates (RFC 4262).  Only
what is as strong as AES-128 is ever heard: an attacker, or an old program, may not talk us down.
"""

from cryptography import x509

from postseal.cms import der
from postseal.cms.cipher import CIPHERS
from postseal.cms.recipient import KeyTransport

_OIDS = {der.oid(cipher.oid): word for word, cipher in CIPHERS.items()} | {
    der.oid("1.2.840.113549.1.1.7"): KeyTransport.OAEP.value
}
_EXTENSION = x509.ObjectIdentifier("1.2.840.113549.1.9.15")

OF_EVERY_PROGRAM = ("aes-256-cbc", "aes-128-cbc")
"""What all programs in use decrypt: our users decrypt with programs of their own."""


OF_THE_GATEWAY = ("aes-256-gcm", "aes-256-cbc", "aes-128-gcm", "aes-128-cbc", KeyTransport.OAEP.value)
"""What we decrypt: for users whose mail we open."""

_WRITTEN = {word: oid for oid, word in _OIDS.items()}


def written(words: tuple[str, ...]) -> bytes:
    """The SMIMECapabilities that name *words* of CIPHERS and KeyTransport, the preferred one first."""
    return der.sequence(*(der.sequence(_WRITTEN[word]) for word in words))


def read(octets: bytes) -> frozenset[str]:
    """The words of CIPHERS and KeyTransport that the SMIMECapabilities *octets* name; DER, or none at all."""
    try:
        found = (der.children(capability) for capability in der.children(octets))
        return frozenset(_OIDS[fields[0]] for fields in found if fields and fields[0] in _OIDS)
    except ValueError:
        return frozenset()


def of_certificate(certificate: x509.Certificate) -> frozenset[str]:
    """What the certificate itself says that its owner's program can decrypt (RFC 4262)."""
    try:
        value = certificate.extensions.get_extension_for_oid(_EXTENSION).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset()
    return read(value.value) if isinstance(value, x509.UnrecognizedExtension) else frozenset()
