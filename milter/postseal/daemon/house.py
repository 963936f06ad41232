"""All that one generation of the daemon is built of, loaded before it is put to use.

Either everything is good and a `House` comes back, or `BadInput` tells every problem of the settings,
or of policies, certificates and keys together.  Loading changes nothing that runs.
"""

import os
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postseal.acquaintance import Memory
from postseal.document import Problems
from postseal.envelope import Envelope
from postseal.errors import BadInput, Place, Problem
from postseal.finding.shelf import Opening
from postseal.incoming import load as incoming
from postseal.incoming.incoming import Incoming, Received
from postseal.message import Message
from postseal.methods import table
from postseal.methods.method import Methods
from postseal.methods.tls import REQUIRED
from postseal.outcome import Outcome
from postseal.pipeline import carry_out
from postseal.policy.load import load as load_policy
from postseal.policy.policy import Policy
from postseal.policy.rule import Mode
from postseal.settings import settings as settings_file
from postseal.settings.settings import Settings
from postseal.settings.tls import Mta
from postseal.tls import wiring
from postseal.tls.published import publish
from postseal.tls.table import Tables


@dataclass(slots=True)
class House:
    """Settings, policy and methods that belong together.

    *certificates*: Unix time of expiry by fingerprint of our own; *recipients*: how many certificates
    of recipients are in which state.  *store_made*: whether the store answered when it was made ready.
    """

    settings: Settings
    policy: Policy
    methods: Methods
    incoming: Incoming | None
    warnings: list[str]
    certificates: dict[str, float]
    recipients: dict[str, int]
    store_made: bool = True

    def received(self, message: Message, envelope: Envelope) -> Received:
        """*message* as policy and as each recipient is to see it.  May raise Failure."""
        return self.incoming.received(message, envelope) if self.incoming else Received(message)

    def process(self, message: Message, envelope: Envelope) -> Outcome:
        """What leaves us in place of *message*."""
        received = self.received(message, envelope)
        envelope = replace(envelope, smime=received.state)
        treatments = self.policy.decide(received.content, envelope)
        return carry_out(message, envelope, treatments, self.methods, received.copies)

    @property
    def workers(self) -> int:
        """How many worker processes to run."""
        return self.settings.workers or len(os.sched_getaffinity(0))

    def publish(self) -> None:
        """Tell the process that answers Postfix about connectors.  Raises OSError."""
        if self.settings.tls.connectors:
            publish(Tables.of(self.policy.connectors.outbound), self.settings.runtime_directory)

    @property
    def digest(self) -> str:
        """What tells this policy from another."""
        return self.policy.digest

    @property
    def rules(self) -> int:
        """How many rules there are."""
        return len(self.policy.rules)

    @property
    def modes(self) -> dict[str, str]:
        """Under which mode each rule's hits are counted, by its name."""
        return {
            rule.name: "enforce" if rule.mode is Mode.ENFORCE else "audit"
            for rule in self.policy.rules
            if rule.mode is not Mode.OFF
        }


def now() -> datetime:
    """The clock of the daemon."""
    return datetime.now(UTC)


def build(path: Path, *, spool: Path | None = None) -> House:
    """Load the settings file *path* and all that it names.  Raises BadInput.

    *spool*: a folder for large bodies in place of the one that the settings name.
    """
    settings = settings_file.load(path)
    if spool:
        settings = replace(settings, spool_directory=spool)
    problems = Problems()
    policy, methods, finder = None, None, None
    with problems.collect():
        methods = table.load(settings, now)
        finder = methods.search.finder
    with problems.collect():
        keep = timedelta(seconds=settings.acquainted_seconds)
        opening = Opening(settings.store, timeout=settings.store_timeout)
        memory = Memory(opening, settings.guard.secret, keep=keep)
        policy = load_policy(settings, table.PROTECTING, certificates=finder, acquaintances=memory)
    problems.settle()
    assert policy is not None  # noqa: S101 (or there was a problem)
    assert methods is not None  # noqa: S101
    if settings.tls.mta is Mta.SENDMAIL and settings.tls.enforced and not settings.submit_to:
        what = "tls: Sendmail is told of the TLS that mail needs when copies are submitted, and none are"
        raise BadInput([Problem(Place(str(path)), what, "name its listener for copies: submit_to")])
    check_wiring(settings, policy)
    opens = incoming.load(settings, methods.search, methods.keys, clock=now, host=socket.gethostname())
    return House(
        settings,
        policy,
        methods.methods,
        opens,
        [str(warning) for warning in methods.warnings],
        {fingerprint: at.timestamp() for fingerprint, at in methods.expiries.items()},
        dict(methods.recipients),
    )


def check_wiring(settings: Settings, policy: Policy) -> None:
    """Raise BadInput unless the Postfix of this host does what *policy* relies on."""
    told = settings.tls
    if told.enforced and told.mta is Mta.POSTFIX and told.postfix:
        required = policy.required_tls
        if place := policy.protects_by("tls"):
            required[REQUIRED] = place
        folder, asked = told.postfix, told.connectors
        wiring.check(folder, required, submit_to=settings.submit_to, socket=asked)
        wiring.check_connectors(folder, policy.connectors.outbound, socket=asked)
