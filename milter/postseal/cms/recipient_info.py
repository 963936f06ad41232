"""RecipientInfos as others write them (RFC 5652 §6.2): for whom, in which way, and the key they wrap.

A wrapped key that cannot be opened is answered by a random one, whatever the reason, so that nobody
learns from us what was wrong with it (RFC 3218 §2.3).
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from postseal.cms import der
from postseal.cms.ber import Element, Malformed, Tree
from postseal.cms.content import Algorithm, Fields
from postseal.cms.keyring import PrivateKey, RecipientId, identifier

HASHES: dict[bytes, hashes.HashAlgorithm] = {
    der.oid("1.3.14.3.2.26")[2:]: hashes.SHA1(),  # noqa: S303 (as a KDF and in OAEP it is not broken)
    der.oid("2.16.840.1.101.3.4.2.4")[2:]: hashes.SHA224(),
    der.oid("2.16.840.1.101.3.4.2.1")[2:]: hashes.SHA256(),
    der.oid("2.16.840.1.101.3.4.2.2")[2:]: hashes.SHA384(),
    der.oid("2.16.840.1.101.3.4.2.3")[2:]: hashes.SHA512(),
}
"""By the content octets of their identifiers."""

_RSA, _OAEP = (der.oid(f"1.2.840.113549.1.1.{number}")[2:] for number in (1, 7))
_WRAPS = {
    der.oid(f"2.16.840.1.101.3.4.1.{number}")[2:]: size for number, size in ((5, 16), (25, 24), (45, 32))
}
# The cofactor of our curves is 1: cofactor Diffie-Hellman is the standard one.
_X963 = (
    {
        der.oid("1.3.133.16.840.63.0.2")[2:]: hashes.SHA1(),  # noqa: S303
        der.oid("1.3.133.16.840.63.0.3")[2:]: hashes.SHA1(),  # noqa: S303
    }
    | {
        der.oid(f"1.3.132.1.{family}.{number}")[2:]: digest
        for family in (11, 14)
        for number, digest in enumerate((hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()))
    }
)
_HKDF = {
    der.oid(f"1.2.840.113549.1.9.16.3.{number}")[2:]: digest
    for number, digest in ((19, hashes.SHA256()), (20, hashes.SHA384()), (21, hashes.SHA512()))
}


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A content-encryption key for one recipient; *way*: how it is wrapped, for people."""

    recipient: RecipientId
    way: str
    _tree: Tree
    _algorithm: Algorithm
    _encrypted: bytes
    _originator: Element | None = None
    _material: bytes | None = None

    def key(self, private: PrivateKey, size: int) -> bytes:
        """The key of *size* octets that *private* finds here, or a random one."""
        try:
            found = self._unwrapped(private)
        except (ValueError, TypeError, InvalidUnwrap, UnsupportedAlgorithm, Malformed):
            found = b""
        # Chosen in either case, so that both take the same time.
        other = secrets.token_bytes(size)
        return found if len(found) == size else other

    def _unwrapped(self, private: PrivateKey) -> bytes:
        if self._originator is None:
            if not isinstance(private, rsa.RSAPrivateKey):
                raise Malformed("the key is of another kind")
            return private.decrypt(self._encrypted, _padding(self._tree, self._algorithm))
        return aes_key_unwrap(self._kek(private, self._originator), self._encrypted)

    def _kek(self, private: PrivateKey, originator: Element) -> bytes:
        """The key-encryption key of a key agreement (RFC 5753 §7.2, RFC 8418 §2)."""
        wrap = self._algorithm.parameters
        if wrap is None:
            raise Malformed("the key wrap has no name")
        size = _WRAPS.get(Algorithm.of(self._tree, wrap).oid)
        if size is None:
            raise Malformed("the key is wrapped in a way that we do not know")
        # The octets as received: some programs write parameters that others leave out.
        fields = [self._tree.raw(wrap)]
        if self._material is not None:
            fields.append(der.context(0, der.octet_string(self._material)))
        fields.append(der.context(2, der.octet_string((8 * size).to_bytes(4, "big"))))
        shared, secret = der.sequence(*fields), self._secret(private, originator)
        if digest := _X963.get(self._algorithm.oid):
            return X963KDF(digest, size, shared).derive(secret)
        if digest := _HKDF.get(self._algorithm.oid):
            return HKDF(digest, size, None, shared).derive(secret)
        raise Malformed("the keys are agreed in a way that we do not know")

    def _secret(self, private: PrivateKey, originator: Element) -> bytes:
        key = Fields(Fields(originator).take(0xA1))
        key.take(der.SEQUENCE)
        point = self._tree.octets(key.take(0x03))[1:]
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return private.exchange(
                ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(private.curve, point)
            )
        if isinstance(private, x25519.X25519PrivateKey):
            return private.exchange(x25519.X25519PublicKey.from_public_bytes(point))
        raise Malformed("the key is of another kind")


def wrapped(tree: Tree, infos: tuple[Element, ...]) -> Iterator[Wrapped]:
    """The wrapped keys of all recipients of a kind that we know, in order; passwords are left out."""
    for info in infos:
        if info.tag == der.SEQUENCE:
            yield _transport(tree, Fields(info))
        elif info.tag == 0xA1:
            yield from _agreement(tree, Fields(info))


def _transport(tree: Tree, fields: Fields) -> Wrapped:
    fields.take(0x02)
    recipient = _recipient(tree, fields.take(der.SEQUENCE, 0x80))
    algorithm = Algorithm.of(tree, fields.take(der.SEQUENCE))
    way = {_RSA: "RSA PKCS #1 v1.5", _OAEP: "RSA OAEP"}.get(algorithm.oid, "an unknown way")
    return Wrapped(recipient, way, tree, algorithm, tree.octets(fields.take(0x04, 0x24)))


def _agreement(tree: Tree, fields: Fields) -> Iterator[Wrapped]:
    fields.take(0x02)
    originator = fields.take(0xA0)
    explicit = fields.maybe(0xA1)
    material = None if explicit is None else tree.octets(Fields(explicit).take(0x04, 0x24))
    algorithm = Algorithm.of(tree, fields.take(der.SEQUENCE))
    known = algorithm.oid in _X963 or algorithm.oid in _HKDF
    way = "Diffie-Hellman" if known else "an unknown way"
    for each in fields.take(der.SEQUENCE).children:
        key = Fields(each)
        recipient = _recipient(tree, key.take(der.SEQUENCE, 0xA0))
        octets = tree.octets(key.take(0x04, 0x24))
        yield Wrapped(recipient, way, tree, algorithm, octets, originator, material)


def _recipient(tree: Tree, element: Element) -> RecipientId:
    if element.tag == 0x80:
        return RecipientId(key_identifier=tree.octets(element))
    if element.tag == 0xA0:  # RecipientKeyIdentifier; its identifier reads as a piece of a string
        if not element.pieces:
            raise Malformed("a recipient has no name")
        return RecipientId(key_identifier=tree.slice(*element.pieces[:2]))
    fields = Fields(element)
    issuer = tree.raw(fields.take(der.SEQUENCE))
    return identifier(issuer, tree.octets(fields.take(0x02)))


def _padding(tree: Tree, algorithm: Algorithm) -> AsymmetricPadding:
    if algorithm.oid == _RSA:
        return PKCS1v15()
    if algorithm.oid != _OAEP:
        raise Malformed("the key is encrypted in a way that we do not know")
    digest: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 (RFC 8017 §A.2.1: the default)
    mask: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303
    label = None
    if algorithm.parameters is not None:
        fields = Fields(algorithm.parameters)
        if explicit := fields.maybe(0xA0):
            digest = hash_of(tree, Fields(explicit).take(der.SEQUENCE))
        if explicit := fields.maybe(0xA1):
            mask = mask_hash(tree, explicit)
        if explicit := fields.maybe(0xA2):
            source = Algorithm.of(tree, Fields(explicit).take(der.SEQUENCE)).parameters
            label = tree.octets(source) if source and source.tag == 0x04 else None
    return OAEP(MGF1(mask), digest, label)


def hash_of(tree: Tree, element: Element) -> hashes.HashAlgorithm:
    """The hash that an AlgorithmIdentifier names.  Raises Malformed if it is none of ours."""
    found = HASHES.get(Algorithm.of(tree, element).oid)
    if found is None:
        raise Malformed("a hash is none that we know")
    return found


def mask_hash(tree: Tree, explicit: Element) -> hashes.HashAlgorithm:
    """The hash of the mask generation function MGF1 (RFC 8017 §A.2.1) within *explicit*."""
    function = Algorithm.of(tree, Fields(explicit).take(der.SEQUENCE))
    if function.oid != der.oid("1.2.840.113549.1.1.8")[2:] or function.parameters is None:
        raise Malformed("a mask generation function is none that we know")
    return hash_of(tree, function.parameters)
