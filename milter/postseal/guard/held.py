"""The field that a held message bears in quarantine, so that it can be judged again as it was.

A released message comes back over a second SMTP hop, which knows neither the client nor its login, and
behind whatever the MTA rewrites: aliases have become their members, masquerading has changed the
sender.  The field keeps the facts of the first hop, sealed and bound to the message; whoever it comes back
for must be one of its recipients, or stand for one by ORCPT (RFC 3461), which MTAs keep.  The sender is
taken from the field: what the MTA made of it does not count for policy.

The field never leaves: it is taken off when the message comes back.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

from postseal.envelope import Client, Envelope, Recipient, Tls, key
from postseal.errors import Cause, Failure
from postseal.guard.digest import digest_of, present
from postseal.guard.own import PREFIX
from postseal.guard.seal import NotHonoured, Seal, Verdict
from postseal.locks import NO_LOCKS, Locks
from postseal.message import Header, Message

NAME: Final = f"{PREFIX}Held"
_PURPOSE: Final = b"held"
_LOCKS: Final = b"held locks"
_TAG: Final = 6
"""Octets that stand for a recipient: enough where nobody can try without being seen."""
_LONGEST: Final = 60_000
"""Octets of the field; libmilter sends no more than 65,535 at a time."""
_ESCAPED: Final = re.compile(r"\+([0-9A-F]{2})|\\x\{([0-9A-F]{2,6})\}")


@dataclass(frozen=True, slots=True)
class Released:
    """A released message's envelope as policy is to judge it, and whom each of its recipients stands for.

    *actual*: the recipients that the MTA has now, by those of *envelope*.
    """

    envelope: Envelope
    actual: Mapping[Recipient, tuple[Recipient, ...]]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the field says; all of it JSON.  *to*: a tag for each recipient, one after the other.

    *orcpt*: the recipient by its ORCPT, where the client gave one; "" where that is ambiguous.
    *locks*: hidden, base64; "" for none.
    """

    at: int
    fields: int
    digest: str
    sender: str
    to: str
    orcpt: dict[str, str]
    client: tuple[str, str, str | None]
    tls: tuple[str, str, str] | None
    released: list[str]
    locks: str = ""


def held(seal: Seal, message: Message, envelope: Envelope, *, rules: frozenset[str], at: datetime) -> Header:
    """The field for *message*, which *rules* want held.  Raises Failure if there is no room for it."""
    fields, client, tls = present(message), envelope.client, envelope.client.tls
    tags = b"".join(_tag(seal, recipient.address) for recipient in envelope.recipients)
    facts = _Facts(
        at=int(at.timestamp()),
        fields=fields,
        digest=digest_of(message, fields).hex(),
        sender=envelope.sender,
        to=base64.b64encode(tags).decode("ascii"),
        orcpt=_by_orcpt(envelope.recipients),
        client=(client.address, client.name, client.login),
        tls=(tls.version, tls.cipher, tls.subject) if tls else None,
        released=sorted(envelope.released | rules),
        locks=_hidden(seal, envelope.locks),
    )
    text = seal.sealed(_PURPOSE, json.dumps(asdict(facts), separators=(",", ":")).encode("ascii"))
    value = b"".join(b"\r\n " + text[start : start + 72].encode("ascii") for start in range(0, len(text), 72))
    if len(value) > _LONGEST:
        detail = f"mail with so many recipients cannot be held: {len(envelope.recipients)}"
        raise Failure(Cause.UNWRITABLE, detail)
    return Header(NAME.encode("ascii"), value)


def sealed_here(seal: Seal, message: Message) -> bool:
    """Whether *message* bears a field that we sealed, be it about another message."""
    return bool(_facts(seal, message))


def released(seal: Seal, message: Message, envelope: Envelope) -> Released:
    """How *message*, which comes back from quarantine with *envelope*, is to be judged.

    Raises NotHonoured if it is not what was held.
    """
    found = _facts(seal, message)
    if not found:
        raise NotHonoured(Verdict.FORGED if message.all(NAME) else Verdict.FOREIGN)
    facts = found[0]
    same = hmac.compare_digest(digest_of(message, facts.fields).hex(), facts.digest)
    if len(found) > 1 or not same:
        raise NotHonoured(Verdict.OTHER)
    tags = base64.b64decode(facts.to)
    known = frozenset(tags[start : start + _TAG] for start in range(0, len(tags), _TAG))
    actual: dict[Recipient, tuple[Recipient, ...]] = {}
    for recipient in envelope.recipients:
        judged = replace(recipient, address=_first(seal, recipient, known, facts.orcpt))
        actual[judged] = (*actual.get(judged, ()), recipient)
    address, name, login = facts.client
    client = Client(address, name, login, Tls(*facts.tls) if facts.tls else None)
    return Released(
        replace(
            envelope,
            sender=facts.sender,
            recipients=tuple(actual),
            client=client,
            released=frozenset(facts.released),
            locks=_shown(seal, facts.locks),
        ),
        actual,
    )


def _hidden(seal: Seal, locks: Locks) -> str:
    # The MTA keeps the field in its queue, where administrators read it.
    said = json.dumps([locks.passphrase, *locks.numbers]).encode("ascii")
    return base64.b64encode(seal.hidden(_LOCKS, said)).decode("ascii") if locks else ""


def _shown(seal: Seal, text: str) -> Locks:
    if not text:
        return NO_LOCKS
    passphrase, *numbers = json.loads(seal.shown(_LOCKS, base64.b64decode(text)))
    return Locks(passphrase, tuple((address, number) for address, number in numbers))


def _facts(seal: Seal, message: Message) -> list[_Facts]:
    """What the fields that we sealed say; there should be one."""
    found = []
    for header in message.all(NAME):
        try:
            said = seal.opened(_PURPOSE, b"".join(header.value.split()))
        except NotHonoured:
            continue
        found.append(_Facts(**json.loads(said)))
    return found


def _first(seal: Seal, recipient: Recipient, known: frozenset[bytes], by_orcpt: Mapping[str, str]) -> str:
    """The address for which *recipient* stood when the message first came.  Raises NotHonoured."""
    if _tag(seal, recipient.address) in known:
        return recipient.address
    orcpt = _orcpt(recipient)
    address = by_orcpt[orcpt] if orcpt in by_orcpt else _address(orcpt)
    if not address or _tag(seal, address) not in known:
        raise NotHonoured(Verdict.OTHER)
    return address


def _by_orcpt(recipients: tuple[Recipient, ...]) -> dict[str, str]:
    addresses = {key(recipient.address) for recipient in recipients}
    found: dict[str, str] = {}
    for recipient in recipients:
        if orcpt := _orcpt(recipient):
            own = key(recipient.address)
            # Postfix would give the other recipient the same ORCPT, once it is rewritten.
            elsewhere = key(_address(orcpt)) in addresses - {own} or key(found.get(orcpt, own)) != own
            found[orcpt] = "" if elsewhere else recipient.address
    return found


def _orcpt(recipient: Recipient) -> str:
    words = (word.partition("=") for word in recipient.parameters)
    return next((value for name, _, value in words if name.upper() == "ORCPT"), "")


def _address(orcpt: str) -> str:
    """The address in an ORCPT (RFC 3461 §4.2, RFC 6533 §3), unescaped; "" if there is none."""
    kind, _, escaped = orcpt.partition(";")
    if kind.lower() not in {"rfc822", "utf-8"}:
        return ""
    return _ESCAPED.sub(lambda found: chr(min(int(found[1] or found[2], 16), 0x10FFFF)), escaped)


def _tag(seal: Seal, address: str) -> bytes:
    return seal.mac(b"held recipient", key(address).encode("utf-8", "surrogateescape"))[:_TAG]
