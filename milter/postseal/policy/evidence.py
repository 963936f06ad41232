"""What a rule found in a mail, and whom it may tell about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from postseal.errors import Failure
from postseal.notice import MANAGER, Include, Kind, Match, Notice, masked
from postseal.policy.clause import Answer, Condition
from postseal.policy.mail import Mail, Transaction
from postseal.policy.pattern import Pattern
from postseal.policy.sensitive.query import Query

_MOST = 10
"""Matches of one condition that are told."""


def with_evidence(notices: tuple[Notice, ...], answer: Answer, mail: Mail) -> Iterator[Notice]:
    """*notices* with whom and what they are about; those that must not be sent are left out.

    Raises Failure if the directory must name somebody and does not answer.
    """
    transaction = mail.transaction
    if not notices or _automatic_report(transaction):
        return
    matches = tuple(_matches(answer, mail))
    person = not _automatic(transaction)
    for notice in notices:
        to = notice.to
        if notice.kind is Kind.SENDER:
            to = transaction.envelope.sender if person and transaction.from_inside else ""
        elif notice.kind is Kind.RECIPIENT:
            to = mail.recipient.address if person else ""
        elif to == MANAGER:
            to = transaction.person(transaction.sender).manager
        if to:
            outside = not transaction.site.accepts(to)
            # Whom policies name is checked when they are loaded; a manager may be anybody.
            include = tuple(each for each in notice.include if not (outside and each is Include.ORIGINAL))
            about = (mail.recipient.address,)
            yield replace(notice, to=to, outside=outside, include=include, about=about, matches=matches)


def _automatic(transaction: Transaction) -> bool:
    """Whether a program sent the message, to which nobody should answer (RFC 3834 §2)."""
    values = [value.strip().lower() for value in transaction.header("auto-submitted")]
    bulk = {b"bulk", b"list", b"junk"}.intersection(
        value.strip().lower() for value in transaction.header("precedence")
    )
    listed = transaction.header("list-id") or bulk
    return not transaction.envelope.sender or any(value != b"no" for value in values) or bool(listed)


def _automatic_report(transaction: Transaction) -> bool:
    """Whether the message may be a notice that came back; of those no notice is sent.

    Who has logged in cannot keep reports from being written by looking like one.
    """
    automatic = any(value.strip().lower() != b"no" for value in transaction.header("auto-submitted"))
    return not transaction.envelope.sender and automatic and not transaction.envelope.client.login


def _matches(answer: Answer, mail: Mail) -> Iterator[Match]:
    for condition, truth in answer.because:
        if truth is True:
            yield Match(str(condition), found(condition, mail))


def found(condition: Condition, mail: Mail) -> tuple[str, ...]:
    """The first few pieces of text for which *condition* holds, masked."""
    return tuple(dict.fromkeys(masked(each) for each in _found(condition, mail)))[:_MOST]


@dataclass(frozen=True, slots=True, eq=False)
class _Recorder:
    """A pattern that notes what it finds."""

    pattern: Pattern
    noted: list[str]

    def found(self, text: bytes) -> bool:
        """The pattern's answer."""
        self.noted.extend(self.pattern.hits(text, _MOST))
        return self.pattern.found(text)


def _found(condition: Condition, mail: Mail) -> list[str]:
    """What a condition on texts found, as the mail has it."""
    noted: list[str] = []
    value = condition.value
    recorder: object
    if isinstance(value, Query):
        return value.hits(mail.transaction)
    if isinstance(value, Pattern):
        recorder = _Recorder(value, noted)
    elif isinstance(value, Mapping):
        recorder = {
            name: _Recorder(each, noted) if isinstance(each, Pattern) else each
            for name, each in value.items()
        }
    else:
        return []
    try:
        condition.function(mail if condition.about_recipient else mail.transaction, recorder)
    except Failure:
        return []
    return noted
