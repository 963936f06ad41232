"""A decision in words, for the administrator who asks why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from postseal.envelope import Recipient
from postseal.errors import Failure
from postseal.outcome import Held
from postseal.policy import evidence
from postseal.policy.mail import Mail, Transaction
from postseal.policy.rule import Mode, Verdict
from postseal.policy.sensitive.query import Query
from postseal.reference import span
from postseal.rights import Right
from postseal.treatment import (
    AddAddress,
    AddHeader,
    Already,
    ChangeSubject,
    HeaderEdit,
    PrependSubject,
    RemoveHeader,
    SetHeader,
    StripSubject,
    Treatment,
    Unreached,
)

_PROTECT = {
    Unreached.REFUSE: "protect",
    Unreached.BOUNCE: "protect_or_bounce",
    Unreached.PLAIN: "protect_if_possible",
}
_TRUTHS = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Line:
    """What was decided for one recipient; *verdicts*: of the rules looked at, in order."""

    recipient: Recipient
    treatment: Treatment
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a policy says about one message; `str` gives it in words, recipient by recipient."""

    digest: str
    transaction: Transaction
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        transaction = self.transaction
        scope = "inside" if transaction.from_inside else "outside"
        head = f"policy {self.digest}: from <{transaction.envelope.sender}> ({scope})"
        return "\n".join([head, *(text for line in self.lines for text in _told(line, transaction))])


def _told(line: Line, transaction: Transaction) -> Iterator[str]:
    yield f"to <{line.recipient.address}>: {described(line.treatment)}"
    for verdict in line.verdicts:
        yield f"  {told(verdict)}"
        if verdict.answer:
            for condition, truth in verdict.answer.because:
                word = _TRUTHS[truth] if isinstance(truth, bool) else f"cannot tell: {truth.detail}"
                yield f"    {condition.place}: {condition} - {word}"
                if truth is True and isinstance(condition.value, Query):
                    found = evidence.found(condition, Mail(transaction, line.recipient))
                    yield f"      found: {', '.join(found)}"


def told(verdict: Verdict) -> str:
    """One verdict in one line."""
    rule = verdict.rule
    if verdict.answer is None:
        said = "is switched off" if rule.mode is Mode.OFF else "is not active at this time"
    elif isinstance(verdict.answer.truth, Failure):
        said = "cannot tell whether it applies"
    elif not verdict.answer.truth:
        said = "does not apply"
    elif rule.mode is not Mode.ENFORCE:
        said = f"would apply (mode: {rule.mode})"
    else:
        said = "applies and is the last" if verdict.last else "applies"
    return f"{rule.place}: rule '{rule.name}' {said}"


def described(treatment: Treatment) -> str:
    """*treatment* in the words of the policy language; `plain` if it asks for nothing."""
    if treatment.refusal:
        reply = treatment.refusal
        cause = f" ({reply.cause}: {reply.detail})" if reply.cause else ""
        if isinstance(reply, Held):
            return f"{reply}{cause}"
        return f"{'reject' if reply.code >= 500 else 'defer'}: {reply}{cause}"
    parts = []
    if treatment.deleted:
        return "delete: true"
    for word, additions in (("redirect", treatment.redirected), ("add", treatment.added)):
        if additions:
            parts.append(f"{word}: [{', '.join(dict.fromkeys(each.address for each in additions))}]")
    if treatment.protect:
        parts.append(f"{_PROTECT[treatment.unreached]}: [{', '.join(treatment.protect)}]")
        parts += _protected(treatment)
    parts += [f"template: {each.word}" for each in treatment.templates]
    if treatment.withheld:
        parts.append(f"withhold: [{', '.join(each for each in Right if each in treatment.withheld)}]")
    if treatment.attachments:
        parts.append(f"attachments: {treatment.attachments}")
    if treatment.unseal:
        parts.append("unseal: true")
    if treatment.sign:
        parts.append("sign: true")
    parts += [f"require_tls: {required}" for required in (treatment.tls,) if required]
    parts += [f"quarantine: {hold.reason}" for hold in treatment.holds]
    if str(treatment.on_error):
        parts.append(f"on_error: {treatment.on_error}")
    if not parts:
        parts.append("plain")
    parts += [
        f"disclaimer: {{side: {each.side}, fallback: {each.fallback}}}" for each in treatment.disclaimers
    ]
    parts += [f"overridden: {each.rule} ({each.reason})" for each in treatment.overridden]
    told = dict.fromkeys(f"{notice.kind}: {notice.to}" for notice in treatment.notices)
    kept = dict.fromkeys(f"journal: {each.to}" for each in treatment.journals)
    told |= kept
    return ", ".join([*parts, *(_edit(edit) for edit in treatment.headers), *told])


def _protected(treatment: Treatment) -> Iterator[str]:
    if treatment.already is not Already.LEAVE:
        yield f"already_protected: {treatment.already}"
    if treatment.lifetime is not None:
        yield f"expire: {span(int(treatment.lifetime))}"
    if treatment.cover is not None:
        yield f"cover_subject: {treatment.cover}"
    if treatment.form is not None:
        yield f"sealed_form: {treatment.form}"
    if treatment.read_notice is not None:
        yield f"read_notice: {str(treatment.read_notice).lower()}"
    if treatment.branding:
        yield f"branding: {treatment.branding}"


def _edit(edit: HeaderEdit) -> str:
    match edit:
        case SetHeader(name, value):
            said = f"set_header: {{{name}: {value}}}"
        case AddHeader(name, value):
            said = f"add_header: {{{name}: {value}}}"
        case RemoveHeader(name, value):
            said = f"remove_header: {{{name}: {value}}}" if value else f"remove_header: {name}"
        case PrependSubject(text):
            said = f"prepend_subject: {text}"
        case AddAddress(name, address):
            said = f"add_{name.lower()}: {address}"
        case StripSubject(tags):
            said = f"strip_subject: [{', '.join(tags)}]"
        case ChangeSubject(expressions, text, at):
            said = f"change_subject: {{match: [{', '.join(expressions)}], with: '{text}', at: {at}}}"
        case _:
            assert_never(edit)
    return said
