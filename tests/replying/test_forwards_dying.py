"""A portal that dies while something is forwarded has taken all or nothing, and mails everybody once."""

import os
from collections import Counter

import pytest

from postseal.replying.forwards import Forwards
from postseal.store import outbox as outbox_room
from replying.conftest import Desk
from replying.test_dying import killed

DAN, EVE = "dan@three.test", "Eve@Four.test"


@pytest.mark.parametrize("verb", ["put", "keep"])
def test_portal_that_dies_while_it_takes_a_forward_has_taken_all_or_nothing(desk: Desk, verb: str) -> None:
    room: type = outbox_room.Outbox if verb == "put" else Forwards
    child = os.fork()
    if not child:
        inner = outbox_room.Outbox.put

        def dies(*arguments: object, **named: object) -> object:
            if verb == "put":
                inner(*arguments, **named)  # type: ignore[arg-type] # passed on
            os._exit(9)

        setattr(room, "put" if verb == "put" else "_mail", dies)
        desk.forward(DAN)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    message = desk.ring.open().messages.of(desk.sealed)
    assert message
    assert (message.addressee(DAN) is not None) == (verb == "put")
    assert desk.turns() == (1 if verb == "put" else 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_portal_that_dies_while_it_sends_leaves_each_mail_to_be_sent_once(desk: Desk, when: str) -> None:
    desk.forward(f"{DAN} {EVE}")

    assert killed(desk, outbox_room.Outbox, "settle", when=when, number=1)
    desk.turns(301)
    desk.turns(4000)

    assert Counter(each.addresses for each in desk.outside.take(2)) == {(DAN,): 1, (EVE,): 1}
    assert desk.outside.is_quiet(0.1)
