"""The private keys that open what is encrypted to us, and the names under which CMS asks for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from postseal.cms import der, name

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey


@dataclass(frozen=True, slots=True)
class RecipientId:
    """Whom a RecipientInfo is for: issuer and serial number, both DER, or a key identifier."""

    issuer: bytes = b""
    serial: bytes = b""
    key_identifier: bytes = b""

    def __str__(self) -> str:
        if self.key_identifier:
            return f"key identifier {self.key_identifier.hex()}"
        return f"serial number {self.serial_number:x}"

    @property
    def serial_number(self) -> int:
        """The serial number, 0 if there is none."""
        return int.from_bytes(self.serial[2:], "big", signed=True)


@dataclass(frozen=True, slots=True, eq=False)
class DecryptionKey:
    """A certificate of ours and its private key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)


class Keys(Protocol):
    """Where private keys are found."""

    def named(self, recipient: RecipientId) -> Sequence[DecryptionKey]:
        """The keys that *recipient* may mean, the likeliest first.  May raise Failure."""
        ...


class KeyRing:
    """Keys that are in memory."""

    def __init__(self, keys: Iterable[DecryptionKey] = ()) -> None:
        self._by_serial: dict[bytes, list[tuple[bytes, DecryptionKey]]] = {}
        self._by_identifier: dict[bytes, list[DecryptionKey]] = {}
        for one in keys:
            issuer, serial = name.issuer(one.certificate), name.serial(one.certificate)
            self._by_serial.setdefault(serial, []).append((issuer, one))
            for identifier in name.key_identifiers(one.certificate):
                self._by_identifier.setdefault(identifier, []).append(one)

    def named(self, recipient: RecipientId) -> Sequence[DecryptionKey]:
        """The keys that *recipient* may mean, the likeliest first."""
        if recipient.key_identifier:
            return self._by_identifier.get(recipient.key_identifier, [])
        found = self._by_serial.get(recipient.serial, [])
        # Some programs write the issuer's name anew, in other octets; the serial number is random enough.
        return [key for _, key in sorted(found, key=lambda pair: pair[0] != recipient.issuer)]


def identifier(issuer: bytes, serial: bytes) -> RecipientId:
    """The id of a certificate by the DER of its issuer, and the content octets of its serial number."""
    return RecipientId(issuer, der.element(0x02, serial))
