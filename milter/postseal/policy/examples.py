"""Examples in policy files: a mail, and what the policy must make of it.

They run whenever a policy is loaded; one that fails is a problem like any other, so a policy that
does not do what its examples say never comes into force.
"""

import io
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from postseal import document, message_file, scalar
from postseal.binding import Reader, known
from postseal.body import Spool
from postseal.document import Mapping, Node, Problems, Scalar, bad
from postseal.envelope import Client, Envelope, Recipient, Tls, key
from postseal.errors import BadInput, Place
from postseal.message import Message
from postseal.outcome import Held, Reply
from postseal.policy import rule_values as values
from postseal.policy import sample
from postseal.policy.actions import actions
from postseal.policy.explanation import Line, described, told
from postseal.policy.policy import Policy
from postseal.policy.values import address, field_name
from postseal.treatment import Addition, Treatment

_WORDS = ("defer", "plain", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is expected for one recipient, or for all if *recipient* is None: a *word*, or a treatment."""

    place: Place
    recipient: str | None
    word: str
    treatment: Treatment

    def met(self, actual: Treatment) -> bool:
        """Whether *actual* is what is expected; header edits count only if some are."""
        refused = actual.refusal
        if self.word == "quarantine":
            return isinstance(refused, Held) or bool(actual.holds)
        if self.word in {"reject", "defer"}:
            return isinstance(refused, Reply) and (refused.code >= 500) is (self.word == "reject")
        wanted = self.treatment
        return (_exactly(wanted) == _exactly(actual) and _restricted(wanted, actual)) and (
            (not wanted.headers or wanted.headers == actual.headers)
            and (not wanted.added or _addresses(wanted.added) == _addresses(actual.added))
        )

    def __str__(self) -> str:
        return self.word or described(self.treatment)


def _exactly(treatment: Treatment) -> tuple[object, ...]:
    """What an example must say exactly."""
    protection = treatment.protect, treatment.unreached, treatment.already, treatment.unseal, treatment.sign
    held = {hold.reason for hold in treatment.holds}
    return (
        *protection,
        treatment.tls,
        held,
        treatment.refusal,
        treatment.deleted,
        _addresses(treatment.redirected),
    )


def _restricted(wanted: Treatment, actual: Treatment) -> bool:
    """Whether exactly those rights are withheld that an example names, or those of its templates.

    What becomes of attachments counts only if the example says it.
    """
    if wanted.attachments not in {None, actual.attachments}:
        return False
    if wanted.templates:
        return wanted.templates == actual.templates and wanted.withheld <= actual.withheld
    return wanted.withheld == actual.withheld


def _addresses(additions: tuple[Addition, ...]) -> set[str]:
    return {key(each.address) for each in additions}


def outcomes(node: Node, reader: Reader) -> tuple[Outcome, ...]:
    """`plain`, `reject`, `defer`, `quarantine`, or actions; or one of these for every recipient."""
    if not isinstance(node, Mapping) or not any("@" in entry.key.text for entry in node.entries):
        return (_outcome(node, reader, None),)
    problems = Problems()
    found = []
    for entry in node.entries:
        with problems.collect():
            found.append(_outcome(entry.value, reader, key(address(entry.key))))
    problems.settle()
    return tuple(found)


def _outcome(node: Node, reader: Reader, recipient: str | None) -> Outcome:
    treatment = Treatment()
    if isinstance(node, Scalar):
        return Outcome(node.place, recipient, known(scalar.one(node), _WORDS, "outcome"), treatment)
    for action in actions(node, reader):
        treatment = action(treatment)
    return Outcome(node.place, recipient, "", treatment)


def ip_address(node: Node, _reader: object = None) -> str:
    """An IPv4 or IPv6 address."""
    written = scalar.text(node)
    try:
        return str(ipaddress.ip_address(written))
    except ValueError:
        raise bad(node.place, f"expected an IP address, found '{written}'", "write it as 192.0.2.7") from None


def recipients(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Addresses of recipients."""
    problems = Problems()
    found = []
    for item in scalar.listed(node):
        with problems.collect():
            found.append(address(item))
    problems.settle()
    if not all(found):
        raise bad(node.place, "there is no recipient here", "write at least one address")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Example:
    """A mail and what is expected of it.

    *from*: the envelope sender.  *to*: the envelope recipients.  *auth*: the login of the client, if it has
    logged in.  *client_ip*: its address.  *tls*: whether it uses TLS.  *at*: when, now if left out.
    *subject*, *headers*, *body*: of the message; *size*: what an attachment fills it up to.
    *message*: a file with the whole message instead.
    *acquainted*: whether the sender has written to the recipients before, for `first_mail`.
    *expect*: `plain`, `reject`, `defer`, `quarantine`, or actions, for all recipients or for each by address.
    Protection, rights, signature, rejection, deletion and redirection must be exactly as expected;
    header edits and further recipients if some are.
    """

    place: Place
    sender: Annotated[str, address] = field(metadata={"word": "from"})
    to: Annotated[tuple[str, ...], recipients]
    expect: Annotated[tuple[Outcome, ...], outcomes]
    auth: str | None = None
    client_ip: Annotated[str, ip_address] = ""
    tls: bool = False
    at: Annotated[datetime, values.moment] | None = None
    subject: str = ""
    headers: dict[Annotated[str, field_name], str] = field(default_factory=dict)
    body: str = ""
    size: Annotated[int, scalar.size] | None = None
    message: Path | None = None
    acquainted: bool = False

    @property
    def envelope(self) -> Envelope:
        """The envelope of the mail."""
        tls = Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384") if self.tls else None
        client = Client(self.client_ip, login=self.auth, tls=tls)
        return Envelope(self.sender, tuple(map(Recipient, self.to)), client)

    def mail(self) -> Message:
        """The message.  Raises BadInput if its file cannot be read."""
        if self.message is not None:
            try:
                return message_file.read(io.BytesIO(document.read(self.message)), Spool())
            except BadInput as error:
                problem = error.problems[0]
                raise bad(self.place, f"message file {problem.place}: {problem.what}", problem.hint) from None
        return sample.composed(
            self.sender, self.to, subject=self.subject, headers=self.headers, body=self.body, size=self.size
        )


@dataclass(frozen=True, slots=True)
class _Acquainted:
    """Who has written to whom, as an example says."""

    acquainted: bool

    def strangers(
        self, _sender: str, recipients: Collection[str], _message: bytes, _at: datetime
    ) -> frozenset[str]:
        """All or none."""
        return frozenset() if self.acquainted else frozenset(recipients)

    def note(self, sender: str, recipients: Collection[str], message: bytes, at: datetime) -> None:
        """Nothing: no mail is sent."""


def check(example: Example, policy: Policy) -> None:
    """Raise BadInput if *policy* does not make of *example* what it expects."""
    problems = Problems()
    if (at := example.at) is not None:
        policy = replace(policy, clock=lambda: at)
    policy = replace(policy, site=replace(policy.site, acquaintances=_Acquainted(example.acquainted)))
    explanation = policy.explain(example.mail(), example.envelope)
    given = set(map(key, example.to))
    expected = {outcome.recipient: outcome for outcome in example.expect}
    judged = {key(line.recipient.address) for line in explanation.lines}
    for recipient in expected.keys() - {None, *judged}:
        problems.add(
            expected[recipient].place, f"<{recipient}> is not among the recipients", "add it to 'to:'"
        )
    for line in explanation.lines:
        own = key(line.recipient.address)
        outcome = expected.get(own, expected.get(None) if own in given else None)
        if outcome is None and own not in given:
            continue  # somebody whom a rule adds need not be named
        if outcome is None:
            what = f"nothing is expected for <{line.recipient.address}>"
            problems.add(example.place, what, "add it to 'expect:'")
        elif not outcome.met(line.treatment):
            what = f"<{line.recipient.address}>: expected {outcome}, but it is {described(line.treatment)}"
            problems.add(outcome.place, what, _reasons(line))
    problems.settle()


def _reasons(line: Line) -> str:
    """The rules that apply; if there are none, why the first few do not."""
    applying = [verdict for verdict in line.verdicts if verdict.answer and verdict.answer.truth is not False]
    if applying:
        return "; ".join(told(verdict) for verdict in applying[:5])
    reasons = []
    for verdict in line.verdicts[:3]:
        because = verdict.answer.because if verdict.answer else ()
        reasons.append(f"{told(verdict)} because of '{because[-1][0]}'" if because else told(verdict))
    return "; ".join(reasons) or "there is no rule"
