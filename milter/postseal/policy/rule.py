"""A rule: the mail it is about, its exceptions, and what is to happen to that mail."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from postseal.binding import Reader
from postseal.document import Node, bad
from postseal.errors import Failure, Place
from postseal.notice import Kind, Notice
from postseal.outcome import Reply
from postseal.policy import rule_values as values
from postseal.policy.actions import Action, actions
from postseal.policy.body_actions import personal
from postseal.policy.clause import ALWAYS, NEVER, Answer, Clause, Group, Not, conditions, exceptions, located
from postseal.policy.conditions.location import Location
from postseal.policy.evidence import with_evidence
from postseal.policy.failure import OnErrors
from postseal.policy.mail import Mail
from postseal.policy.override import REMOVAL, TAG, Override, justification
from postseal.policy.recipient_actions import managed
from postseal.remedy import DEFER, refusal
from postseal.treatment import Overridden, Severity, Treatment, Unreached


class Mode(StrEnum):
    """Whether a rule acts."""

    ENFORCE = "enforce"
    AUDIT = "audit"
    AUDIT_AND_NOTIFY = "audit_and_notify"
    OFF = "off"


class Verdict(NamedTuple):
    """What became of one rule for one mail; *treatment*: what is asked for after it.

    *answer*: whether the rule applies; None for a rule that is switched off.
    """

    rule: "Rule"
    answer: Answer | None
    treatment: Treatment

    @property
    def last(self) -> bool:
        """Whether no later rule is looked at."""
        stops = self.rule.stop and self.rule.mode is Mode.ENFORCE
        applies = self.answer is not None and self.answer.truth is True
        return self.treatment.refusal is not None or self.treatment.deleted or (stops and applies)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a policy file.

    *name*: for logs, metrics and explanations.  *when*: conditions that must all hold; left out, the
    rule is about every mail.  *unless*: exceptions, of which one is enough.  *then*: what to do.
    *mode*: `audit` tells in log, metrics, explanations and by `report` what the rule would do, and does
    nothing; `audit_and_notify` writes to sender and recipient too; `off` does not look at the mail at all.
    *on_error*: what becomes of mail that the rule cannot judge, or cannot protect or sign; where several
    rules protect a mail, what a later one says counts.
    *stop*: no later rule is looked at if this one applies.
    *sender_address*: which sender its conditions mean, also those that ask the directory, but not
    `sender_scope`: of the envelope, in the From field, or either.
    *override*: what a sender inside may write into the subject to pass by a rule that refuses: `tag`,
    `[override]` is enough; `reason`, `[override: …]` with a reason.  The text of `reject` must tell of it.
    It is taken out of the subject; reason and rule are in the log.
    *severity*: how serious it is that the rule applies, for the log and for reports.  *from*, *until*:
    when the rule is looked at; before and after, it is as if it were not there.
    """

    place: Place
    name: Annotated[str, values.name]
    then: Annotated[tuple[Action, ...], actions] = ()
    when: Annotated[Clause, conditions] = ALWAYS
    unless: Annotated[Clause, exceptions] = NEVER
    mode: Mode = Mode.ENFORCE
    on_error: OnErrors = DEFER
    stop: bool = False
    override: Override = Override.NEVER
    severity: Severity = Severity.NONE
    start: Annotated[datetime | None, values.moment] = field(default=None, metadata={"word": "from"})
    end: Annotated[datetime | None, values.end] = field(default=None, metadata={"word": "until"})
    sender_address: Location = Location.ENVELOPE
    comment: Annotated[str, values.comment] = ""

    def active(self, at: datetime) -> bool:
        """Whether the rule is looked at at that moment."""
        if self.mode is Mode.OFF:
            return False
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    def judge(self, mail: Mail, treatment: Treatment) -> Verdict:
        """Whether the rule applies to *mail*, and what *treatment* becomes if so."""
        if not self.active(mail.transaction.at):
            return Verdict(self, None, treatment)
        if self.name in mail.added_by:
            answer = Answer(truth=True)
        else:
            answer = Group((self.when, Not(self.unless)), decisive=False).ask(mail)
        if answer.truth is not False:
            severity = max(treatment.severity, self.severity, key=lambda each: each.rank)
            treatment = replace(treatment, severity=severity)
            try:
                told = tuple(with_evidence(self._notices, answer, mail)) if answer.truth is True else ()
                truth = answer.truth
            except Failure as failure:  # an audit must not keep mail up; nobody is told, then
                told, truth = (), failure.with_traceback(None)
            if self.mode is Mode.ENFORCE:
                treatment = _without_backscatter(self._carried_out(treatment, truth, mail), mail)
            elif answer.truth is True:
                treatment = replace(treatment, audited=(*treatment.audited, self.name))
            treatment = replace(treatment, notices=treatment.notices + told)
        return Verdict(self, answer, treatment)

    def _carried_out(self, treatment: Treatment, truth: bool | Failure, mail: Mail) -> Treatment:
        if truth is True and (reason := justification(mail.transaction, self.override)) is not None:
            edits = treatment.headers if REMOVAL in treatment.headers else (*treatment.headers, REMOVAL)
            passed = (*treatment.overridden, Overridden(self.name, reason))
            return replace(treatment, headers=edits, overridden=passed, rules=(*treatment.rules, self.name))
        applied = self._applied(treatment, truth)
        try:
            applied = managed(applied, mail.transaction)
            disclaimers = tuple(personal(each, mail.transaction) for each in applied.disclaimers)
        except Failure as failure:
            return self._applied(treatment, failure.with_traceback(None))
        return replace(applied, disclaimers=disclaimers)

    def _applied(self, treatment: Treatment, truth: bool | Failure) -> Treatment:
        treatment = replace(treatment, rules=(*treatment.rules, self.name))
        on_error = self.on_error.after(treatment.on_error)
        if isinstance(truth, Failure):
            detail = f"rule '{self.name}': {truth.detail}"
            return replace(treatment, refusal=refusal(truth.cause, on_error, detail))
        told = treatment.notices  # its own come with what was found, see `judge`
        for action in self.then:
            treatment = action(treatment)
        treatment = replace(treatment, notices=told)
        return replace(treatment, on_error=on_error) if self.protects else treatment

    @property
    def _notices(self) -> tuple[Notice, ...]:
        """What the rule wants told; in audit modes not all of it."""
        silent = {Kind.SENDER, Kind.RECIPIENT} if self.mode is Mode.AUDIT else set()
        return tuple(
            replace(each, rule=self.name, mode=self.mode, severity=self.severity)
            for action in self.then
            for each in action.notices
            if each.kind not in silent
        )

    @property
    def alone(self) -> Treatment:
        """What the rule asks for by itself."""
        treatment = Treatment()
        for action in self.then:
            treatment = action(treatment)
        return treatment

    @property
    def protects(self) -> bool:
        """Whether the rule asks for protection or a signature."""
        return bool(self.alone.protect or self.alone.sign)


def _without_backscatter(treatment: Treatment, mail: Mail) -> Treatment:
    """*treatment* that bounces nothing to a sender who may be forged: he is refused, not written to."""
    if treatment.unreached is Unreached.BOUNCE and not mail.transaction.from_inside:
        return replace(treatment, unreached=Unreached.REFUSE)
    return treatment


def rule(node: Node, reader: Reader) -> Rule:
    """A rule of a policy file."""
    bound = reader.bind(node, Rule)
    if bound.sender_address is not Location.ENVELOPE:
        when, unless = (located(clause, bound.sender_address) for clause in (bound.when, bound.unless))
        bound = replace(bound, when=when, unless=unless)
    if bound.start and bound.end and bound.end <= bound.start:
        raise bad(node.place, f"rule '{bound.name}' ends before it begins", "exchange 'from:' and 'until:'")
    if not bound.then and not bound.stop:
        raise bad(
            node.place, f"rule '{bound.name}' does nothing", "add 'then:' with actions, or 'stop: true'"
        )
    if bound.override is not Override.NEVER:
        refusals = [each.value for each in bound.then if isinstance(each.value, Reply)]
        if not any(TAG in each.text for each in refusals):
            what = f"rule '{bound.name}' tells nobody how to override it"
            raise bad(node.place, what, f"add 'reject:' with a text that names {TAG}: reason]")
    acting = [action for action in bound.then if not action.tells]
    for action in acting if len(acting) > 1 else ():
        alone = action(Treatment())
        if alone.refusal or alone.deleted:
            verb = f"{action.word}s"
            hint = f"keep {action.word}, or make two rules of it"
            raise bad(action.place, f"a rule that {verb} can do nothing else", hint)
    return bound
