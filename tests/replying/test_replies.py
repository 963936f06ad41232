"""A reply is taken only where it is allowed, leaves as its recipients may read it, and leaves once."""

import email
import email.policy
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import text

from demo.sink_session import HANG_UP
from postseal.body import Body
from postseal.message import Header
from postseal.replying.composition import Enclosure, Quotation
from postseal.replying.dispatch import Dispatch
from postseal.replying.original import Whom
from postseal.replying.replies import Written
from postseal.store.containers import waiting
from postseal.store.engine import Store
from replying.conftest import ANN, BOB, CAT, NONCE, ORIGINAL, SENDER, Desk, submission

MARKER = b"marker-of-a-reply"


def mail(octets: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_reply_reaches_the_author_as_ordinary_mail_and_nothing_is_left(desk: Desk) -> None:
    file = Enclosure("plan.bin", "", Body.of(bytes(range(256)) * 4000))
    quotation = Quotation("Ann <ann@lab.test>", None, "The numbers: 1, 2, 3.")

    assert desk.send(enclosures=(file,), quotation=quotation)
    assert desk.turns() == 1

    got = desk.inside.take_one()
    assert (got.sender, got.addresses) == (SENDER, (ANN,))
    reply = mail(got.content)
    assert reply["Reply-To"] == "Bob Builder <bob@one.test>"
    assert reply["From"] == f'"Bob Builder (bob@one.test)" <{SENDER}>'
    assert (reply["Subject"], reply["In-Reply-To"]) == ("Re: the secret quarter", "<1@lab.test>")
    assert reply["References"].split() == ["<0@lab.test>", "<1@lab.test>"]
    assert b"guard" not in got.content  # the milter is to treat it as any mail
    (part,) = reply.iter_attachments()
    assert part.get_payload(decode=True) == file.body.read()
    assert "> The numbers: 1, 2, 3." in str(reply.get_body())
    assert desk.outside.deliveries == ()
    assert desk.ring.open().outbox.oldest() == (0, None)
    assert desk.counted == {"sent": 1}
    assert [row.event for row in desk.ring.open().audit.of(desk.sealed)][-1] == "replied"


def test_reply_to_all_leaves_sealed_for_everybody_outside_and_for_a_copy(desk: Desk) -> None:
    desk.send(Whom.ALL, copy=True)
    desk.turns()

    inside = desk.inside.take(2)
    assert sorted(each.addresses for each in inside) == [(ANN,), ("dan@lab.test",)]
    outside = {each.addresses[0]: each for each in desk.outside.take(2)}
    assert set(outside) == {CAT, BOB}
    for address, got in outside.items():
        assert MARKER not in got.content
        assert b"secret quarter" not in got.content
        assert got.sender == SENDER
        carrier = mail(got.content)
        assert carrier["In-Reply-To"] == "<1@lab.test>"
        assert "message.html" in [part.get_filename() for part in carrier.walk()]
        assert MARKER in desk.read(got.content, address)
    assert desk.inside.is_quiet(0.1)
    assert desk.outside.is_quiet(0.1)


def test_reply_and_the_note_about_it_have_the_branding_of_what_is_answered(desk: Desk) -> None:
    branded = ORIGINAL.without("Message-ID").adding(Header.of("Message-ID", "<2@lab.test>"))
    desk.sealed = desk.seal(branded, branding="board").id
    desk.inside.answers[ANN] = "550 5.1.1 no such user"
    desk.send(copy=True)
    desk.turns()

    mails = [mail(each.content) for each in desk.outside.take(2)]
    (carrier,) = [each for each in mails if each.is_multipart()]
    (note,) = [each for each in mails if not each.is_multipart()]
    assert "The Board of Lab Ltd" in str(carrier.get_body(("plain",)))
    assert note["Subject"] == "Ihre Antwort wurde nicht zugestellt"


def test_reply_is_sent_once_however_often_the_button_is_pressed(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as threads:
        new = list(threads.map(lambda _: desk.send(), range(6)))
    desk.turns()
    assert sorted(new) == [False] * 5 + [True]
    assert not desk.send()  # it has left by now
    desk.turns(3600)
    assert len(desk.inside.deliveries) == 1


def test_reply_waits_for_a_listener_that_is_away_and_leaves_once(desk: Desk) -> None:
    away = replace(desk.dispatch, inside=submission(1))
    desk.send(Whom.ALL)

    assert away.turn()
    assert [each.addresses for each in desk.outside.take(1)] == [(CAT,)]
    (reply,) = desk.ring.open().outbox.unsent()
    assert {each.address for each in reply.left if each.why} == {ANN, "dan@lab.test"}
    assert desk.turns() == 0  # it is not due yet
    assert desk.turns(5) == 1
    assert len(desk.inside.take(2)) == 2
    assert desk.turns(86400) == 0
    assert desk.outside.is_quiet(0.1)
    assert desk.counted == {"sent": 3, "deferred": 1}


def test_hastened_reply_leaves_before_its_time_and_once(desk: Desk) -> None:
    away = replace(desk.dispatch, inside=submission(1))
    desk.send()
    for _ in range(4):
        desk.at += timedelta(hours=1)
        assert away.turn()
    assert desk.turns(10) == 0

    assert desk.ring.open().outbox.hasten(at=desk.at) == 1
    assert desk.turns() == 1
    assert desk.inside.take_one().addresses == (ANN,)
    assert desk.turns(86400) == 0
    assert desk.inside.is_quiet(0.1)


def test_reply_whose_end_nobody_knows_is_submitted_again_after_the_lease_only(desk: Desk) -> None:
    desk.inside.at_end_of_data.append(HANG_UP)
    desk.send()

    assert desk.turns() == 1
    assert desk.turns(6) == 1  # somebody else may be at it
    assert desk.inside.deliveries == ()
    assert desk.turns(3600) == 1
    assert desk.inside.take_one().addresses == (ANN,)
    assert desk.turns(3600) == 0


def test_reply_is_carried_out_by_one_of_many_portals(desk: Desk) -> None:
    for number in range(10):
        desk.send(Whom.ALL, nonce=bytes([number]) * 16)

    def work(dispatch: Dispatch) -> int:
        return sum(iter(dispatch.turn, False))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, [desk.dispatch] * 4)) == 10
    desk.turns(3600)

    assert Counter(each.addresses for each in desk.inside.deliveries) == {(ANN,): 10, ("dan@lab.test",): 10}
    assert Counter(each.addresses for each in desk.outside.deliveries) == {(CAT,): 10}


def test_recipient_who_is_refused_for_good_is_told_to_who_wrote_it(desk: Desk) -> None:
    desk.inside.answers[ANN] = "550 5.1.1 no such user"
    desk.send(Whom.ALL)
    desk.turns()

    assert desk.inside.take_one().addresses == ("dan@lab.test",)
    told = [each for each in desk.outside.take(2) if each.addresses != (CAT,)]
    (note,) = told
    assert (note.sender, note.addresses) == ("", (BOB,))
    assert mail(note.content)["Auto-Submitted"] == "auto-replied"
    said = mail(note.content).get_content()
    assert ANN in said
    assert "dan@lab.test" not in said
    assert MARKER not in note.content
    assert b"secret" not in note.content
    (given_up,) = desk.ring.open().outbox.given_up(desk.sealed, BOB)
    assert [each.address for each in given_up.failed] == [ANN]
    assert desk.turns(86400) == 0


def test_reply_is_given_up_in_the_end_and_told(desk: Desk) -> None:
    desk.inside.answers[ANN] = "450 4.2.0 full"
    desk.send()
    for _ in range(200):
        desk.turns(3600)

    assert desk.inside.deliveries == ()
    (note,) = desk.outside.deliveries
    assert ANN in mail(note.content).get_content()
    assert desk.counted["failed"] == 1
    assert desk.ring.open().outbox.oldest() == (0, None)


def test_note_that_cannot_leave_is_tried_for_a_day_and_the_reply_is_closed_then(desk: Desk) -> None:
    desk.inside.answers[ANN] = "550 5.1.1 no such user"
    mute = replace(desk.dispatch, outside=submission(1))
    desk.send()

    assert mute.turn()
    assert desk.ring.open().outbox.oldest()[0] == 1
    desk.at += timedelta(days=7)
    assert mute.turn()
    assert desk.ring.open().outbox.oldest()[0] == 0


def test_reply_whose_container_was_changed_is_never_sent(desk: Desk) -> None:
    desk.send()
    ring = desk.ring.open()
    (row,) = [each for each in [ring.outbox.claim(desk.at, timedelta(0))] if each]
    container = ring.containers.find(waiting(row.id), desk.at)
    assert container
    _flip(ring.store, container.id)

    desk.turns()

    assert desk.inside.deliveries == ()
    assert ANN in mail(desk.outside.take_one().content).get_content()
    assert len(ring.outbox.given_up(desk.sealed, BOB)) == 1


def _flip(store: Store, container: bytes) -> None:
    where = {"container": container}
    octets = store.read(
        lambda c: c.scalar(text("SELECT octets FROM container_pieces WHERE container = :container"), where)
    )
    changed = octets[:-1] + bytes([octets[-1] ^ 1])
    store.write(
        lambda c: c.execute(
            text("UPDATE container_pieces SET octets = :octets WHERE container = :container"),
            where | {"octets": changed},
        )
    )


def test_reply_in_a_name_that_is_not_ascii_reaches_addresses_that_are_not(desk: Desk) -> None:
    original = ORIGINAL.without("From").adding(Header(b"From", " Ängel <ängel@lab.test>".encode()))
    assert desk.replies.send(desk.sealed, original, BOB, Written(NONCE, Whom.AUTHOR, "Grüße"))
    desk.turns()

    got = desk.inside.take_one()
    assert got.addresses == ("ängel@lab.test",)
    assert "SMTPUTF8" in got.parameters


def test_nothing_of_a_reply_is_on_disk_in_clear(desk: Desk, tmp_path: Path) -> None:
    file = Enclosure("marker-of-a-file.txt", "text/plain", Body.of(b"marker-of-content " * 100_000))

    def found() -> list[str]:
        files = [each for each in tmp_path.rglob("*") if each.is_file()]
        octets = [each.read_bytes() for each in files]
        assert octets
        return [
            word
            for word in (MARKER.decode(), "marker-of-a-file", "marker-of-content", "secret quarter")
            if any(word.encode() in each for each in octets)
        ]

    desk.send(enclosures=(file,), copy=True)
    assert found() == []
    desk.turns()
    assert found() == []
    assert len(desk.inside.deliveries) == 1
