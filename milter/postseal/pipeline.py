"""Message in, copies or a refusal out: the one place where policy and methods meet.

Promises: everybody to whom policy lets the message go is in exactly one copy, and no copy is less
protected than policy asks for its recipients.  What cannot be done is refused as the treatment's
`on_error` says; plain delivery is never the way out.  Pure but for the spool files of large bodies;
whoever calls decides which copy stays in the MTA.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from postseal.envelope import Envelope, Recipient, key
from postseal.errors import Cause, Failure
from postseal.header_edits import addresses, edited
from postseal.message import Message
from postseal.methods.method import Method, Methods
from postseal.outcome import Copy, Held, Outcome
from postseal.treatment import AddAddress, Treatment, refusal

PLAIN = "plain"
"""The word of the method that protects nothing: for treatments that ask for no protection."""


class Decides(Protocol):
    """What the pipeline needs of a policy."""

    def decide(self, message: Message, envelope: Envelope) -> Mapping[Recipient, Treatment]:
        """What is to happen to *message* for each recipient of *envelope*."""
        ...


def process(message: Message, envelope: Envelope, policy: Decides, methods: Methods) -> Outcome:
    """What leaves us in place of *message*: copies, none if rules delete it; or why nothing does."""
    return carry_out(message, envelope, policy.decide(message, envelope), methods)


def carry_out(
    message: Message, envelope: Envelope, treatments: Mapping[Recipient, Treatment], methods: Methods
) -> Outcome:
    """The second half of `process`, for callers that look at the treatments in between."""
    for treatment in treatments.values():
        if treatment.refusal:
            return treatment.refusal
    holds = {hold for treatment in treatments.values() for hold in treatment.holds}
    if pending := sorted(hold for hold in holds if hold.rule not in envelope.released):
        # A queue file is held as a whole, so before anything is submitted for anybody.
        reasons = dict.fromkeys(hold.reason for hold in pending)
        return Held("; ".join(reasons), frozenset(hold.rule for hold in pending))
    visible = _visible(message)
    groups: dict[_Need, list[Recipient]] = {}
    for recipient, treatment in treatments.items():
        if not treatment.leaves:
            continue
        word = choose(methods.table, treatment, recipient)
        if word is None:
            detail = obstacles(methods.table, treatment, recipient)
            return refusal(Cause.NO_CERTIFICATE, treatment.on_error, detail)
        # A protected copy names its readers, so nobody may share one with a hidden recipient.
        hidden = word != PLAIN and not _shown(recipient, visible, treatment)
        alone = key(recipient.address) if hidden else ""
        groups.setdefault(_Need(word, treatment, alone), []).append(recipient)
    copies = []
    for need, recipients in groups.items():
        try:
            copies.append(_copy(message, envelope, tuple(recipients), need, methods))
        except Failure as failure:
            return refusal(failure.cause, need.treatment.on_error, failure.detail)
    return copies


def choose(table: Mapping[str, Method], treatment: Treatment, recipient: Recipient) -> str | None:
    """The word of the first method that *treatment* allows and that reaches *recipient*."""
    words: tuple[str, ...] = treatment.protect or (PLAIN,)
    return next((word for word in words if word in table and table[word].reaches(recipient)), None)


def obstacles(table: Mapping[str, Method], treatment: Treatment, recipient: Recipient) -> str:
    """Why no method that *treatment* allows reaches *recipient*, for the administrator."""
    reasons = (
        f"{word} ({table[word].obstacle(recipient) if word in table else 'no such method'})"
        for word in treatment.protect
    )
    return f"<{recipient.address}> is not reached by {', '.join(reasons)}"


class _Need(NamedTuple):
    """What recipients must have in common to share a copy."""

    method: str
    treatment: Treatment
    alone: str  # the address of one who must not share it, or ""


def _copy(
    message: Message, envelope: Envelope, recipients: tuple[Recipient, ...], need: _Need, methods: Methods
) -> Copy:
    treatment = need.treatment
    message = edited(message, treatment.headers)
    if treatment.sign or need.method != PLAIN:
        message = message.without("Bcc")
    if treatment.sign:
        message = methods.signature.sign(message, envelope)
    message = methods.table[need.method].protect(message, recipients)
    return Copy(message, recipients, need.method, signed=treatment.sign)


def _visible(message: Message) -> frozenset[str]:
    """The addresses that stand in To or Cc; those of Bcc, of lists, of aliases do not.

    The fields are cut into words rather than parsed: an address that only a forgiving parser would
    find counts as hidden, which costs a copy and gives nobody away.
    """
    fields = message.all("To", "Cc", "Resent-To", "Resent-Cc")
    return frozenset(key(word) for field in fields for word in addresses(field.value))


def _shown(recipient: Recipient, visible: frozenset[str], treatment: Treatment) -> bool:
    """Whether the other readers of his copy see that *recipient* gets it."""
    own = key(recipient.address)
    written = (edit.address for edit in treatment.headers if isinstance(edit, AddAddress))
    return own in visible or own in map(key, written)
