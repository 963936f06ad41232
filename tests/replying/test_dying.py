"""A portal that is killed anywhere leaves each copy to be sent by another, once."""

import os
from collections import Counter

import pytest

from postseal.methods.ome import OmeMethod
from postseal.replying.original import Whom
from postseal.store.containers import Containers
from postseal.store.journal import Journal
from postseal.store.outbox import Outbox
from postseal.store.sealed import SealedMessages
from replying.conftest import ANN, BOB, CAT, Desk

VERBS = [
    *((Outbox, verb) for verb in ("claim", "settle", "of", "close")),
    *((Containers, verb) for verb in ("find", "pieces", "keep")),
    *((Journal, verb) for verb in ("claim", "done")),
    (SealedMessages, "add"),
    (OmeMethod, "protect"),
]


def killed(desk: Desk, room: type, verb: str, *, when: str, number: int) -> bool:
    """Do what is due in a process that is killed at a call of *verb*; whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    inner, calls = getattr(room, verb), 0

    def dies(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os._exit(9)
        result = inner(*arguments, **named)
        if calls == number:
            os._exit(9)
        return result

    setattr(room, verb, dies)
    try:
        desk.turns()
    finally:
        os._exit(0)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(("room", "verb"), VERBS, ids=lambda value: getattr(value, "__name__", value))
def test_portal_that_is_killed_leaves_each_copy_to_be_sent_once(
    desk: Desk, room: type, verb: str, *, when: str, number: int
) -> None:
    desk.send(Whom.ALL, copy=True)

    died = killed(desk, room, verb, when=when, number=number)
    for _ in range(3):
        desk.turns(3600)

    got = Counter(each.addresses[0] for sink in (desk.inside, desk.outside) for each in sink.deliveries)
    assert set(got) == {ANN, "dan@lab.test", BOB, CAT}
    # Between the listener's 250 and the note of it nobody can know (docs/limits.md).
    unknown = died and (verb, when) == ("done", "before")
    assert sorted(got.values()) == [1, 1, 1, 2 if unknown else 1]
    assert died or number > 1
    assert desk.ring.open().outbox.oldest() == (0, None)
