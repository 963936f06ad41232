"""Which sender the conditions of a rule mean, as it says with `sender_address`.

That of the envelope, the authors in the From field, or either.  A condition names with `senders` what it
asks about one sender; `LOCATED` then has it for the other two.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TypeVar

from postseal.policy import facet
from postseal.policy.address import Written
from postseal.policy.mail import Mail, Transaction


class Location(StrEnum):
    """Where the sender's address is looked for."""

    ENVELOPE = "envelope"
    HEADER = "header"
    EITHER = "either"


Senders = Callable[[Transaction], Written]
"""The senders that are meant."""

_MEANT: dict[Location, Senders] = {
    Location.ENVELOPE: lambda transaction: Written((transaction.sender,)),
    Location.HEADER: lambda transaction: transaction.authors,
    Location.EITHER: lambda transaction: Written(
        (transaction.sender, *transaction.authors.sure), transaction.authors.doubtful
    ),
}

F = TypeVar("F", bound=Callable[..., bool])

LOCATED: dict[tuple[Callable[..., bool], Location], Callable[..., bool]] = {}
"""Conditions on the sender of the envelope, where they look elsewhere."""


def asks_of_sender(
    asked: Callable[..., bool], looked_up: Callable[[Senders], facet.Facet] | None = None
) -> Callable[[F], F]:
    """A decorator for conditions on the sender: they ask *asked*(subject, address, value).

    *looked_up*: the facet by which rules are looked up, if these senders are meant.
    """

    def note(function: F) -> F:
        for location, meant in _MEANT.items():
            located = function if location is Location.ENVELOPE else partial(_any, meant, asked)
            LOCATED[function, location] = located
            if looked_up:
                facet.asks(looked_up(meant))(located)
        return function

    return note


def _any(meant: Senders, asked: Callable[..., bool], subject: Transaction | Mail, value: object) -> bool:
    transaction = subject.transaction if isinstance(subject, Mail) else subject
    return meant(transaction).any(lambda address: asked(subject, address, value))
