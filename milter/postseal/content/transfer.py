"""Undoing a Content-Transfer-Encoding (RFC 2045 §6) the way forgiving mail programs do."""

import base64
import binascii
import re

from postseal.cms.mime import Kind, Part
from postseal.errors import Cause, Failure

_SOFT_BREAK = re.compile(rb"=[ \t]++(?=[\r\n]|\Z)")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def decoded(octets: bytes, part: Part) -> bytes:
    """The octets that *octets* of *part* stand for.  Raises Failure(UNINSPECTABLE) at an unknown encoding."""
    if part.identity or part.kind is not Kind.LEAF:
        return octets
    if part.encoding == "base64":
        return _base64(octets)
    if part.encoding == "quoted-printable":
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", octets))
    raise Failure(Cause.UNINSPECTABLE, f"unknown transfer encoding {part.encoding[:40]!r}")


def _base64(octets: bytes) -> bytes:
    """What programs make of *octets*, which may be cut short or put together from several pieces."""
    pieces = []
    for piece in re.split(rb"=+", _NO_BASE64.sub(b"", octets)):
        whole = piece[:-1] if len(piece) % 4 == 1 else piece
        pieces.append(base64.b64decode(whole + b"=" * (-len(whole) % 4)))
    return b"".join(pieces)
