"""Somebody inside restricts who gets his reply: it leaves sealed for everybody, with each one's rights."""

import pytest

from postseal.guard.own import TEMPLATE
from postseal.message import Header
from postseal.replying.original import NotAllowed, Whom, Why
from postseal.rights import OPTIONS, Grant, Right, Template
from postseal.sealed.container import HEADER_OCTETS, Head
from postseal.store.containers import kept
from postseal.store.sealed import SealedMessage
from replying.conftest import ANN, BOB, CAT, ORIGINAL, PORTAL, Desk

DAN = "dan@lab.test"
MARKER = b"marker-of-a-reply"
V, R, A, F, E, P, C, S = Right
VIEWER = frozenset({V, R, A})
BOARD = Template(
    "board",
    (
        Grant(frozenset(Right), domains=frozenset({"lab.test"})),
        Grant(VIEWER, domains=frozenset({"one.test"})),
        Grant(VIEWER | {C}, users=frozenset({CAT})),
        Grant(frozenset(Right), groups=frozenset({"board"})),
    ),
    lifetime=86400.0,
    offline=7 * 86400.0,
)
NARROW = Template("narrow", (Grant(VIEWER, domains=frozenset({"lab.test"})),))


@pytest.fixture
def inside(desk: Desk) -> Desk:
    """A desk with templates, before which Dan of the organisation sits."""
    desk.offered |= {"do_not_forward": OPTIONS["do_not_forward"], "board": BOARD, "narrow": NARROW}
    given = ORIGINAL.without("Message-ID").adding(Header.of("Message-ID", "<dan@lab.test>"))
    desk.sealed = desk.seal(given, DAN, BOB).id
    return desk


def carried(desk: Desk, octets: bytes) -> SealedMessage:
    """What is known of the sealed message that a carrier mail links to."""
    id_ = bytes.fromhex(octets.partition(f"{PORTAL}/m/".encode())[2][:32].decode())
    ring = desk.ring.open()
    container = ring.containers.find(kept(id_), desk.at)
    assert container
    found = ring.messages.of(Head.of(b"".join(ring.containers.pieces(container))[:HEADER_OCTETS]).id)
    assert found
    return found


def test_everybody_reads_sealed_and_with_his_own_rights(inside: Desk) -> None:
    inside.send(Whom.ALL, by=DAN, template="board", copy=True)
    inside.turns()

    got = {each.addresses[0]: each.content for each in inside.outside.take(4)}
    assert inside.inside.is_quiet(0.1)
    assert {address.lower() for address in got} == {ANN, BOB, CAT, DAN}
    by_address = {address.lower(): carried(inside, octets) for address, octets in got.items()}
    for address, octets in got.items():
        assert MARKER not in octets
        read = inside.read(octets, address.lower())
        assert MARKER in read
        assert TEMPLATE.encode() not in read
    assert set(by_address[ANN].rights) == set()
    assert set(by_address[BOB].rights) == {F, E, P, C, S}
    assert set(by_address[CAT].rights) == {F, E, P, S}
    for address in (ANN, BOB, CAT):
        assert [label.word for label in by_address[address].licence.labels] == ["board"]
        assert by_address[address].licence.offline
        assert by_address[address].recipients[0].expires
    assert by_address[DAN].rights == ()
    assert by_address[DAN].licence.labels == ()  # nobody restricts himself


def test_do_not_forward_is_the_same_for_all_and_one_message(inside: Desk) -> None:
    inside.send(Whom.ALL, by=DAN, template="do_not_forward")
    inside.turns()

    found = [carried(inside, each.content) for each in inside.outside.take(3)]
    assert len({each.id for each in found}) == 1
    assert set(found[0].rights) == {F, P, C, S}


def test_people_outside_choose_nothing(inside: Desk) -> None:
    assert inside.replies.templates(BOB) == {}
    assert list(inside.replies.templates(DAN)) == ["do_not_forward", "board", "narrow"]

    with pytest.raises(NotAllowed) as refused:
        inside.send(by=BOB, template="board")

    assert refused.value.why is Why.NOT_OFFERED
    assert inside.turns() == 0


@pytest.mark.parametrize(
    ("word", "why"), [("gone", Why.NOT_OFFERED), ("encrypt_only", Why.NOT_OFFERED), ("narrow", Why.UNRIGHTED)]
)
def test_what_cannot_be_is_not_taken(inside: Desk, word: str, why: Why) -> None:
    with pytest.raises(NotAllowed) as refused:
        inside.send(Whom.ALL, by=DAN, template=word)

    assert refused.value.why is why
    assert inside.turns() == 0


def test_reply_waits_while_its_template_is_gone_and_leaves_then_as_it_was_meant(inside: Desk) -> None:
    inside.send(by=DAN, template="do_not_forward")
    chosen = inside.offered.pop("do_not_forward")

    inside.turns()
    assert inside.counted == {"deferred": 1}
    assert inside.outside.is_quiet(0.1)
    assert inside.inside.is_quiet(0.1)
    inside.offered["do_not_forward"] = chosen
    inside.turns(60)

    assert set(carried(inside, inside.outside.take_one().content).rights) == {F, P, C, S}


def test_same_text_with_another_restriction_is_another_reply(inside: Desk) -> None:
    assert inside.send(by=DAN, template="do_not_forward")
    assert not inside.send(by=DAN, template="do_not_forward")
    assert inside.send(by=DAN, template="board")
