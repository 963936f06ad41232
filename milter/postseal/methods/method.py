"""What a method is: a way to protect a message that the pipeline can choose by its word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from postseal.body import Spool
from postseal.cms.header_protection import Veil
from postseal.envelope import Envelope, Recipient
from postseal.message import Message
from postseal.required_tls import RequiredTls
from postseal.rights import Right
from postseal.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Order:
    """What a method may have to know besides the message that it protects.

    *original*: the message as the MTA has it, the same at each try; *envelope*: its own.
    """

    original: Message
    envelope: Envelope
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class Manner:
    """How a copy is to be protected: recipients for whom it differs share none.

    *cipher*: the one that they insist on, "" for any.  *veil*: what of the header stays readable outside.
    *displays*: whether what is hidden outside is shown in the text, for programs that do not know of it.
    *wraps*: whether what was signed is signed again when it is encrypted.  *tls*: what the copy needs on its
    way.
    """

    cipher: str = ""
    veil: Veil = Veil.CLEAR
    displays: bool = False
    wraps: bool = False
    tls: RequiredTls | None = None


class Method(Protocol):
    """A way to protect mail.  Raises `Failure` where it cannot; never returns less protection."""

    @property
    def enforces(self) -> frozenset[Right]:
        """The usage rights that it can withhold from a reader."""
        ...

    def reaches(self, recipient: Recipient) -> bool:
        """Whether a message protected this way can be read by *recipient*."""
        ...

    def obstacle(self, recipient: Recipient) -> str:
        """Why it does not reach *recipient*, for the administrator; asked only where it does not."""
        ...

    def manner(self, recipient: Recipient) -> Manner:
        """How the copy that *recipient* gets is to be protected."""
        ...

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        """*message* as *recipients*, and nobody else, can read it.

        May be called anew for the same message, when the MTA or the sender tries again.
        """
        ...

    def made(self, message: Message) -> bool:
        """Whether *message* is one that this method has made, so that it needs no protection any more.

        Told by its octets; a method whose messages anybody can recognise need not say so.
        """
        ...


class Signature(Protocol):
    """Signs on behalf of the sender, before any method protects the message."""

    def finish(self, message: Message, envelope: Envelope) -> Message:
        """*message*, which nothing protects any further, with the sender's signature.

        Raises Failure(NO_SIGNER) if nobody may sign for it.
        """
        ...

    def sign(self, message: Message, envelope: Envelope, *, veil: Veil = Veil.CLEAR) -> Message:
        """*message* with the sender's signature.  Raises Failure(NO_SIGNER) if nobody may sign for it.

        *veil*: what of the header the copy leaves readable outside, once it is protected.
        """
        ...


class Unsealing(Protocol):
    """Opens what a method of ours has sealed, where a rule asks for it."""

    def opened(
        self, message: Message, envelope: Envelope, recipients: Iterable[Recipient]
    ) -> Mapping[Recipient, Message]:
        """*message* as those of *recipients* are to have it for whom something in it may be opened.

        Recipients for whom the same may be opened have the same object.  May raise Failure.
        """
        ...


@dataclass(frozen=True, slots=True)
class Methods:
    """What the pipeline may use: methods by the word of policies, the signature, room for bodies.

    *unsealing*: None where nothing is sealed.
    """

    table: Mapping[str, Method]
    signature: Signature
    spool: Spool = field(default_factory=Spool)
    unsealing: Unsealing | None = None

    def unsealed(
        self,
        message: Message,
        envelope: Envelope,
        treatments: Mapping[Recipient, Treatment],
        instead: Mapping[Recipient, Message],
    ) -> Mapping[Recipient, Message]:
        """*instead*, with what is opened for those who are to have it so; others get *message*.

        May raise Failure.
        """
        if self.unsealing is None:
            return instead
        asking: dict[int, list[Recipient]] = {}
        for who, treatment in treatments.items():
            if treatment.unseal and treatment.leaves:
                asking.setdefault(id(instead.get(who, message)), []).append(who)
        for people in asking.values():
            own = instead.get(people[0], message)
            instead = {**instead, **self.unsealing.opened(own, envelope, people)}
        return instead
