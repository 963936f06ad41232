"""The header fields that tell what S/MIME a message came in: Authentication-Results (RFC 7281) and ours.

Results about S/MIME that somebody else wrote in our name are taken off.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from postseal.cms.layer import Broken, Compressed, Encrypted, Layer
from postseal.guard.own import SMIME
from postseal.message import Header, Message

_FIELD: Final = "Authentication-Results"
_COMMENT: Final = re.compile(rb"\((?:[^()\\]|\\.)*+\)", re.DOTALL)


def without_forged(message: Message, host: str) -> Message:
    """*message* without results about S/MIME that claim to be those of *host* (RFC 8601 §5)."""
    forged = {header for header in message.all(_FIELD) if _claims(header.value, host)}
    if not forged:
        return message
    return Message(tuple(header for header in message.headers if header not in forged), message.body)


def _claims(value: bytes, host: str) -> bool:
    plain = _COMMENT.sub(b" ", value).lower()
    who, _, results = plain.partition(b";")
    words = who.replace(b'"', b" ").split()
    return words[:1] == [host.lower().encode()] and re.search(rb"\bsmime\s*=", results) is not None


def fields(result: str, layers: Sequence[Layer], host: str) -> tuple[Header, ...]:
    """The fields about *layers*; *result*: a method with properties, "" if there is no signature."""
    told = (Header.of(SMIME, "; ".join(" ".join(_words(layer)) for layer in layers)),)
    return (Header.of(_FIELD, f"{host}; {result}"), *told) if result else told


def _words(layer: Layer) -> Iterator[str]:
    match layer:
        case Encrypted(facts, certificate):
            yield from ("encrypted", facts.cipher, "opened" if certificate else "closed")
        case Compressed(fault):
            yield from ("compressed", "broken") if fault else ("compressed",)
        case Broken():
            yield "broken"
        case _:
            yield from ("signed", "intact" if layer.intact else "broken")
