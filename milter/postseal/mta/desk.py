"""What a session works with, and what becomes of a whole message there.

Nothing that one message can cause is raised; what is neither judged nor carried out is refused as policy's
`on_error` says.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from postseal import letter, log, opened_mail
from postseal.arrival import AGAIN, Arrived, Reception
from postseal.body import Spool
from postseal.delivery import Delivery, Undelivered
from postseal.edits import HEADERS_ONLY, AddRecipient, ChangeSender, DeleteRecipient, edits
from postseal.envelope import Envelope, Recipient, unambiguous
from postseal.errors import Cause, Failure
from postseal.guard.own import unquotable, was_opened
from postseal.journaling import NoJournal, journal
from postseal.letter import letters
from postseal.locking import NotLocked
from postseal.message import Message
from postseal.metrics import Metrics
from postseal.mta.answer import Prepared, prepared
from postseal.mta.rulebook import Rulebook
from postseal.mta.traffic import Pulse, Traffic
from postseal.outcome import Copy, Held, Outcome, Reply
from postseal.pipeline import carry_out
from postseal.remedy import DEFER, Choice, deferral, refusal
from postseal.treatment import Treatment

_TOO_MANY_RECIPIENTS = Reply(550, "5.5.3", "This message has too many recipients.", Cause.LIMIT)
_ODD_ADDRESS = Reply(553, "5.1.3", "An address of this message is not well-formed.", Cause.UNINSPECTABLE)


@dataclass(slots=True)
class Desk:
    """What every session of a worker works with.  *rulebook* may be replaced; messages keep theirs."""

    rulebook: Rulebook
    spool: Spool
    metrics: Metrics
    traffic: Traffic
    pulse: Pulse
    reception: Reception
    delivery: Delivery | None = None


@dataclass(slots=True)
class Treated:
    """What becomes of a message.  *seconds*: by stage.

    *changes*: if copies leave, what makes one of them of what the MTA has; if it is held, what makes it fit
    to come back.  None if nothing stays: all were served at an earlier try, or a rule deletes the mail.
    """

    outcome: Outcome
    changes: Prepared | None = None
    treatments: Mapping[Recipient, Treatment] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mta:
    """What the MTA of a connection agreed to, and the name of its *listener*."""

    leading_space: bool
    can_hold: bool
    can_change_sender: bool = True
    listener: str = ""


def treat(message: Message, envelope: Envelope, desk: Desk, book: Rulebook, *, mta: Mta) -> Treated:
    """Judge *message* by *book* and do what that asks for, up to what the MTA has to be told."""
    if len(envelope.recipients) > book.limits.recipients:
        return Treated(_TOO_MANY_RECIPIENTS)
    if odd := _odd(envelope):
        return Treated(replace(_ODD_ADDRESS, detail=f"the MTA may read another address in <{odd}>"))
    started = time.monotonic()
    try:
        arrived = desk.reception.arrived(message, envelope, listener=mta.listener, hops=book.limits.hops)
        if mta.listener != AGAIN and arrived.outcome is None:
            clean, locked = book.locking.taken(message, arrived.message, arrived.envelope)
            arrived = replace(arrived, message=clean, envelope=locked)
    except Failure as failure:
        return Treated(deferral(failure.cause, failure.detail))
    except NotLocked as error:
        return Treated(error.reply)
    if mta.listener == AGAIN and arrived.outcome is None:
        done, told = _judged_again(message, envelope, book)
    else:
        done, told = _judged(arrived, book, opened=was_opened(message))
    decided = done.seconds.get("decide", 0.0)
    if (again := _to_be_tried_again(arrived.message, envelope, done, desk.delivery)) is not None:
        done.outcome, told = again, []
    if isinstance(done.outcome, Held) and not _hold(message, arrived, done, desk, mta):
        told = []
    if told and (failed := _told(arrived.message, envelope, told, desk.delivery)):
        done.outcome = deferral(failed.cause, failed.detail)
    if isinstance(done.outcome, list):

        def ready(stays: Copy) -> Prepared:
            kept, given = dict.fromkeys(stays.recipients), dict.fromkeys(envelope.recipients)
            # Who comes first: an MTA might take a message without any recipient for finished.
            come = [AddRecipient(r.address) for r in kept if r not in given]
            gone = [DeleteRecipient(r.address) for r in given if r not in kept]
            told = [*come, *gone, *_without_quotation(stays, envelope, mta), *edits(message, stays.message)]
            return prepared(told, with_leading_space=mta.leading_space)

        try:
            done.changes = _changes(arrived.message, envelope, done.outcome, desk.delivery, ready)
        except Failure as failure:
            done.outcome = _undelivered(failure, done.treatments)
        _hold(message, arrived, done, desk, mta)
    done.seconds["protect"] = time.monotonic() - started - decided
    return done


def _to_be_tried_again(
    message: Message, envelope: Envelope, done: Treated, delivery: Delivery | None
) -> Reply | None:
    """A deferral in place of a refusal for good, or of quarantine, where somebody has his copy already.

    Whoever is told that his message failed sends it again, and so does who releases it.
    """
    outcome, who = done.outcome, {*envelope.recipients, *done.treatments}
    final = isinstance(outcome, Held) or (isinstance(outcome, Reply) and outcome.code >= 500)
    if not final or delivery is None or len(who) < 2:  # mail for one is never divided
        return None
    try:
        if not delivery.served(message, envelope, who):
            return None
    except Failure as failure:
        return deferral(failure.cause, failure.detail)
    return deferral(Cause.SUBMISSION, f"some recipients have their copies; otherwise it would be: {outcome}")


def _odd(envelope: Envelope) -> str:
    """An address that policy judges as written and the MTA serves as it reads it; "" if there is none."""
    addresses = [envelope.sender, *(recipient.address for recipient in envelope.recipients)]
    return next((each for each in addresses if each and not unambiguous(each)), "")


def _judged_again(
    message: Message, envelope: Envelope, book: Rulebook
) -> tuple[Treated, list[letter.Letter]]:
    """What becomes of a message that we have opened, for those who are its recipients in the end."""
    try:
        ours, treatments, others = opened_mail.again(message, envelope, book.incoming.accepts)
        outcome = carry_out(ours, envelope, treatments, book.methods, others)
        if isinstance(outcome, list):
            outcome = opened_mail.due(message, outcome)
    except Failure as failure:
        return Treated(refusal(failure.cause, DEFER, failure.detail)), []
    except Exception as error:  # noqa: BLE001 (our own fault)
        return Treated(refusal(Cause.INTERNAL, DEFER, log.trace(error))), []
    return Treated(outcome, treatments=treatments), []


def _judged(arrived: Arrived, book: Rulebook, *, opened: bool) -> tuple[Treated, list[letter.Letter]]:
    """What policy makes of a message, before anything of it leaves, and what is written about it.

    *opened*: whether we have opened it before.
    """
    if arrived.outcome is not None:
        return Treated(arrived.outcome), []
    started = time.monotonic()
    try:
        received = book.incoming.received(arrived.message, arrived.envelope)
        envelope = replace(arrived.envelope, smime=received.state)
        treatments = book.policy.decide(received.content, envelope)
        treatments = opened_mail.closed(treatments, book.incoming.accepts) if opened else treatments
        decided = time.monotonic()
        outcome = carry_out(arrived.message, envelope, treatments, book.methods, received.copies)
        if isinstance(outcome, list):
            outcome = opened_mail.postponed(outcome)
            if envelope.locks:
                opened_mail.check_closed(outcome)
            served = [each for copy in outcome if not copy.back for each in copy.recipients]
            book.note(received.content, envelope, served)
        told = _letters(received.content, envelope, treatments, outcome, book)
    except NoJournal as failure:  # whatever the policy makes of other failures: no copy, no mail
        return Treated(deferral(failure.cause, failure.detail)), []
    except Failure as failure:
        return Treated(refusal(failure.cause, book.on_error, failure.detail)), []
    except Exception as error:  # noqa: BLE001 (our own fault, and policy says what becomes of the mail)
        return Treated(refusal(Cause.INTERNAL, book.on_error, log.trace(error))), []
    resolved = {now: asked for each, asked in treatments.items() for now in arrived.now(each)}
    seconds = {"decide": decided - started}
    return Treated(arrived.resolved(outcome), treatments=resolved, seconds=seconds), told


def _letters(
    message: Message,
    envelope: Envelope,
    treatments: Mapping[Recipient, Treatment],
    outcome: Outcome,
    book: Rulebook,
) -> list[letter.Letter]:
    """What is written about *message*, journal copies first.  Raises Failure."""
    desk, at = book.letters, datetime.now(UTC)
    told = letters(message, envelope, treatments, outcome, desk=desk, at=at)
    if isinstance(outcome, list):
        about = message, envelope, treatments, outcome
        told = [*journal(*about, desk=desk, methods=book.methods, at=at), *told]
    return told


def _told(
    message: Message, envelope: Envelope, letters: Sequence[letter.Letter], delivery: Delivery | None
) -> Failure | None:
    """Send *letters*; why that has to be tried again, if it has to."""
    if delivery is None:
        return Failure(Cause.SUBMISSION, "there is no listener to submit notices to")
    try:
        delivery.tell(message, envelope, letters)
    except Failure as failure:
        return failure
    return None


def _changes(
    message: Message,
    envelope: Envelope,
    copies: Sequence[Copy],
    delivery: Delivery | None,
    ready: Callable[[Copy], Prepared],
) -> Prepared | None:
    """What the MTA's message has to become, after all that cannot stay in it has been submitted.

    None if nothing stays: all recipients were served at an earlier try, or a rule deletes the mail.
    """
    if not copies:
        return None
    first = copies[0]
    may_stay = not first.back and (delivery is None or delivery.submission.keeps(first))
    if may_stay and all(copy.message is first.message and not copy.back for copy in copies):
        # One transaction carries one body to all its recipients, and that is all they need.
        copies = [replace(first, recipients=tuple(who for copy in copies for who in copy.recipients))]
        if not _divided_before(message, envelope, copies[0], delivery):
            return ready(copies[0])
    if delivery is None:
        words = ", ".join(copy.method for copy in copies)
        raise Failure(Cause.SPLIT, f"{len(copies)} different copies: {words}")
    stays = delivery.divide(message, envelope, copies, ready)
    return ready(stays) if stays else None


def _divided_before(message: Message, envelope: Envelope, copy: Copy, delivery: Delivery | None) -> bool:
    """Whether some of *copy*'s recipients were served at an earlier try, when they needed different copies.

    Policy, or somebody's certificates, may have changed since.  While the store is away nobody knows, and
    mail that needs nothing else of it does not wait for it.
    """
    if delivery is None or len({*envelope.recipients, *copy.recipients}) < 2:
        return False
    try:
        return delivery.served(message, envelope, copy.recipients)
    except Failure:
        return False


def _without_quotation(stays: Copy, envelope: Envelope, mta: Mta) -> list[ChangeSender]:
    """That a bounce is not to quote the message, if we have opened it or it must not travel without TLS."""
    if not (unquotable(stays.message) and envelope.sender and mta.can_change_sender):
        return []
    identity = (word for word in envelope.parameters if word.upper().startswith("ENVID="))
    return [ChangeSender(envelope.sender, " ".join([HEADERS_ONLY, *identity]))]


def _hold(message: Message, arrived: Arrived, done: Treated, desk: Desk, mta: Mta) -> bool:
    """If *message* is to be held, note what it has to become before; False, and deferred, if it cannot be."""
    if isinstance(done.outcome, Held):
        try:
            done.changes = _kept(message, arrived, done.outcome, desk, mta)
        except Failure as failure:
            done.outcome = deferral(failure.cause, failure.detail)
            return False
    return True


def _kept(message: Message, arrived: Arrived, outcome: Held, desk: Desk, mta: Mta) -> Prepared:
    """What the MTA's message has to become before it is held.  Raises Failure if it cannot be."""
    if not mta.can_hold:
        raise Failure(Cause.UNWRITABLE, f"this MTA cannot hold mail: {outcome}: {outcome.detail}")
    kept = desk.reception.held(arrived, outcome)
    return prepared(edits(message, kept), with_leading_space=mta.leading_space)


def _undelivered(failure: Failure, treatments: Mapping[Recipient, Treatment]) -> Reply | Held:
    """What becomes of a message of which a copy, or none, can leave."""
    whose = next(iter(treatments))
    if isinstance(failure, Undelivered):
        whose = failure.recipients[0]
        # Some have their copies: whoever is told now that the message failed would send it to them again,
        # and so would a release from quarantine, long after what was submitted is forgotten.
        if failure.begun and treatments[whose].on_error.last(failure.cause).choice is not Choice.DEFER:
            return deferral(failure.cause, failure.detail)
    return refusal(failure.cause, treatments[whose].on_error, failure.detail)
