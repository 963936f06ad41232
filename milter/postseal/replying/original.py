"""What a reply needs of the message that it answers: who may get it, and how it threads.

A reply goes to people who stand in the original's header and to nobody else, whatever a browser sends.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from postseal.cms import field
from postseal.envelope import destinations, domain_key, key, split, unambiguous
from postseal.message import Header, Message
from postseal.policy.address import written
from postseal.replying.composition import Correspondent
from postseal.store.sealed import SealedMessage

_IDENTITY: Final = re.compile(rb"<[!-;=?-~]{1,250}>")
_LONGEST_ADDRESS: Final = 320
_MOST: Final = 100
"""Recipients of one reply."""


class Whom(StrEnum):
    """Who gets a reply; also the word of the usage right that it takes."""

    AUTHOR = "reply"
    ALL = "reply_all"


class Why(StrEnum):
    """Why somebody may not reply."""

    GONE = "gone"  # he may not read the message, or not any more
    WITHHELD = "withheld"
    NOBODY = "nobody"  # the original names nobody to whom mail can be addressed
    TOO_MANY = "too_many"  # recipients
    TOO_OFTEN = "too_often"
    NOT_OFFERED = "not_offered"  # the restriction that was chosen
    UNRIGHTED = "unrighted"  # with it, somebody who gets the reply could not read it


class NotAllowed(Exception):
    """Somebody may not reply."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Addressees:
    """Who gets a reply, in its fields To and Cc."""

    to: tuple[Correspondent, ...]
    cc: tuple[Correspondent, ...] = ()

    @property
    def all(self) -> tuple[Correspondent, ...]:
        """Everybody."""
        return self.to + self.cc


class Inside:
    """The addresses of which it is sure that they are ours: *domains* and nothing that MTAs might send on."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = frozenset(map(domain_key, domains))

    def __contains__(self, address: str) -> bool:
        return unambiguous(address) and all(
            domain_key(split(each)[1]) in self._domains for each in destinations(address)
        )


def withheld(message: SealedMessage, whom: Whom) -> bool:
    """Whether policy withholds the right to reply like that."""
    rights = {right.replace("_", "").lower() for right in message.rights}
    return whom.value.replace("_", "") in rights


def addressees(original: Message, visitor: str, whom: Whom, *, ours: str) -> Addressees:
    """Who gets the reply of *visitor*.  Raises NotAllowed.

    *ours*: the address that replies come from; it is nobody.
    """
    nobody = {key(visitor), key(ours)}
    authors = _people(original.all("Reply-To"), nobody) or _people(original.all("From"), nobody)
    others = _people(original.all("To"), nobody)
    to = authors or others  # he answers what he wrote himself
    if not to:
        raise NotAllowed(Why.NOBODY)
    if whom is Whom.AUTHOR:
        return Addressees(to[:_MOST])
    told = nobody | {key(each.address) for each in to}
    cc = _people((*original.all("To"), *original.all("Cc")), told)
    if len(to) + len(cc) > _MOST:
        raise NotAllowed(Why.TOO_MANY)
    return Addressees(to, cc)


def name_of(original: Message, address: str) -> str:
    """The name that the original gives *address*; "" if none."""
    everybody = original.all("To", "Cc", "Reply-To", "From")
    names = (each.name for each in _everybody(everybody) if key(each.address) == key(address))
    return next((name for name in names if name), "")


def named(original: Message) -> frozenset[str]:
    """The addresses that every reader sees, in the form to compare: without those of hidden copies."""
    return frozenset(key(each.address) for each in _everybody(original.all("To", "Cc", "Reply-To", "From")))


def thread(original: Message) -> tuple[str, ...]:
    """The Message-IDs of References and of the original itself (RFC 5322 §3.6.4)."""
    own = _identities(original.all("Message-ID"))[:1]
    before = _identities(original.all("References")) or _identities(original.all("In-Reply-To"))[:1]
    return tuple(dict.fromkeys(each for each in before if each not in own)) + tuple(own)


def _identities(headers: Iterable[Header]) -> list[str]:
    return [each.decode("ascii") for header in headers for each in _IDENTITY.findall(header.value)]


def _people(headers: Iterable[Header], without: Collection[str]) -> tuple[Correspondent, ...]:
    found: dict[str, Correspondent] = {}
    for each in _everybody(headers):
        found.setdefault(key(each.address), each)
    return tuple(each for address, each in found.items() if address not in without)


def _everybody(headers: Iterable[Header]) -> Iterator[Correspondent]:
    for header in headers:
        sure = written([header.value]).sure  # the other reader is lenient
        for name, address in field.mailboxes(header.value):
            readable = address.isprintable() and "\N{REPLACEMENT CHARACTER}" not in address
            if key(address) in sure and readable and len(address) <= _LONGEST_ADDRESS:
                yield Correspondent(name, address)
