"""The types of actions' values: how each is written in YAML, and checked to be writable into mail.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from postseal import scalar
from postseal.binding import Name, Reader
from postseal.document import Node, Scalar, bad
from postseal.outcome import Reply
from postseal.policy.tls_values import ENFORCES
from postseal.policy.values import some

HOLDS = "hold"
"""The kind of name that a reader knows if the MTA may be asked to hold mail."""


def methods(node: Node, reader: Reader) -> tuple[str, ...]:
    """Methods, the preferred one first."""
    values = some(node)
    for value in values:
        if value.text == "plain":
            raise bad(
                value.place,
                "'plain' protects nothing",
                "leave it out; mail goes plain if no rule protects it",
            )
    found = [str(reader.read(value, Annotated[str, Name("method")])) for value in values]
    if "tls" in found and not reader.names.get(ENFORCES):
        what = "'tls' protects nothing here: nobody would see to it"
        hint = "wire the transports postseal-tls-… (contrib/postfix) and set tls: {enforced: true}"
        raise bad(node.place, what, hint)
    if len(set(found)) < len(found):
        raise bad(node.place, "a method is named twice", "name each method once")
    return tuple(found)


def yes(node: Node, _reader: object = None) -> bool:
    """Only `true`."""
    if not scalar.boolean(node):
        raise bad(node.place, "an action cannot be switched off", "leave it out; unless: makes exceptions")
    return True


def line(node: Node, _reader: object = None) -> str:
    """Text on one line, at most 900 characters; letters beyond ASCII are encoded."""
    written = scalar.one(node)
    if not written.text.strip() or not written.text.isprintable() or len(written.text) > 900:
        hint = "write printable text on one line, at most 900 characters"
        raise bad(written.place, f"unfit for a header field: {written.text[:40]!r}", hint)
    return written.text


def sentence(node: Node, _reader: object = None) -> str:
    """A sentence in ASCII on one line, at most 400 characters."""
    written = scalar.one(node)
    text = written.text
    if text in {"true", "false"}:
        raise bad(
            written.place, f"'{text}' says nothing to the sender", "write a sentence that tells what to do"
        )
    if not text.strip() or not text.isascii() or not text.isprintable() or len(text) > 400:
        hint = "SMTP replies are one line of ASCII; write at most 400 characters"
        raise bad(written.place, f"unfit for a reply: {text[:40]!r}", hint)
    return text


def permanent_status(node: Node, _reader: object = None) -> str:
    """A permanent status such as `5.7.1` (RFC 3463)."""
    hint = "a rejection is permanent: write 5.7.1, or another status that begins with 5"
    return _status(node, "5", hint)


def transient_status(node: Node, _reader: object = None) -> str:
    """A transient status such as `4.7.1` (RFC 3463)."""
    return _status(node, "4", "the sender tries again: write 4.7.1, or another status that begins with 4")


def _status(node: Node, first: str, hint: str) -> str:
    written = scalar.one(node)
    if not re.fullmatch(rf"{first}\.(?:0|[1-9][0-9]{{0,2}})\.(?:0|[1-9][0-9]{{0,2}})", written.text):
        raise bad(written.place, f"bad status '{written.text}'", hint)
    return written.text


def permanent_code(node: Node, _reader: object = None) -> int:
    """A permanent reply code, 550 to 554."""
    written = scalar.one(node)
    if written.text not in {"550", "551", "552", "553", "554"}:
        raise bad(written.place, f"bad reply code '{written.text}'", "write 550, or another one up to 554")
    return int(written.text)


def transient_code(node: Node, _reader: object = None) -> int:
    """A transient reply code, 450 to 452, or 421, with which the server closes the connection."""
    written = scalar.one(node)
    if written.text not in {"421", "450", "451", "452"}:
        raise bad(written.place, f"bad reply code '{written.text}'", "write 451, 450, 452 or 421")
    return int(written.text)


@dataclass(frozen=True, slots=True)
class _Rejection:
    text: Annotated[str, sentence]
    status: Annotated[str, permanent_status] = "5.7.1"
    code: Annotated[int, permanent_code] = 550


def rejection(node: Node, reader: Reader) -> Reply:
    """A sentence for the sender; or `{text: …, status: 5.7.1, code: 550}`."""
    if isinstance(node, Scalar):
        return Reply(550, "5.7.1", sentence(node))
    bound = reader.bind(node, _Rejection)
    return Reply(bound.code, bound.status, bound.text)


@dataclass(frozen=True, slots=True)
class _Deferral:
    text: Annotated[str, sentence]
    status: Annotated[str, transient_status] = "4.7.1"
    code: Annotated[int, transient_code] = 451


def deferral(node: Node, reader: Reader) -> Reply:
    """A sentence for the sender's server; or `{text: …, status: 4.7.1, code: 451}`."""
    if isinstance(node, Scalar):
        return Reply(451, "4.7.1", sentence(node))
    bound = reader.bind(node, _Deferral)
    return Reply(bound.code, bound.status, bound.text)


def lifetime(node: Node, _reader: object = None) -> float:
    """A time span of at least a minute: `12h`, `30d`, `2w`."""
    if (seconds := scalar.duration(node)) < 60:
        raise bad(node.place, "nobody could read it in time", "write a time span of at least 1m")
    return seconds


def reason(node: Node, reader: Reader) -> str:
    """Why it is held, for the administrator: a sentence in ASCII on one line, at most 400 characters."""
    check_holding(node, reader)
    return sentence(node)


def check_holding(node: Node, reader: Reader) -> None:
    """Raise BadInput unless the MTA gives back to us what was held: released, it would leave unprotected."""
    if not reader.names.get(HOLDS):
        what = "mail cannot be held here: released, it would leave without Postseal"
        hint = "wire the listener postseal-release (contrib/postfix) and set held_mail_returns: true"
        raise bad(node.place, what, hint)


Reason = Annotated[str, reason]
Brand = Annotated[str, Name("branding")]
Methods = Annotated[tuple[str, ...], methods]
Yes = Annotated[bool, yes]
Lifetime = Annotated[float, lifetime]
Line = Annotated[str, line]
Rejection = Annotated[Reply, rejection]
Deferral = Annotated[Reply, deferral]
