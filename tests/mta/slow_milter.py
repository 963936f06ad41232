"""Postseal's own session, with a policy that takes its time and a pulse that beats fast.

slow_milter.py SOCKET SECONDS
"""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from postseal.arrival import Reception
from postseal.body import Spool
from postseal.envelope import Envelope, Recipient
from postseal.guard.seal import Seal
from postseal.guard.trace import Guard
from postseal.message import Message
from postseal.methods.method import Methods
from postseal.methods.plain import PlainMethod
from postseal.metrics import Metrics
from postseal.mta.desk import Desk
from postseal.mta.rulebook import Rulebook
from postseal.mta.socket import listen, serve
from postseal.mta.traffic import Pulse, Traffic
from postseal.settings.settings import Limits, Listen
from postseal.treatment import AddHeader, Treatment


class Slow:
    """A policy that decides after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def decide(self, message: Message, envelope: Envelope) -> Mapping[Recipient, Treatment]:
        time.sleep(self.seconds)
        return dict.fromkeys(envelope.recipients, Treatment(headers=(AddHeader("X-Slow", "yes"),)))


class NoSignature:
    def sign(self, message: Message, envelope: Envelope) -> Message:
        raise AssertionError("nothing asks for a signature")

    finish = sign


listen(Listen(socket=f"unix:{sys.argv[1]}"))
methods = Methods({"plain": PlainMethod()}, NoSignature())
rulebook = Rulebook(Slow(float(sys.argv[2])), methods, Limits())
metrics = Metrics.local()
reception = Reception(Guard(Seal.of(b"slow"), timedelta(days=1)), lambda: datetime.now(UTC), metrics)
serve(Desk(rulebook, Spool(), metrics, Traffic(), Pulse(0.2), reception))
