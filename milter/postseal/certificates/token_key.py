"""Private keys on PKCS #11 tokens, used like those in memory: they sign and open mail, and never leave.

RSA keys sign and decrypt, keys on elliptic curves sign and agree.  Where a token pads in no way that is asked
for, it does the bare operation, and the padding is made or taken off here.  What goes wrong with a
ciphertext is one error, whatever the token says; a token that is away is Failure(KEYS).
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import NoReturn, Self, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from postseal.cms import der
from postseal.errors import BadInput, Failure, Place, Problem
from postseal.pkcs11_uri import Pkcs11Uri
from postseal.sealed import token
from postseal.sealed.token import Key, Query, Refused, Token

T = TypeVar("T")

_HASHES = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_CURVES: tuple[ec.EllipticCurve, ...] = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())


def load(uri: Pkcs11Uri) -> "TokenRsaKey | TokenEcKey":
    """The key that *uri* names.  Raises BadInput if it, or its token, is not there or of no use."""
    place = Place(str(uri))
    try:
        return _loaded(uri)
    except Failure as failure:
        hint = "is the token there, and may this user use it?"
        raise BadInput([Problem(place, f"the private key cannot be used: {failure.detail}", hint)]) from None
    except ValueError as error:
        hint = "use an RSA, P-256, P-384 or P-521 key, and keep its public key beside it"
        raise BadInput([Problem(place, f"the private key cannot be used: {error}", hint)]) from None


def _loaded(uri: Pkcs11Uri) -> "TokenRsaKey | TokenEcKey":
    from pkcs11 import Attribute, KeyType, ObjectClass  # noqa: PLC0415

    where = token.of(uri)
    private = Query(ObjectClass.PRIVATE_KEY, uri.object, uri.id)
    kind = where.use(private, lambda key: key.key_type)
    if kind == KeyType.RSA:
        modulus, exponent = where.use(
            private, lambda key: (key[Attribute.MODULUS], key[Attribute.PUBLIC_EXPONENT])
        )
        numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
        return TokenRsaKey(where, private, numbers.public_key())
    if kind == KeyType.EC:
        # A token tells the point of a public key alone.
        public = Query(ObjectClass.PUBLIC_KEY, uri.object, uri.id)
        parameters, point = where.use(public, lambda key: (key[Attribute.EC_PARAMS], key[Attribute.EC_POINT]))
        return TokenEcKey(where, private, _public(bytes(parameters), bytes(point)))
    raise ValueError("it is of a kind that we do not use on tokens")


class _OnToken:
    """What is the same for all kinds."""

    def __init__(self, where: Token, query: Query) -> None:
        self._token = where
        self._query = query

    def _use(self, work: Callable[[Key], T]) -> T:
        return self._token.use(self._query, work)

    def private_numbers(self) -> NoReturn:
        """It never leaves the token."""
        raise TypeError("the key is on a token")

    def private_bytes(self, *_: object) -> NoReturn:
        """It never leaves the token."""
        raise TypeError("the key is on a token")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class TokenRsaKey(_OnToken, rsa.RSAPrivateKey):
    """An RSA key on a token."""

    def __init__(self, where: Token, query: Query, public: rsa.RSAPublicKey) -> None:
        super().__init__(where, query)
        self._public = public

    def public_key(self) -> rsa.RSAPublicKey:
        """The public key."""
        return self._public

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def sign(
        self,
        data: bytes,
        padding: padding.AsymmetricPadding,
        algorithm: "utils.Prehashed | hashes.HashAlgorithm | utils.NoDigestInfo",
    ) -> bytes:
        """The signature over *data*.  Raises ValueError if the token refuses, Failure(KEYS) if it is away."""
        from pkcs11 import MGF, Mechanism  # noqa: PLC0415

        name, digest = _digest(bytes(data), algorithm)
        if padding.name == "EMSA-PSS":
            parameters = (Mechanism[name.upper()], MGF[name.upper()], len(digest))
            mechanism, signed = Mechanism.RSA_PKCS_PSS, digest
        else:
            # DigestInfo (RFC 8017 §9.2)
            signed = der.sequence(der.algorithm(_HASHES[name], der.NULL), der.octet_string(digest))
            mechanism, parameters = Mechanism.RSA_PKCS, None
        return self._use(lambda key: bytes(key.sign(signed, mechanism=mechanism, mechanism_param=parameters)))

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        """What was encrypted.  Raises ValueError, for whatever reason; Failure(KEYS) if the token is away."""
        from pkcs11 import Mechanism  # noqa: PLC0415

        octets = bytes(ciphertext)
        if padding.name == "EME-OAEP":
            bare = self._use(lambda key: bytes(key.decrypt(octets, mechanism=Mechanism.RSA_X_509)))
            return _without_oaep(bare.rjust(self.key_size // 8, b"\0"), padding)
        found = self._use(lambda key: bytes(key.decrypt(octets, mechanism=Mechanism.RSA_PKCS)))
        # Where the padding is bad, the token is asked whether it is still there; so both ways take as long.
        self._token.look(self._query)
        return found


class TokenEcKey(_OnToken, ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve on a token."""

    def __init__(self, where: Token, query: Query, public: ec.EllipticCurvePublicKey) -> None:
        super().__init__(where, query)
        self._public = public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public key."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """Its curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve."""
        return self._public.key_size

    def sign(
        self, data: "bytes | bytearray | memoryview", signature_algorithm: ec.EllipticCurveSignatureAlgorithm
    ) -> bytes:
        """The signature over *data*.  Raises ValueError if the token refuses, Failure(KEYS) if it is away."""
        from pkcs11 import Mechanism  # noqa: PLC0415

        _, digest = _digest(bytes(data), signature_algorithm.algorithm)
        octets = self._use(lambda key: bytes(key.sign(digest, mechanism=Mechanism.ECDSA)))
        half = len(octets) // 2
        return utils.encode_dss_signature(
            int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big")
        )

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """The shared secret.  Raises ValueError if the token refuses, Failure(KEYS) if it is away."""
        from pkcs11 import KDF, Attribute, KeyType, Mechanism, MechanismFlag  # noqa: PLC0415

        if peer_public_key.curve.name != self.curve.name:
            raise ValueError("the keys are on different curves")
        numbers = peer_public_key.public_numbers()
        size = (self.key_size + 7) // 8
        point = b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")

        def secret(key: Key) -> bytes:
            derived = key.derive_key(
                KeyType.GENERIC_SECRET,
                8 * size,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                capabilities=MechanismFlag(0),
                template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
            )
            try:
                return bytes(derived[Attribute.VALUE])
            finally:
                derived.destroy()

        return self._use(secret).rjust(size, b"\0")


def _digest(data: bytes, algorithm: object) -> tuple[str, bytes]:
    name = algorithm.name if isinstance(algorithm, hashes.HashAlgorithm) else ""
    if name not in _HASHES:
        raise ValueError("we do not sign with such a hash on tokens")
    return name, hashlib.new(name, data).digest()


def _public(parameters: bytes, point: bytes) -> ec.EllipticCurvePublicKey:
    """The public key with these CKA_EC_PARAMS and CKA_EC_POINT.  Raises ValueError."""
    # The standard wants the point within an OCTET STRING; some write it bare.
    for begin in (2, 3):
        point = point[begin:] if point == der.octet_string(point[begin:]) else point
    for curve in _CURVES:
        if der.oid(_OIDS[curve.name]) == parameters:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    raise ValueError("it is on a curve that we do not use")


_OIDS = {"secp256r1": "1.2.840.10045.3.1.7", "secp384r1": "1.3.132.0.34", "secp521r1": "1.3.132.0.35"}


def _without_oaep(octets: bytes, how: padding.AsymmetricPadding) -> bytes:
    """The message in the encoded message *octets* (RFC 8017 §7.1.2).  Raises Refused, without a reason."""
    assert isinstance(how, padding.OAEP)  # noqa: S101 (its name says so)
    digest, mask = how.algorithm, how.mgf._algorithm
    size = digest.digest_size
    seed_mask = _mgf1(mask, octets[1 + size :], size)
    seed = _xor(octets[1 : 1 + size], seed_mask)
    block = _xor(octets[1 + size :], _mgf1(mask, seed, len(octets) - size - 1))
    label = hashlib.new(digest.name, how._label or b"", usedforsecurity=False).digest()
    padded, one, message = block[size:].partition(b"\x01")
    good = (
        hmac.compare_digest(block[:size], label)
        & (octets[:1] == b"\0")
        & bool(one)
        & (not padded.strip(b"\0"))
    )
    if not good:
        raise Refused("decryption")
    return message


def _mgf1(algorithm: hashes.HashAlgorithm, seed: bytes, size: int) -> bytes:
    """MGF1 (RFC 8017 §B.2.1)."""
    octets = b""
    for counter in range(-(-size // algorithm.digest_size)):
        octets += hashlib.new(
            algorithm.name, seed + counter.to_bytes(4, "big"), usedforsecurity=False
        ).digest()
    return octets[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
