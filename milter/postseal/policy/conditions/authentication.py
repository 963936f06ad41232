"""Conditions on what servers of ours found about the message's origin; see `authentication` in the settings.

Where none of them says anything, the result is `none`.
"""

from collections.abc import Callable
from typing import Annotated

from postseal.policy import facet
from postseal.policy.authentication import Result
from postseal.policy.condition_values import choices
from postseal.policy.mail import Transaction

Results = Annotated[frozenset[Result], choices(Result)]


def _said(method: str) -> Callable[[Transaction], frozenset[Result]]:
    return lambda transaction: transaction.authenticity.get(method, frozenset({Result.NONE}))


@facet.asks(facet.Keys(_said("spf")))
def spf(transaction: Transaction, results: Results) -> bool:
    """The client may send for the sender's domain, or may not, as SPF says (RFC 7208)."""
    return not results.isdisjoint(_said("spf")(transaction))


@facet.asks(facet.Keys(_said("dkim")))
def dkim(transaction: Transaction, results: Results) -> bool:
    """A DKIM signature is good, or is not (RFC 6376); of several, one with such a result is enough."""
    return not results.isdisjoint(_said("dkim")(transaction))


@facet.asks(facet.Keys(_said("dmarc")))
def dmarc(transaction: Transaction, results: Results) -> bool:
    """The author's domain is who it says, or is not, as DMARC has it (RFC 7489)."""
    return not results.isdisjoint(_said("dmarc")(transaction))
