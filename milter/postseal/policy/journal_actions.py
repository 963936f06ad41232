"""The action that keeps a copy for an archive."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from postseal.binding import Reader
from postseal.document import Node
from postseal.policy.recipient_actions import receivers
from postseal.treatment import Journaled, Treatment


class Sealing(StrEnum):
    """How a journal copy travels."""

    PLAIN = "plain"
    SMIME = "smime"


@dataclass(frozen=True, slots=True)
class _Written:
    to: Annotated[tuple[str, ...], receivers]
    protect: Sealing = Sealing.PLAIN


def journals(node: Node, reader: Reader) -> tuple[Journaled, ...]:
    """Addresses of archives; or `{to: ADDRESSES, protect: smime}` for copies sealed to their certificates."""
    bound = reader.bind(node, _Written) if hasattr(node, "entries") else _Written(receivers(node))
    method = "" if bound.protect is Sealing.PLAIN else bound.protect.value
    return tuple(Journaled(to, method) for to in bound.to)


Journals = Annotated[tuple[Journaled, ...], journals]


def journal(treatment: Treatment, wanted: Journals) -> Treatment:
    """Send these addresses a journal copy: the message as it came, with who sent it to whom, Bcc too.

    Each gets one for each message, before anybody gets the message; what is protected stands open in it.
    So addresses that are not in `accepted_domains` need `protect: smime`.  If a copy cannot be made or is
    not taken, the message is deferred, whatever `on_error` says.
    """
    return replace(treatment, journals=treatment.journals + wanted)


ACTIONS: tuple[Callable[..., Treatment], ...] = (journal,)
"""The actions of this room."""
