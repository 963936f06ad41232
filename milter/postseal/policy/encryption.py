"""Whether the sender has protected a message already, told by its octets.

A label alone would open a way around rules, so nothing here believes a Content-Type: what is called
encrypted begins as EnvelopedData, AuthEnvelopedData or an encrypted OpenPGP message does, and nothing
that is readable stands beside it.
"""

import re
from collections.abc import Iterator

from postseal.cms.mime import Kind, Part, walk
from postseal.content import transfer
from postseal.errors import Cause, Failure
from postseal.message import Message

CMS_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})

_FIRST = 4096
"""Octets of a part that are read to tell what it is."""

# ContentInfo: SEQUENCE, length, OID of EnvelopedData or AuthEnvelopedData (RFC 5652 §3, RFC 5083 §2.1).
_ENVELOPED = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17)",
    re.DOTALL,
)
# ASCII armor (RFC 9580 §6.2) whose first packet is an encrypted session key: tag 1 or 3, in both formats.
_PGP = re.compile(
    rb"\s*-----BEGIN PGP MESSAGE-----[ \t]*\r?\n"
    rb"(?:[^\r\n:]+:[^\r\n]*\r?\n)*[ \t]*\r?\n"
    rb"(?:[hj]|w[Q-Za-f]|w[w-z0-9+/])"
)


# An armored message from its first line to its last, with nothing but white space around it; the keys of
# its armor header are those of RFC 4880 §6.2, so that no text hides there.
_PGP_WHOLE = re.compile(
    rb"-----BEGIN PGP MESSAGE-----[ \t]*+\r?\n"
    rb"(?:(?:Version|Comment|MessageID|Hash|Charset): [^\r\n]{0,100}+\r?\n)*+[ \t]*+\r?\n"
    rb"(?:[A-Za-z0-9+/]{1,100}+={0,2}[ \t]*+\r?\n)++(?:=[A-Za-z0-9+/]{4}[ \t]*+\r?\n)?"
    rb"-----END PGP MESSAGE-----"
)

# ContentInfo with SignedData.
_SIGNED = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
    re.DOTALL,
)
_PGP_SIGNATURE = re.compile(rb"\s*+-----BEGIN PGP SIGNATURE-----")
_SIGNATURES = {
    "application/pkcs7-signature": _SIGNED,
    "application/x-pkcs7-signature": _SIGNED,
    "application/pgp-signature": _PGP_SIGNATURE,
}


def encrypted(message: Message) -> bool:
    """Whether *message* as a whole is encrypted: with S/MIME, PGP/MIME, or OpenPGP armor as its only text.

    Raises Failure(UNINSPECTABLE) if that cannot be told.
    """
    nodes = iter(walk(message.headers, message.body))
    outer = next(nodes)
    if outer.defect:
        return False  # programs may read it in another way, and show what it seems to hide
    if outer.content_type in CMS_TYPES:
        return enveloped(message, outer)
    if outer.content_type == "text/plain" and outer.kind is Kind.LEAF:
        return _inline(message, outer)
    if outer.content_type == "multipart/signed":
        return _wrapped(message)
    return outer.content_type == "multipart/encrypted" and _pgp_mime(message, nodes)


def _pgp_mime(message: Message, nodes: Iterator[Part]) -> bool:
    try:
        leaves = [part for part in nodes if part.kind is Kind.LEAF]
    except Failure as failure:
        raise Failure(Cause.UNINSPECTABLE, failure.detail) from None
    types = [part.content_type for part in leaves]
    if types != ["application/pgp-encrypted", "application/octet-stream"] or any(p.defect for p in leaves):
        return False
    return _PGP.match(_beginning(message, leaves[1])) is not None


def signed(message: Message) -> bool:
    """Whether *message* as a whole bears a signature of S/MIME or PGP/MIME, valid or not."""
    outer = next(iter(walk(message.headers, message.body)))
    if outer.content_type in CMS_TYPES:
        return _SIGNED.match(_beginning(message, outer)) is not None
    return outer.content_type == "multipart/signed" and _beside_signature(message) is not None


def _wrapped(message: Message) -> bool:
    """Whether what is signed is encrypted with S/MIME: a triple wrap (RFC 2634 §1.1)."""
    part = _beside_signature(message)
    whole = part is not None and part.kind is Kind.LEAF and not part.defect
    return whole and part is not None and part.content_type in CMS_TYPES and enveloped(message, part)


def _beside_signature(message: Message) -> Part | None:
    """What stands beside a signature of S/MIME or PGP/MIME in *message*, a multipart; None if nothing."""
    try:
        nodes = list(walk(message.headers, message.body))
    except Failure:
        return None
    parts = [part for part in nodes if part.depth == 1 and part.kind is not Kind.EPILOGUE]
    looked_for = _SIGNATURES.get(parts[1].content_type) if len(parts) == 2 else None
    if looked_for is None or looked_for.match(_beginning(message, parts[1])) is None:
        return None
    return parts[0]


def _inline(message: Message, part: Part) -> bool:
    if _PGP.match(_beginning(message, part)) is None:
        return False
    text = transfer.decoded(message.body.read(part.start, part.stop), part)
    return _PGP_WHOLE.fullmatch(text.strip()) is not None


def enveloped(message: Message, part: Part) -> bool:
    """Whether *part*, which says it is S/MIME, is really EnvelopedData or AuthEnvelopedData."""
    return _ENVELOPED.match(_beginning(message, part)) is not None


def _beginning(message: Message, part: Part) -> bytes:
    return transfer.decoded(message.body.read(part.start, min(part.stop, part.start + _FIRST)), part)
