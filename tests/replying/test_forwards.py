"""A message is forwarded only where that is allowed, under the same rights, and each mail leaves once."""

import email
import email.policy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from postseal.envelope import key
from postseal.message import Header
from postseal.replying.forwards import NotTo, Unfit
from postseal.replying.original import NotAllowed, Why
from postseal.settings.forwards import Forwards as Limits
from postseal.store import outbox as outbox_room
from postseal.store.branches import Barred
from postseal.store.containers import kept
from replying.conftest import ANN, BOB, CAT, ORIGINAL, SENDER, Desk

DAN, EVE = "dan@three.test", "Eve@Four.test"
NOTE = "Dan, see the marker-of-a-note."
TEXT = b"The numbers: 1, 2, 3."


def mail(octets: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def limited(desk: Desk, limits: Limits) -> None:
    desk.forwards._limits = limits


def refused(desk: Desk, to: str, **more: object) -> dict[str, Unfit]:
    with pytest.raises(NotTo) as caught:
        desk.forward(to, **more)  # type: ignore[arg-type] # of different kinds
    return dict(caught.value.unfit)


def test_forward_lets_others_read_the_same_under_the_same_rights(desk: Desk) -> None:
    before = desk.ring.open().messages.of(desk.sealed)
    assert before

    assert desk.forward(f"{DAN}, <{EVE}>;\n", note=NOTE)
    assert desk.turns() == 1

    message = desk.ring.open().messages.of(desk.sealed)
    assert message
    assert message.rights == before.rights
    bob, dan = message.addressee(BOB), message.addressee(DAN)
    assert bob
    assert dan
    assert dan.expires == bob.expires
    got = desk.outside.take(2)
    assert {each.addresses for each in got} == {(DAN,), (EVE,)}
    for each in got:
        carrier = mail(each.content)
        assert carrier["From"] == f'"Bob Builder (bob@one.test)" <{SENDER}>'
        assert carrier["Reply-To"] == "Bob Builder <bob@one.test>"
        assert (carrier["Subject"], each.sender) == ("[...]", SENDER)
        said = carrier.get_body(("plain",))
        assert said
        assert f"bob@one.test has forwarded an encrypted message from {ANN} to you" in said.get_content()
        assert "message.html" in [part.get_filename() for part in carrier.walk()]
        assert all(word not in each.content for word in (b"secret quarter", b"marker-of-a-note", TEXT))
        assert TEXT in desk.read(each.content, each.addresses[0].lower())
    assert desk.inside.deliveries == ()
    rows = [row for row in desk.ring.open().audit.of(desk.sealed) if row.event == "forwarded"]
    assert [(row.address, row.detail) for row in rows] == [(BOB, f"to {DAN}"), (BOB, "to eve@four.test")]
    assert desk.ring.open().audit.verify().bad == 0


def test_forward_of_a_link_is_a_link(desk: Desk) -> None:
    statement = text("UPDATE containers SET until = NULL WHERE name = :name")
    desk.ring.open().store.write(lambda wire: wire.execute(statement, {"name": kept(desk.sealed)}))

    desk.forward(DAN)
    desk.turns()

    carrier = mail(desk.outside.take_one().content)
    assert "message.html" not in [part.get_filename() for part in carrier.walk()]
    assert TEXT in desk.read(carrier.as_bytes(), DAN)


def test_copy_behind_the_link_is_there_as_long_for_them_as_for_everybody(desk: Desk) -> None:
    desk.at += timedelta(hours=20)

    desk.forward(DAN)
    desk.at += timedelta(hours=20)

    assert desk.ring.open().containers.find(kept(desk.sealed), desk.at)


def test_pressing_the_button_twice_tells_once(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: _again(desk), range(4)))
    desk.turns()

    assert told.count(True) == 1
    assert len(desk.outside.take(1)) == 1
    assert desk.outside.is_quiet(0.1)
    assert [row.event for row in desk.ring.open().audit.of(desk.sealed)].count("forwarded") == 1


def _again(desk: Desk) -> bool:
    try:
        return desk.forward(DAN)
    except NotTo:  # the other one was in between: its reader has it already
        return False


def test_note_is_for_them_alone_and_cannot_be_exchanged(desk: Desk) -> None:
    desk.forward(DAN, note=NOTE)
    desk.forward(EVE, by=DAN, note="another")
    ring = desk.ring.open()
    message = ring.messages.of(desk.sealed)
    assert message
    dan, eve = message.addressee(DAN), message.addressee(EVE.lower())
    assert dan
    assert eve
    first, second = ring.branches.of(desk.sealed)

    assert (first.address, first.parent, second.address, second.parent) == (DAN, BOB, eve.address, DAN)
    assert NOTE.encode() not in first.note
    assert desk.forwards.note(message, dan, first) == NOTE
    assert desk.forwards.note(message, eve, second) == "another"
    assert desk.forwards.note(message, eve, replace(second, note=first.note)) == ""
    assert desk.forwards.note(message, eve, replace(second, note=second.note[:-1] + b"?")) == ""


def test_who_may_not_read_or_forward_lets_nobody_in(desk: Desk) -> None:
    for by in ("zoe@one.test", ANN):
        with pytest.raises(NotAllowed) as caught:
            desk.forward(DAN, by=by)
        assert caught.value.why is Why.GONE
    statement = text("UPDATE sealed_messages SET rights = 'forward,save'")
    desk.ring.open().store.write(lambda wire: wire.execute(statement))
    with pytest.raises(NotAllowed) as caught:
        desk.forward(DAN)
    assert caught.value.why is Why.WITHHELD
    assert desk.ring.open().branches.of(desk.sealed) == ()
    assert desk.turns() == 0


def test_whoever_lost_the_message_a_moment_ago_lets_nobody_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = outbox_room.Outbox.put

    def late(*arguments: object, **named: object) -> object:
        desk.ring.open().access.revoke(desk.sealed, [BOB], at=desk.at)
        return put(*arguments, **named)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(outbox_room.Outbox, "put", late)

    with pytest.raises(NotAllowed) as caught:
        desk.forward(DAN)

    assert caught.value.why is Why.GONE
    assert isinstance(caught.value.__context__, Barred)
    message = desk.ring.open().messages.of(desk.sealed)
    assert message
    assert message.addressee(DAN) is None
    assert desk.turns() == 0


def test_addresses_that_cannot_get_it_are_told_and_nobody_gets_it(desk: Desk) -> None:
    desk.ring.open().access.revoke(desk.sealed, [CAT], at=desk.at)
    limited(desk, Limits(domains=("three.test",)))

    assert refused(desk, f"{DAN}, dan, x@elsewhere.test, y@sub.three.test") == {
        "dan": Unfit.NO_ADDRESS,
        "x@elsewhere.test": Unfit.ELSEWHERE,
    }
    limited(desk, Limits())
    assert refused(desk, f"{CAT} {BOB.upper()}") == {CAT: Unfit.CLOSED, BOB.upper(): Unfit.KNOWN}
    assert refused(desk, " ,;\n") == {}
    for hostile in (
        "<a@b@c.test",
        'a"b@c.test',
        "a\x00b@c.test",
        f"{'a' * 400}@c.test",
        "a%b@c.test",
        "(x)a@c.test",
    ):
        assert set(refused(desk, hostile).values()) == {Unfit.NO_ADDRESS}
    assert desk.turns() == 0


def test_only_who_has_forwarded_it_has_the_mail_sent_again(desk: Desk) -> None:
    desk.forward(DAN)

    assert desk.forward(DAN, nonce=b"x" * 16)
    assert refused(desk, DAN, by=CAT) == {DAN: Unfit.KNOWN}
    desk.turns()

    assert len(desk.outside.take(2)) == 2
    assert len(desk.ring.open().branches.of(desk.sealed)) == 1


def test_limits(desk: Desk) -> None:
    limited(desk, Limits(recipients=2, daily=3))

    with pytest.raises(NotAllowed) as caught:
        desk.forward("a@x.test b@x.test c@x.test")
    assert caught.value.why is Why.TOO_MANY
    desk.forward("a@x.test b@x.test")
    with pytest.raises(NotAllowed) as caught:
        desk.forward("c@x.test d@x.test", nonce=b"x" * 16)
    assert caught.value.why is Why.TOO_OFTEN
    desk.ring.open().containers.prolong(kept(desk.sealed), desk.at + timedelta(days=2))
    desk.at += timedelta(days=1, seconds=1)
    desk.forward("c@x.test d@x.test", nonce=b"x" * 16)
    limited(desk, Limits(recipients=0))
    with pytest.raises(NotAllowed) as caught:
        desk.forward("e@x.test", nonce=b"y" * 16)
    assert caught.value.why is Why.WITHHELD


def test_what_can_never_be_delivered_is_told_to_who_forwarded_it(desk: Desk) -> None:
    desk.outside.answers[DAN] = "550 5.1.1 no such user"

    desk.forward(DAN)
    desk.turns()

    told = desk.outside.take_one()
    assert told.addresses == (BOB,)
    note = mail(told.content)
    assert note["Subject"] == "What you forwarded was not delivered"
    assert DAN in note.get_content()
    assert "The encrypted message that you forwarded" in note.get_content()
    rows = desk.ring.open().audit.of(desk.sealed)
    assert rows[-1].detail == "what was forwarded has not reached 1 of 1 recipients"
    (given_up,) = desk.ring.open().outbox.given_up(desk.sealed, BOB)
    assert given_up.is_forward


@pytest.mark.parametrize("revoked", [False, True])
def test_nobody_learns_by_forwarding_who_got_a_hidden_copy(desk: Desk, *, revoked: bool) -> None:
    hidden = ORIGINAL.without("Message-ID").adding(Header.of("Message-ID", "<2@lab.test>"))
    sealed = desk.seal(hidden, BOB, EVE)
    if revoked:
        desk.ring.open().access.revoke(sealed.id, [key(EVE)], at=desk.at)
    desk.sealed = sealed.id

    assert desk.forward(f"{EVE}, {DAN}")
    desk.turns()

    assert len(desk.outside.take(2)) == 2
    known = desk.ring.open().messages.of(sealed.id)
    assert known
    assert [one.readable(desk.at) for one in known.recipients if one.written == EVE] == [not revoked]
    assert [branch.address for branch in desk.ring.open().branches.of(sealed.id)] == [DAN]


def test_reader_with_a_second_code_of_his_own_lets_nobody_in_without_one(desk: Desk) -> None:
    statement = text("UPDATE sealed_recipients SET number = :number WHERE address = :address")
    desk.ring.open().store.write(lambda wire: wire.execute(statement, {"number": b"n", "address": BOB}))

    with pytest.raises(NotAllowed) as caught:
        desk.forward(DAN)

    assert caught.value.why is Why.WITHHELD
    assert desk.forward(DAN, by=CAT)  # she needs none herself
