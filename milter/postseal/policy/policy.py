"""What should happen to a message: the rules in their order, and the one evaluation of them.

`explain` asks every rule; `decide` leaves out those of which an index knows that they would say no, and is
the same otherwise: an explanation is the verdicts that a decision throws away.  Neither raises for any
message: mail that a rule cannot judge gets a treatment that refuses it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from postseal.envelope import Envelope, Recipient, split
from postseal.errors import Place
from postseal.message import Message
from postseal.policy.addition import additions, settled
from postseal.policy.connectors.connector import Mode as ConnectorMode
from postseal.policy.connectors.connectors import NONE, Connectors
from postseal.policy.explanation import Explanation, Line
from postseal.policy.index import Index, Lookup
from postseal.policy.locked import locked
from postseal.policy.mail import Mail, Site, Transaction
from postseal.policy.protection_actions import PROTECTING
from postseal.policy.right_actions import asked, granted
from postseal.policy.rule import Mode, Rule, Verdict
from postseal.remedy import DEFER, OnError
from postseal.required_tls import RequiredTls
from postseal.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in the order in which they are looked at, at one site.

    *digest*: twelve hexadecimal digits that tell the text of one policy from another's.
    *examples*: how many examples it has passed.  *on_error*: what holds where
    rules say nothing.  *remembers*: whether a rule asks who has written to whom before.
    *connectors*: what partners' domains demand.  *clock*: tells the moment at which a
    message is judged.
    """

    rules: tuple[Rule, ...]
    site: Site
    digest: str
    index: Index
    examples: int = 0
    on_error: OnError = DEFER
    remembers: bool = False
    connectors: Connectors = NONE
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    @property
    def required_tls(self) -> dict[RequiredTls, Place]:
        """What TLS rules require, each with the place of a rule that does."""
        actions = (action for rule in self.rules if rule.mode is not Mode.OFF for action in rule.then)
        # Whichever server it leads to, the transport is the same.
        return {
            replace(each.value, next_hop=""): each.place
            for each in actions
            if isinstance(each.value, RequiredTls)
        }

    def protects_by(self, word: str) -> Place | None:
        """The place of a rule that protects by the method *word*, if there is one."""
        actions = (action for rule in self.rules if rule.mode is not Mode.OFF for action in rule.then)
        protecting = (each for each in actions if each.function in PROTECTING)
        return next((each.place for each in protecting if word in (each(Treatment()).protect)), None)

    def decide(self, message: Message, envelope: Envelope) -> dict[Recipient, Treatment]:
        """What is to happen to *message* for each recipient of *envelope*, and for those whom rules add."""
        transaction = Transaction(message, envelope, self.site, self.clock())
        lookup = self.index.lookup(transaction)
        treatments = {}
        for recipient in envelope.recipients:
            treatments[recipient] = self._treatment(Mail(transaction, recipient), lookup)
        for mail in additions(transaction, treatments.values()):
            treatments[mail.recipient] = settled(self._treatment(mail, lookup))
        return treatments

    def note(self, message: Message, envelope: Envelope, recipients: Iterable[Recipient]) -> None:
        """*recipients* get *message*, as it was when it was decided about it.  Raises Failure."""
        if self.remembers:
            Transaction(message, envelope, self.site, self.clock()).note(recipients)

    def explain(self, message: Message, envelope: Envelope) -> Explanation:
        """The same, with what each rule said about each recipient and why."""
        transaction = Transaction(message, envelope, self.site, self.clock())
        lines = {}
        for recipient in envelope.recipients:
            lines[recipient] = self._line(Mail(transaction, recipient))
        for mail in additions(transaction, [line.treatment for line in lines.values()]):
            line = self._line(mail)
            lines[mail.recipient] = replace(line, treatment=settled(line.treatment))
        return Explanation(self.digest, transaction, tuple(lines.values()))

    def _treatment(self, mail: Mail, lookup: Lookup) -> Treatment:
        treatment = self._beginning(mail)
        for verdict in self._verdicts(mail, treatment, lookup.numbers(mail)):
            treatment = verdict.treatment
        return self._routed(mail, locked(mail, granted(mail, asked(mail, treatment))))

    def _line(self, mail: Mail) -> Line:
        treatment = self._beginning(mail)
        verdicts = tuple(self._verdicts(mail, treatment, range(len(self.rules))))
        treatment = verdicts[-1].treatment if verdicts else treatment
        treatment = locked(mail, granted(mail, asked(mail, treatment)))
        return Line(mail.recipient, self._routed(mail, treatment), verdicts)

    def _beginning(self, mail: Mail) -> Treatment:
        """What holds before any rule: mail that does not come as its sender's domain must is refused."""
        begun = Treatment(on_error=self.on_error)
        found = self.connectors.refusal(mail.transaction.envelope, self.site.trusted_networks)
        if found is None:
            return begun
        connector, reply = found
        if connector.mode is ConnectorMode.TEST:
            return replace(begun, audited=(f"connector {connector.name}",))
        return replace(begun, refusal=replace(reply, detail=f"connector '{connector.name}'"))

    def _routed(self, mail: Mail, treatment: Treatment) -> Treatment:
        """*treatment*, with the smart host of the recipient's domain if TLS is required."""
        connector = self.connectors.to(split(mail.recipient.address)[1]) if treatment.tls else None
        if treatment.tls is None or connector is None or treatment.tls.next_hop:
            return treatment
        return replace(treatment, tls=replace(treatment.tls, next_hop=connector.smart_host))

    def _verdicts(self, mail: Mail, treatment: Treatment, numbers: Iterable[int]) -> Iterator[Verdict]:
        if treatment.refusal:
            return
        for number in numbers:
            verdict = self.rules[number].judge(mail, treatment)
            yield verdict
            if verdict.last:
                return
            treatment = verdict.treatment
