"""A copy that needs TLS tells the MTA so, and never its sender's wish to go without."""

from postseal.body import Body
from postseal.envelope import Envelope, Recipient
from postseal.message import Header, Message
from postseal.pipeline import process
from postseal.required_tls import Level, RequiredTls
from postseal.treatment import Treatment
from test_pipeline import Rules, Sealing, methods

ANN, BOB = (Recipient(f"{name}@x.example") for name in ("ann", "bob"))


def test_copy_that_needs_tls_has_our_field_alone() -> None:
    sent = Message((Header.of("TLS-Required", "No"), Header.of("Subject", "hi")), Body.of(b"hi\r\n"))
    rules = Rules({ANN: Treatment(tls=RequiredTls(Level.VERIFY)), BOB: Treatment()})

    outcome = process(sent, Envelope("me@x.example", (ANN, BOB)), rules, methods(Sealing()))

    assert isinstance(outcome, list)
    told = {copy.recipients[0]: copy.message.all("TLS-Required", "X-Postseal-TLS") for copy in outcome}
    assert told == {ANN: (Header.of("X-Postseal-TLS", "verify"),), BOB: (Header.of("TLS-Required", "No"),)}
