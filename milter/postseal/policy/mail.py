"""What conditions look at: one transaction, and within it the mail for one recipient.

A `Transaction` is a message with its envelope at one site.  What conditions need is decoded when
the first of them asks, once for all recipients; a transaction whose rules never ask for the body
never has it decoded.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

from postseal.cms import field as fields
from postseal.content import process
from postseal.content.item import Item
from postseal.envelope import Envelope, Recipient, destinations, domain_key, key, split
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.people.person import People, Person
from postseal.policy import content
from postseal.policy.address import Written, written
from postseal.policy.authentication import Result, results
from postseal.policy.files import Files
from postseal.policy.kind import MessageType, types
from postseal.policy.pattern import Pattern, seen
from postseal.policy.scanner import Found
from postseal.recurrence import has_own_id, told_from_others
from postseal.rights import Template
from postseal.scalar import Network
from postseal.settings import settings
from postseal.settings.extraction import Extraction
from postseal.settings.judging import Authentication
from postseal.settings.settings import Settings


class Certificates(Protocol):
    """What finds certificates to encrypt with."""

    def until(self, address: str, at: datetime) -> datetime | None:
        """Until when mail to *address* can be encrypted; None if it cannot at *at*.  Raises Failure."""
        ...


class Acquaintances(Protocol):
    """What remembers who has written to whom."""

    def strangers(
        self, sender: str, recipients: Collection[str], message: bytes, at: datetime
    ) -> frozenset[str]:
        """Those of *recipients* to whom *sender* has sent nothing before *message*.  Raises Failure."""
        ...

    def note(self, sender: str, recipients: Collection[str], message: bytes, at: datetime) -> None:
        """*sender* has sent *message* to *recipients*.  Raises Failure."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What policies know of the host they run on: whose mail is ours, which clients are trusted."""

    accepted_domains: frozenset[str] = frozenset()
    trusted_networks: tuple[Network, ...] = settings.LOOPBACK
    inspect_bytes: int = 4 << 20
    extraction: Extraction = field(default_factory=Extraction)
    authentication: Authentication = field(default_factory=Authentication)
    people: People | None = None
    certificates: Certificates | None = None
    acquaintances: Acquaintances | None = None
    offered: Mapping[str, Template] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        values: Settings,
        people: People | None = None,
        *,
        certificates: Certificates | None = None,
        acquaintances: Acquaintances | None = None,
        offered: Mapping[str, Template] = MappingProxyType({}),
    ) -> "Site":
        """The site that the settings *values* describe."""
        return cls(
            frozenset(domain_key(domain) for domain in values.accepted_domains),
            values.trusted_networks,
            values.limits.inspect_bytes,
            values.extraction,
            values.authentication,
            people,
            certificates,
            acquaintances,
            offered,
        )

    def accepts(self, address: str) -> bool:
        """Whether *address* lies in an accepted domain; a subdomain is another domain."""
        return domain_key(split(address)[1]) in self.accepted_domains

    def sends(self, envelope: Envelope) -> bool:
        """Whether the sender of *envelope* is ours and its client has shown that it may say so."""
        client = envelope.client
        shown = bool(client.login) or client.within(self.trusted_networks)
        return shown and self.accepts(envelope.sender)


@dataclass(frozen=True, eq=False)
class Transaction:
    """One message and its envelope: what is the same for every recipient.  *at*: the moment it is judged."""

    message: Message
    envelope: Envelope
    site: Site
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    memory: dict[object, bool | Failure] = field(default_factory=dict, repr=False)
    """What conditions answered already; those that concern a recipient stay out."""
    scans: dict["Look", Found] = field(default_factory=dict, repr=False)
    """What a scanner has found already."""
    findings: dict[int, object] = field(default_factory=dict, repr=False)
    """What was found of sensitive information; see `sensitive.query`."""
    _decoded: dict[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)
    _persons: dict[str, Person] = field(default_factory=dict, repr=False)
    _strangers: dict[str, bool] = field(default_factory=dict, repr=False)
    _spent: list[float] = field(default_factory=lambda: [0.0], repr=False)

    @property
    def from_inside(self) -> bool:
        """Whether the sender is ours and the client has shown that it may say so."""
        return self.site.sends(self.envelope)

    @cached_property
    def sender(self) -> str:
        """The envelope sender in the form to compare."""
        return key(self.envelope.sender)

    @cached_property
    def authors(self) -> Written:
        """The addresses in the From field."""
        return written(self.raw("from"))

    @cached_property
    def authenticity(self) -> dict[str, frozenset[Result]]:
        """What servers of ours found about its origin, by the word of the check."""
        return results(self.message, self.site.authentication)

    def certificate_until(self, recipient: Recipient) -> datetime | None:
        """Until when mail to *recipient* can be encrypted with S/MIME; None if it cannot.  Raises Failure."""
        if self.site.certificates is None:
            raise Failure(Cause.LOOKUP, "certificates are not looked up here")
        return self.site.certificates.until(recipient.address, self.at)

    def first_for(self, address: str) -> bool:
        """Whether the sender has sent nothing before to *address*, in the form to compare.  May raise."""
        if self.site.acquaintances is None:
            raise Failure(Cause.STORE, "who has written to whom is not remembered here")
        if address not in self._strangers:
            asked = {address, *(each for who in self.envelope.recipients for each in meant(who))}
            found = self.site.acquaintances.strangers(self.sender, asked, self.told_from_others, self.at)
            self._strangers.update((each, each in found) for each in asked)
        return self._strangers[address]

    def note(self, recipients: Iterable[Recipient]) -> None:
        """*recipients* get the message: for the next one they are none of its sender's strangers.

        Raises Failure.
        """
        if self.site.acquaintances is not None:
            asked = {each for who in recipients for each in meant(who)}
            self.site.acquaintances.note(self.sender, asked, self.told_from_others, self.at)

    @cached_property
    def told_from_others(self) -> bytes:
        """A digest, the same when the message comes again."""
        return told_from_others(self.message, identified=has_own_id(self.message, self.envelope))

    def person(self, address: str) -> Person:
        """Who has *address*, which is in the form to compare.  Raises Failure(DIRECTORY)."""
        people = self.site.people
        if people is None:
            raise Failure(Cause.DIRECTORY, "no directory of people is set")
        if address not in self._persons:
            # However many recipients there are, the client does not wait for ever.
            if self._spent[0] > people.seconds:
                raise Failure(Cause.DIRECTORY, f"the directory took more than {people.seconds:g} s")
            began = time.monotonic()
            try:
                self._persons[address] = people.find(address)
            finally:
                self._spent[0] += time.monotonic() - began
        return self._persons[address]

    @cached_property
    def types(self) -> frozenset[MessageType]:
        """What kind of message it is.  Raises Failure(UNINSPECTABLE)."""
        return types(self.message)

    @property
    def subject(self) -> tuple[bytes, ...]:
        """The decoded subject; of several Subject fields all, since programs show one or another."""
        return self.header("subject")

    def finds(self, look: "Look", looked_for: Pattern) -> bool:
        """Whether one of the texts that *look* tells contains *looked_for*."""
        answer = self.scans[look].answer(looked_for) if look in self.scans else None
        return any(map(looked_for.found, look(self))) if answer is None else answer

    @property
    def field_names(self) -> Collection[str]:
        """The names of the header fields, in lower case."""
        return self._fields.keys()

    def header(self, name: str) -> tuple[bytes, ...]:
        """The decoded values of all fields *name*, made ready for `Pattern.found`."""
        name = name.lower()
        if name not in self._decoded:
            self._decoded[name] = tuple(seen(fields.text(value)) for value in self._fields.get(name, ()))
        return self._decoded[name]

    def raw(self, *names: str) -> list[bytes]:
        """The values of all fields that bear one of *names*, which are in lower case, octet for octet."""
        return [value for name in names for value in self._fields.get(name, ())]

    @cached_property
    def _fields(self) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for header in self.message.headers:
            found.setdefault(header.name.strip().lower().decode("latin-1"), []).append(header.value)
        return found

    @property
    def text(self) -> bytes:
        """All text of the body, ready for `Pattern.found`.  Raises Failure(UNINSPECTABLE), see `content`."""
        if isinstance(self._text, Failure):
            raise self._text.with_traceback(None)
        return self._text

    @cached_property
    def _text(self) -> bytes | Failure:
        # Also what cannot be seen is looked at once: the mail may have been made to take long.
        try:
            return content.text(self.message, self.site.inspect_bytes, self.files)
        except Failure as failure:
            return failure.with_traceback(None)

    @cached_property
    def files(self) -> Files:
        """The attachments and the files within them."""
        return Files(self.message, process.pool(self.site.extraction))

    def seen(self, item: Item) -> bytes:
        """The text of a file, ready for `Pattern.found`."""
        if id(item) not in self._seen:
            self._seen[id(item)] = seen(item.text)
        return self._seen[id(item)]

    @cached_property
    def _seen(self) -> dict[int, bytes]:
        return {}


def meant(recipient: Recipient) -> list[str]:
    """The addresses that the MTA may take that of *recipient* for, in the form to compare."""
    return [key(address) for address in destinations(recipient.address)]


Look = Callable[[Transaction], Iterable[bytes]]
"""Texts of a message in which to look for patterns.  Raises Failure if they cannot be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Mail:
    """A transaction as it concerns one recipient.  *added_by*: the rules that added him, by name."""

    transaction: Transaction
    recipient: Recipient
    added_by: frozenset[str] = frozenset()
