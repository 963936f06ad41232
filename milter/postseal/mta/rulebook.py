"""The rulebook of a session: policy, methods, and what both need, of one generation."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from postseal import letter
from postseal.envelope import Envelope, Recipient
from postseal.incoming.incoming import Received
from postseal.locking import Locking
from postseal.message import Message
from postseal.methods.method import Methods
from postseal.pipeline import Decides
from postseal.remedy import DEFER, OnError
from postseal.settings.settings import Limits


class Opens(Protocol):
    """Opens what comes in."""

    def received(self, message: Message, envelope: Envelope) -> Received:
        """*message* as policy and as each recipient is to see it.  May raise Failure."""
        ...

    @property
    def accepts(self) -> Callable[[str], bool]:
        """Whether an address is one of ours."""
        ...


def anybody(_address: str) -> bool:
    """True: who opens nothing has nothing to close."""
    return True


@dataclass(frozen=True, slots=True)
class AsItCame:
    """Opens nothing that comes in.  *accepts*: whose mail need not be closed if a rule opens it."""

    accepts: Callable[[str], bool] = anybody

    def received(self, message: Message, envelope: Envelope) -> Received:
        """*message* as it is."""
        return Received(message)


def _nothing(_message: Message, _envelope: Envelope, _recipients: Collection[Recipient]) -> None:
    """Note nothing."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a message is judged by from its MAIL to its answer.

    *note*: told of a message who is about to get it; may raise Failure.
    """

    policy: Decides
    methods: Methods
    limits: Limits
    on_error: OnError = DEFER
    letters: letter.Desk = field(default_factory=letter.Desk)
    incoming: Opens = field(default_factory=AsItCame)
    note: Callable[[Message, Envelope, Collection[Recipient]], None] = _nothing
    locking: Locking = field(default_factory=Locking)
