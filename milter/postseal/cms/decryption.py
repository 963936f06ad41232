"""Opens EnvelopedData and AuthEnvelopedData: all of the content, or nothing.

The plain text goes to a spool and is given out only when its last octet has been checked.  Whatever goes
wrong with keys, padding or tags is one error without a reason and takes about the same time, for the
sender may be an attacker who asks us questions (RFC 3218, RFC 5652 §14).  AES-GCM is read in
AuthEnvelopedData alone: in EnvelopedData, where old versions of Bouncy Castle put it, its tag is missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from postseal.body import Body, Spool
from postseal.cms import der
from postseal.cms.ber import Malformed, Tree
from postseal.cms.cipher import BLOCK, CIPHERS, Mode
from postseal.cms.content import Envelope, Fields
from postseal.cms.keyring import DecryptionKey, Keys, RecipientId
from postseal.cms.recipient_info import Wrapped, wrapped

TRIALS = 8
"""Keys that are tried on one message."""


class Legacy(Enum):
    """Whether 3DES and RC2 are read: to them nothing is ever encrypted."""

    REFUSED = auto()
    READ = auto()


class CannotOpen(Exception):
    """No key of ours opens it, or none is ours; never says more."""

    def __init__(self) -> None:
        super().__init__("it cannot be decrypted")


@dataclass(frozen=True, slots=True)
class Plain:
    """What was encrypted, and with which certificate it was opened."""

    body: Body
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Facts:
    """What an envelope shows to everybody.

    *cipher*: a word of ours or an object identifier; *authenticated*: whether it shows a change;
    *recipients*: whom it is for and in which way.
    """

    cipher: str
    authenticated: bool
    recipients: tuple[tuple[RecipientId, str], ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A content cipher as we read it: its word, the octets of its key, its mode, its blocks."""

    word: str
    key_size: int
    mode: Mode = Mode.CBC
    block: int = BLOCK
    legacy: bool = False
    algorithm: type[algorithms.AES | TripleDES | RC2] = algorithms.AES


_READERS = {
    der.oid(cipher.oid)[2:]: _Reader(word, cipher.key_size, cipher.mode) for word, cipher in CIPHERS.items()
} | {
    der.oid("2.16.840.1.101.3.4.1.22")[2:]: _Reader("aes-192-cbc", 24),
    der.oid("2.16.840.1.101.3.4.1.26")[2:]: _Reader("aes-192-gcm", 24, Mode.GCM),
    der.oid("1.2.840.113549.3.7")[2:]: _Reader("3des-cbc", 24, block=8, legacy=True, algorithm=TripleDES),
    der.oid("1.2.840.113549.3.2")[2:]: _Reader("rc2-128-cbc", 16, block=8, legacy=True, algorithm=RC2),
}
_NO_TEXT = rb"\x00-\x08\x0e-\x1a\x1c-\x1f\x7f"
_ENTITY = re.compile(rb"[!-9;-~]+[ \t]*:[^%b\n]*(\n|\Z)|[^%b]*\Z" % (_NO_TEXT, _NO_TEXT))
"""How an entity begins: with a field of its header, after which its body may be binary; or it is text."""
_RC2_128_BITS = 58  # RFC 2268 §6: how the version of 128 effective bits is written


def facts(tree: Tree, envelope: Envelope) -> Facts:
    """What is to be said of *envelope* without opening it.  May raise Malformed."""
    reader = _READERS.get(envelope.algorithm.oid)
    names = tuple((one.recipient, one.way) for one in wrapped(tree, envelope.recipients))
    cipher = reader.word if reader else f"cipher {envelope.algorithm.oid.hex()}"
    return Facts(cipher, envelope.tag is not None, names)


def opened(
    tree: Tree, envelope: Envelope, keys: Keys, *, spool: Spool, legacy: Legacy = Legacy.REFUSED
) -> Plain:
    """The content of *envelope*, opened with one of *keys*.

    Raises CannotOpen; Malformed where it is the form that is wrong, which anybody can see.
    """
    reader = _reader(envelope, legacy)
    parameters = _parameters(tree, envelope, reader)
    candidates = [
        (one, key) for one in wrapped(tree, envelope.recipients) for key in keys.named(one.recipient)
    ]
    for one, key in candidates[:TRIALS]:
        body = _decrypted(tree, envelope, reader, parameters, one=one, key=key, spool=spool)
        if body is not None:
            return Plain(body, key.certificate)
    raise CannotOpen


def _reader(envelope: Envelope, legacy: Legacy) -> _Reader:
    reader = _READERS.get(envelope.algorithm.oid)
    if reader is None:
        raise Malformed("its cipher is none that we know")
    if (reader.mode is Mode.GCM) != (envelope.tag is not None):
        raise Malformed("its cipher does not go with its content type")
    if reader.legacy and legacy is not Legacy.READ:
        raise Malformed(f"it is encrypted with {reader.word}, which is too weak")
    return reader


def _parameters(tree: Tree, envelope: Envelope, reader: _Reader) -> bytes:
    """The initialization vector or nonce; Malformed if it, or the tag, has no length that it may have."""
    parameters = envelope.algorithm.parameters
    if parameters is None:
        raise Malformed("its cipher has no parameters")
    if reader.mode is Mode.GCM:
        fields = Fields(parameters)
        nonce = tree.octets(fields.take(0x04))
        explicit = fields.maybe(0x02)
        size = int.from_bytes(tree.octets(explicit), "big") if explicit else 12  # RFC 5084 §3.2
        if not 8 <= len(nonce) <= 64 or not 12 <= size <= BLOCK or len(envelope.tag or b"") != size:
            raise Malformed("its nonce or its tag is of no length that we know")
        return nonce
    if reader.algorithm is RC2 and parameters.tag == der.SEQUENCE:
        fields = Fields(parameters)
        if int.from_bytes(tree.octets(fields.take(0x02)), "big") != _RC2_128_BITS:
            raise Malformed("it is encrypted with RC2 of fewer than 128 bits")
        parameters = fields.take(0x04)
    iv = tree.octets(parameters)
    if parameters.tag != 0x04 or len(iv) != reader.block:
        raise Malformed("its initialization vector is of no length that we know")
    return iv


def _decrypted(
    tree: Tree,
    envelope: Envelope,
    reader: _Reader,
    parameters: bytes,
    *,
    one: Wrapped,
    key: DecryptionKey,
    spool: Spool,
) -> Body | None:
    """The content, or None if it is not opened by *key*."""
    algorithm = reader.algorithm(one.key(key.key, reader.key_size))
    mode: modes.GCM | modes.CBC
    if envelope.tag is None:
        mode = modes.CBC(parameters)
        if tree.size(envelope.content) % reader.block:
            return None
    else:
        mode = modes.GCM(parameters, envelope.tag, min_tag_length=12)
    decryptor = Cipher(algorithm, mode).decryptor()
    if envelope.tag is not None and envelope.authenticated is not None:
        # RFC 5083 §2.2: over the SET OF, not over its implicit tag
        decryptor.authenticate_additional_data(tree.canonical(envelope.authenticated, der.SET))  # type: ignore[attr-defined]  # GCM's
    draft = spool.draft()

    def plain() -> Iterator[bytes]:
        for piece in tree.stream(envelope.content):
            yield decryptor.update(piece)
        yield decryptor.finalize()

    if envelope.tag is not None:
        try:
            for piece in plain():
                draft.write(piece)
        except InvalidTag:
            return None
        return draft.body()
    held = b""
    for piece in plain():
        held += piece
        draft.write(held[: -reader.block])
        held = held[-reader.block :]
    padding = held[-1] if held else 0
    if not 1 <= padding <= reader.block or held[-padding:] != bytes([padding]) * padding:
        return None
    draft.write(held[:-padding])
    body = draft.body()
    # One wrong key in 256 finds something like a padding; what it finds must not replace the message.
    return body if _ENTITY.match(body.read(0, 256)) else None
