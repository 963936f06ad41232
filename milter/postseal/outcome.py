"""What becomes of a message: copies that leave us, a reply that refuses it, or the MTA holds it."""

from dataclasses import dataclass, field

from postseal.envelope import Recipient
from postseal.errors import Cause
from postseal.message import Message
from postseal.required_tls import RequiredTls


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply (RFC 5321 §4.2) that refuses: *code* 4xx or 5xx, enhanced *status* (RFC 3463), *text*.

    *text* goes to the SMTP client: one plain sentence, nothing about our configuration.  *cause* and
    *detail* are for metrics and the log: why we could not, as against a refusal that a rule asks for.
    """

    code: int
    status: str
    text: str
    cause: Cause | None = field(default=None, compare=False)
    detail: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.code} {self.status} {self.text}"


@dataclass(frozen=True, slots=True)
class Held:
    """The MTA keeps the whole message, as it came, in quarantine until an administrator releases it.

    Released, it is judged again; nothing of it has left before.  *reason*: for the administrator, one
    line, ASCII.  *rules*: those whose wish it is, which are satisfied when it is released.  *cause* and
    *detail*: as in `Reply`, where it is held because we could not treat it.
    """

    reason: str
    rules: frozenset[str] = frozenset()
    cause: Cause | None = field(default=None, compare=False)
    detail: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"quarantine ({self.reason})"


@dataclass(frozen=True, slots=True)
class Copy:
    """A message that leaves us and the recipients it is for.

    *method*, *signed*: how it was protected, in words for metrics and logs.  *back*: it does not go to its
    recipients; the sender is told that they go without.  *tls*: what the MTA is told to require.
    """

    message: Message
    recipients: tuple[Recipient, ...]
    method: str
    signed: bool = False
    back: bool = False
    tls: RequiredTls | None = None


Outcome = Reply | Held | list[Copy]
"""Copies, or one of the two answers without any."""
