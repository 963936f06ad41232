"""People inside get a reply by the listener with the milter: policy may encrypt it, or refuse it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from demo.gateway import BOB, SETTINGS, Gateway, gateway
from postseal.body import Body
from postseal.message import Header
from postseal.replying.composition import Enclosure
from postseal.replying.original import Inside, Whom
from postseal.replying.replies import Replies, Written
from postseal.settings.replies import Replies as Limits
from replying.conftest import CAT, NONCE, ORIGINAL, SENDER, Desk, submission

POLICY = """
rules:
  - name: nobody sends programs
    when: {recipient_scope: inside, attachment_extension: exe}
    then: [{reject: no programs}]
    stop: true
  - name: what comes in is encrypted
    when: {recipient_scope: inside}
    then: [{protect: smime}]
"""
MARKER = "marker-of-a-reply"
FROM_BOB = ORIGINAL.without("From", "To", "Cc").adding(
    Header.of("From", f"Bob <{BOB}>"), Header.of("To", "cat@two.test")
)


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    """Here Bob, who has a certificate, is inside."""
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    settings = SETTINGS.replace("[lab.test]", "[lab.test, one.test]")
    with ExitStack() as running:
        yield running.enter_context(gateway({"1.yaml": POLICY}, settings=settings))


@pytest.fixture
def through(desk: Desk, gate: Gateway) -> Desk:
    """The verbs, with Postfix in place of both listeners."""
    desk.dispatch = replace(
        desk.dispatch,
        inside=submission(gate.postfix.port),
        outside=submission(gate.postfix.reinjection_port),
    )
    desk.replies = Replies(
        Limits(),
        ring=desk.ring,
        sender=SENDER,
        inside=Inside(["lab.test", "one.test"]),
        spool=desk.spool,
        clock=lambda: desk.at,
    )
    return desk


@pytest.mark.postfix
def test_reply_is_encrypted_by_policy_for_who_has_a_certificate(through: Desk, gate: Gateway) -> None:
    assert through.replies.send(through.sealed, FROM_BOB, CAT, Written(NONCE, Whom.AUTHOR, MARKER))
    assert through.turns() == 1

    got = gate.sink.take_one()
    assert got.addresses == (BOB,)
    assert MARKER.encode() not in got.content
    assert MARKER.encode() in gate.decrypted(got.content, BOB)
    assert through.counted == {"sent": 1}


@pytest.mark.postfix
def test_reply_that_policy_refuses_is_told_to_who_wrote_it(through: Desk, gate: Gateway) -> None:
    program = Enclosure("tool.exe", "", Body.of(b"MZ" + bytes(1000)))
    written = Written(NONCE, Whom.AUTHOR, MARKER, (program,))
    assert through.replies.send(through.sealed, FROM_BOB, CAT, written)
    assert through.turns() == 1

    note = gate.sink.take_one()
    assert note.addresses == (CAT,)
    assert BOB.encode() in note.content
    assert MARKER.encode() not in note.content
    assert gate.sink.is_quiet(0.5)
    (given_up,) = through.ring.open().outbox.given_up(through.sealed, CAT)
    assert "no programs" in given_up.failed[0].why
