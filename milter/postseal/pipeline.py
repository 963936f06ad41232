"""Message in, copies or a refusal out: the one place where policy and methods meet.

Promises: everybody to whom policy lets the message go is in exactly one copy, and no copy is less
protected than policy asks for its recipients.  What cannot be done is answered as the treatment's
`on_error` says; plain delivery is the way out only where policy itself says that protection is wanted
"if possible", and then only for a recipient who is known to be out of reach, never after a failure.
Pure but for the spool files of large bodies; whoever calls decides which copy stays in the MTA.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, Protocol

from postseal.audience import can_be_told, shown, visible
from postseal.disclaimer import closed, disclaimed
from postseal.envelope import Envelope, Recipient, key
from postseal.errors import Cause, Failure
from postseal.header_edits import edited
from postseal.legacy_display import displayed
from postseal.message import Message
from postseal.methods.method import Manner, Methods, Order
from postseal.methods.selection import BOUNCED, choose, obstacles
from postseal.outcome import Copy, Held, Outcome, Reply
from postseal.policy import encryption
from postseal.remedy import REJECT, OnError, deferral, refusal
from postseal.required_tls import stricter
from postseal.treatment import Already, Fallback, Treatment

KEPT = "kept"
"""What copies are called that the sender protected himself."""


class Decides(Protocol):
    """What the pipeline needs of a policy."""

    def decide(self, message: Message, envelope: Envelope) -> Mapping[Recipient, Treatment]:
        """What is to happen to *message* for each recipient of *envelope*."""
        ...


def process(message: Message, envelope: Envelope, policy: Decides, methods: Methods) -> Outcome:
    """What leaves us in place of *message*: copies, none if rules delete it; or why nothing does."""
    return carry_out(message, envelope, policy.decide(message, envelope), methods)


def carry_out(
    message: Message,
    envelope: Envelope,
    treatments: Mapping[Recipient, Treatment],
    methods: Methods,
    instead: Mapping[Recipient, Message] = MappingProxyType({}),
) -> Outcome:
    """The second half of `process`, for callers that look at the treatments in between.

    *instead*: recipients whose copies are made of another message, as it was opened for them.
    """
    if stopped := _stopped(treatments, envelope):
        return stopped
    try:
        instead = methods.unsealed(message, envelope, treatments, instead)
    except Failure as failure:
        return deferral(failure.cause, failure.detail)
    # Whoever gets a copy of his own must not be named in those of others, protected or not.
    different = len(set(treatments.values())) > 1
    hides = different or any(treatment.protect or treatment.sign for treatment in treatments.values())
    works: dict[int, _Work] = {}
    copies: list[Copy] = []
    waiting = [_Wish(who, treatment) for who, treatment in treatments.items() if treatment.leaves]
    while waiting:
        groups: dict[_Need, list[_Wish]] = {}
        for wish in waiting:
            own = instead.get(wish.recipient, message)
            work = works.setdefault(id(own), _Work(own.without("Bcc") if hides else own, envelope, methods))
            try:
                need = work.need(wish)
            except Failure as failure:
                return refusal(failure.cause, wish.on_error(failure.cause), failure.detail)
            groups.setdefault(need, []).append(wish)
        waiting = []
        for need, wishes in groups.items():
            try:
                copies.append(need.work.copy(need, tuple(wish.recipient for wish in wishes)))
            except Failure as failure:
                on_error = need.treatment.on_error
                if need.word not in need.treatment.protect or not on_error.goes_on(failure.cause):
                    return refusal(failure.cause, on_error, failure.detail)
                waiting += [wish._replace(after=need.word, failed=failure) for wish in wishes]
    if copies and all(copy.back for copy in copies):
        # Nobody would get the message, so there is nothing that a bounce could tell better than a refusal.
        detail = "no recipient is reached by a method that policy allows"
        return refusal(Cause.NO_CERTIFICATE, REJECT, detail)
    return copies


def _stopped(treatments: Mapping[Recipient, Treatment], envelope: Envelope) -> Reply | Held | None:
    """Why policy lets no copy leave, for anybody."""
    for treatment in treatments.values():
        if treatment.refusal:
            return treatment.refusal
    holds = {hold for treatment in treatments.values() for hold in treatment.holds}
    pending = sorted(hold for hold in holds if hold.rule not in envelope.released)
    # A queue file is held as a whole, so before anything is submitted for anybody.
    reasons = dict.fromkeys(hold.reason for hold in pending)
    return Held("; ".join(reasons), frozenset(hold.rule for hold in pending)) if pending else None


def intended(
    message: Message, envelope: Envelope, methods: Methods, *, recipient: Recipient, treatment: Treatment
) -> str:
    """What *recipient*'s copy of *message* would be called: a method, `PLAIN`, `KEPT` or `BOUNCED`.

    Raises Failure if there would be none.
    """
    return _Work(message, envelope, methods).need(_Wish(recipient, treatment)).word


class _Wish(NamedTuple):
    """What is asked for one recipient; *after*: the last method that was tried, and why it *failed*."""

    recipient: Recipient
    treatment: Treatment
    after: str = ""
    failed: Failure | None = None

    def on_error(self, cause: Cause) -> OnError:
        """The failure policy for *cause*; mail that must not be encrypted already is refused for good."""
        return REJECT if cause is Cause.ALREADY else self.treatment.on_error


class _Need(NamedTuple):
    """What recipients must have in common to share a copy."""

    work: "_Work"
    word: str
    treatment: Treatment
    alone: str  # the address of one who must not share it, or ""
    manner: Manner = Manner()


class _Work:
    """One message on its way into copies."""

    def __init__(self, message: Message, envelope: Envelope, methods: Methods) -> None:
        self._message = message
        self._envelope = envelope
        self._methods = methods

    def need(self, wish: _Wish) -> _Need:
        """What *wish* comes to.  Raises Failure if it cannot be met."""
        recipient, treatment = wish.recipient, wish.treatment
        if any(each.fallback is Fallback.REJECT for each in treatment.disclaimers) and self._closed:
            raise Failure(Cause.ALREADY, "no disclaimer can be written into signed or encrypted mail")
        if treatment.protect and not wish.after and self._left_alone(treatment):
            return _Need(self, KEPT, treatment, "")
        table = self._methods.table
        word = choose(table, treatment, recipient, after=wish.after, failed=wish.failed)
        if word == BOUNCED and not can_be_told(self._message, self._envelope, recipient):
            raise Failure(Cause.NO_CERTIFICATE, obstacles(table, treatment, recipient))
        # A protected copy names its readers, so nobody may share one with a hidden recipient.
        alone = word in treatment.protect and not shown(recipient, self._visible, treatment)
        manner = table[word].manner(recipient) if word in treatment.protect else Manner()
        return _Need(self, word, treatment, key(recipient.address) if alone else "", manner)

    def copy(self, need: _Need, recipients: tuple[Recipient, ...]) -> Copy:
        """The copy of *recipients*.  Raises Failure."""
        made, tls = self._made(need, recipients), stricter(need.treatment.tls, need.manner.tls)
        if tls is None or made.back:
            return made
        # The sender's wish to go without (RFC 8689 §5) is not the next server's to grant either.
        return replace(made, message=made.message.without("TLS-Required").adding(tls.field), tls=tls)

    def _made(self, need: _Need, recipients: tuple[Recipient, ...]) -> Copy:
        treatment = need.treatment
        if need.word == BOUNCED:
            return Copy(self._message, recipients, BOUNCED, back=True)
        message = edited(self._message, treatment.headers)
        for each in treatment.disclaimers:
            message = disclaimed(message, each, self._methods.spool)
        sign = treatment.sign and need.word != KEPT and not self._has_signature(treatment)
        if treatment.protect or treatment.sign:
            message = message.without("Bcc")
        if need.manner.displays:
            message = displayed(message, self._methods.spool)
        signature = self._methods.signature
        if need.word not in treatment.protect:
            message = signature.finish(message, self._envelope) if sign else message
            return Copy(message, recipients, need.word, signed=sign)
        if sign:
            message = signature.sign(message, self._envelope, veil=need.manner.veil)
        message = self._methods.table[need.word].protect(
            message, recipients, order=Order(self._message, self._envelope, treatment)
        )
        if sign and need.manner.wraps:
            message = signature.sign(message, self._envelope)
        return Copy(message, recipients, need.word, signed=sign)

    def _left_alone(self, treatment: Treatment) -> bool:
        """Whether the message stays as the sender protected it.  Raises Failure(ALREADY) if it must not."""
        if treatment.already is Already.WRAP or not self._encrypted:
            return False
        if treatment.already is Already.REJECT:
            raise Failure(Cause.ALREADY, "the sender has encrypted the message")
        if treatment.withheld and not self._sealed_already(treatment):
            raise Failure(Cause.ALREADY, "the sender has encrypted a message of which rights are withheld")
        return True

    def _sealed_already(self, treatment: Treatment) -> bool:
        """Whether a method has made the message that can withhold what *treatment* does."""
        able = (each for each in self._methods.table.values() if treatment.withheld <= each.enforces)
        return any(method.made(self._message) for method in able)

    def _has_signature(self, treatment: Treatment) -> bool:
        """Whether the message stays without our signature, because the sender signed or encrypted it."""
        return treatment.already is not Already.WRAP and (self._encrypted or self._signed)

    @cached_property
    def _closed(self) -> bool:
        return closed(self._message)

    @cached_property
    def _encrypted(self) -> bool:
        made = any(method.made(self._message) for method in self._methods.table.values())
        return made or encryption.encrypted(self._message)

    @cached_property
    def _signed(self) -> bool:
        return encryption.signed(self._message)

    @cached_property
    def _visible(self) -> frozenset[str]:
        return visible(self._message)
