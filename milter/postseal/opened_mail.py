"""Mail that we have opened and that comes by again, on its way to somebody else: it leaves closed, or not.

A server behind us may send on what it got, and Postfix may expand an alias after a milter has seen the
recipients.  Such mail bears our word that we opened it.  Whoever writes that word himself has his mail
protected, which harms nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.guard.own import OME, SMIME, TLS, TLS_LATER, stripped, was_opened
from postseal.message import Header, Message
from postseal.outcome import Copy
from postseal.treatment import Treatment, Unreached

_CLOSING: Final = ("smime", "ome")

Accepts = Callable[[str], bool]
"""Whether an address is one of ours."""


def closed(treatments: Mapping[Recipient, Treatment], accepts: Accepts) -> Mapping[Recipient, Treatment]:
    """*treatments* with protection for everybody outside, as policy asks for it or by any method."""
    return {
        who: one
        if accepts(who.address)
        else replace(one, protect=_closing(one.protect), unreached=Unreached.REFUSE)
        for who, one in treatments.items()
    }


def postponed(copies: list[Copy]) -> list[Copy]:
    """*copies*; those that are open come by again, and the MTA is told only then which TLS they need.

    It has one filter for a message, the last that it is told of.
    """
    return [
        replace(copy, message=_renamed(copy.message, TLS, TLS_LATER)) if was_opened(copy.message) else copy
        for copy in copies
    ]


def check_closed(copies: list[Copy]) -> None:
    """Raises Failure if one of *copies* is open: it comes by again, and who it is for then knows no locks."""
    if any(was_opened(copy.message) for copy in copies):
        raise Failure(Cause.ALREADY, "an encrypted message was opened, and cannot be locked")


def due(message: Message, copies: list[Copy]) -> list[Copy]:
    """*copies* of *message* at its second time, with the TLS that it needs."""
    fields = [Header(TLS.encode("ascii"), later.value) for later in message.all(TLS_LATER, TLS)[:1]]
    return [
        replace(copy, message=replace(copy.message, headers=(*copy.message.headers, *fields)))
        for copy in copies
    ]


def _renamed(message: Message, old: str, new: str) -> Message:
    headers = (
        Header(new.encode("ascii"), each.value) if each.named(old) else each for each in message.headers
    )
    return replace(message, headers=tuple(headers))


def _closing(protect: tuple[str, ...]) -> tuple[str, ...]:
    """Those methods of *protect* that close a message, or all there are: by TLS it would travel open."""
    return tuple(word for word in protect if word in _CLOSING) or _CLOSING


def again(
    message: Message, envelope: Envelope, accepts: Accepts
) -> tuple[Message, Mapping[Recipient, Treatment], Mapping[Recipient, Message]]:
    """What becomes of *message*, which policy has judged already, at its second time.

    The message for those inside, with our word about it; the treatments; and the message for others.
    """
    clean = stripped(message)
    outside = {who: clean for who in envelope.recipients if not accepts(who.address)}
    treatments = closed(dict.fromkeys(envelope.recipients, Treatment()), accepts)
    # In its place, so that the MTA need not be told of it again.
    kept = tuple(header for header in message.headers if header in clean.headers or header.named(SMIME, OME))
    return replace(message, headers=kept), treatments, outside
