"""Copies are submitted once each, whatever goes wrong between us and the listener."""

import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from delivery.bench import ANN, BOB, CAT, ENVELOPE, Bench, copies, listener, message
from demo.place import free_port
from demo.sink import Sink
from demo.sink_session import HANG_UP
from postseal.body import Body
from postseal.delivery import Undelivered
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.outcome import Copy
from postseal.store.journal import Journal
from postseal.submission import Unknown


def test_divide_what_changes_least_stays_and_the_rest_is_submitted_with_a_trace(bench: Bench) -> None:
    sent = message()

    stays = bench.divide(sent, copies(sent))

    assert stays
    assert stays.recipients == (ANN,)
    first, second = bench.sink.take(2)
    assert (first.addresses, second.addresses) == ((BOB.address,), (CAT.address,))
    trace, _, rest = first.content.partition(b"\r\n\t")
    assert trace == b"Received: by gateway.test (Postseal) id Q1"
    assert rest.endswith(b"\r\n\r\nsealed 1\r\n.\r\n..dot\r\n")
    assert first.hello == "gateway.test"


def test_divide_again_submits_nothing_and_keeps_what_stays(bench: Bench) -> None:
    sent = message()
    bench.divide(sent, copies(sent))
    bench.served()

    stays = bench.divide(message(), copies(sent), replace(ENVELOPE, queue_id="Q2"))

    assert stays
    assert stays.recipients == (ANN,)
    assert bench.served() == []


def test_divide_again_with_other_outcome_serves_nobody_twice(bench: Bench) -> None:
    sent = message()
    bench.divide(sent, copies(sent))
    bench.served()
    only = Copy(sent.with_body(Body.of(b"new policy")), (BOB, CAT), "ome")

    assert bench.divide(sent, [only, replace(only, message=message(body=b"z"), recipients=(CAT,))]) is None
    assert bench.served() == []


@pytest.mark.parametrize("other", [message(body=b"another\r\n"), message("<2@x>")], ids=["body", "id"])
def test_divide_message_that_looks_alike_is_delivered(bench: Bench, other: Message) -> None:
    bench.divide(message(), copies(message()))
    bench.served()

    bench.divide(other, copies(other))

    assert bench.served() == [BOB.address, CAT.address]


@pytest.mark.parametrize("identity", ["", "<2026.Q1@mx>"], ids=["none", "by-postfix"])
def test_divide_message_without_id_of_its_own_is_sent_each_time(bench: Bench, identity: str) -> None:
    for _ in range(2):
        bench.divide(message(identity), copies(message(identity)))

    assert bench.served() == [BOB.address, BOB.address, CAT.address, CAT.address]


@pytest.mark.parametrize(
    "identity", ["<again@mua>", "<2026.Q1@mx>", ""], ids=["own", "by-postfix", "without-an-id"]
)
def test_divide_message_that_somebody_sends_on_is_delivered_again(bench: Bench, identity: str) -> None:
    sent = message()
    bench.divide(sent, copies(sent))
    bench.served()
    fields = [Header.of("Resent-From", "me@x.example"), Header.of("Resent-To", "bob@x.example")]
    fields += [Header.of("Resent-Message-ID", identity)] if identity else []
    resent = replace(sent, headers=(*fields, *sent.headers))

    bench.divide(resent, copies(resent))

    assert bench.served() == [BOB.address, CAT.address]
    bench.divide(resent, copies(resent))  # a retry is known by an id that stays the same
    assert bench.served() == ([] if identity == "<again@mua>" else [BOB.address, CAT.address])


@pytest.mark.parametrize("reply", ["451 4.3.0 later", "554 5.3.0 never"])
def test_divide_refused_copy_is_the_only_one_sent_again(bench: Bench, reply: str) -> None:
    sent = message()
    bench.sink.at_end_of_data.extend(["250 ok", reply])

    with pytest.raises(Failure) as failure:
        bench.divide(sent, copies(sent))

    refused = reply.startswith("5")
    assert failure.value.cause is (Cause.SUBMISSION_REFUSED if refused else Cause.SUBMISSION)
    assert bench.served() == [BOB.address]
    assert bench.divide(sent, copies(sent))
    assert bench.served() == [CAT.address]


def test_divide_refused_recipient_sends_nothing_of_that_copy(bench: Bench) -> None:
    sent = message()
    bench.sink.answers[CAT.address] = "550 5.1.1 nobody"
    both = [Copy(sent, (ANN,), "plain"), Copy(sent.with_body(Body.of(b"x")), (BOB, CAT), "smime")]

    with pytest.raises(Failure, match="550"):
        bench.divide(sent, both)

    assert bench.served() == []


def test_divide_no_listener_is_tried_again_at_once(bench: Bench) -> None:
    sent = message()
    nobody = replace(bench.delivery, submission=listener(free_port()))

    with pytest.raises(Failure):
        nobody.divide(sent, ENVELOPE, copies(sent), lambda copy: None)

    assert bench.divide(sent, copies(sent))
    assert bench.served() == [BOB.address, CAT.address]


def test_divide_lost_answer_waits_for_the_lease_then_sends_again(bench: Bench) -> None:
    """The one case that SMTP cannot close: nobody knows whether the listener took the copy."""
    sent = message()
    bench.sink.at_end_of_data.append(HANG_UP)

    with pytest.raises(Undelivered) as raised:
        bench.divide(sent, copies(sent))
    assert isinstance(raised.value.__cause__, Unknown)
    assert raised.value.begun
    with pytest.raises(Failure, match="under way"):
        bench.divide(sent, copies(sent))
    assert bench.served() == []

    bench.now[0] += timedelta(seconds=26)
    assert bench.divide(sent, copies(sent))
    assert bench.served() == [BOB.address, CAT.address]


def test_divide_many_at_the_same_moment_send_one_copy_each(bench: Bench) -> None:
    sent = message()
    start = threading.Barrier(8)

    def attempt(_: int) -> bool:
        start.wait()
        try:
            return bench.divide(sent, copies(sent)) is not None
        except Failure:
            return False

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))

    assert any(outcomes)
    assert bench.served() == [BOB.address, CAT.address]


def test_divide_copy_that_cannot_stay_fails_before_anything_is_sent(bench: Bench) -> None:
    sent = message()

    def unwritable(copy: Copy) -> None:
        raise Failure(Cause.UNWRITABLE, "8 bits")

    with pytest.raises(Failure, match="8 bits"):
        bench.delivery.divide(sent, ENVELOPE, copies(sent), unwritable)

    assert bench.served() == []
    assert bench.divide(sent, copies(sent))


def test_divide_copy_that_cannot_stay_any_more_tells_that_others_have_theirs(bench: Bench) -> None:
    """Refused for good, the sender would send it again to all."""
    sent = message()
    bench.sink.at_end_of_data.extend(["250 ok", "451 4.3.0 later"])
    with pytest.raises(Undelivered):
        bench.divide(sent, copies(sent))

    def unwritable(copy: Copy) -> None:
        raise Failure(Cause.UNWRITABLE, "8 bits")

    with pytest.raises(Undelivered) as failure:
        bench.delivery.divide(sent, ENVELOPE, copies(sent), unwritable)

    assert failure.value.begun
    assert failure.value.cause is Cause.UNWRITABLE


def test_divide_that_cannot_forget_tells_that_others_have_theirs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(*_: object) -> None:
        raise Failure(Cause.STORE, "down")

    monkeypatch.setattr(Journal, "forget", forget)
    with pytest.raises(Undelivered) as failure:
        bench.divide(message(""), copies(message("")))

    assert failure.value.begun


def test_divide_store_down_sends_nothing(bench: Bench) -> None:
    bench.store.rename(bench.store.with_suffix(".gone"))
    for more in bench.store.parent.glob("*-wal"):
        more.unlink()

    with pytest.raises(Failure) as failure:
        bench.divide(message(), copies(message()))

    assert failure.value.cause is Cause.STORE
    assert bench.served() == []


def test_submit_listener_without_an_extension_that_is_needed_fails(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib.SMTP, "has_extn", lambda self, name: False)
    copy = Copy(message(), (replace(BOB, parameters=("NOTIFY=NEVER",)),), "plain")

    with pytest.raises(Failure, match="DSN"):
        listener(sink.port).submit(copy, ENVELOPE, datetime.now(UTC), lambda: None)

    assert sink.is_quiet(0.1)


@pytest.mark.parametrize("parting", [b"500 what?\r\n", b"", b"garbage"])
def test_submit_listener_that_fails_after_its_250_has_taken_the_copy(parting: bytes) -> None:
    replies = [b"250 you", b"250 ok", b"250 ok", b"354 go", b"250 taken"]

    def listen(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hello\r\n")
            for reply in replies:
                line = lines.readline()
                while reply == b"250 taken" and line != b".\r\n":
                    line = lines.readline()
                connection.sendall(reply + b"\r\n")
            lines.readline()
            connection.sendall(parting)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        listening = pool.submit(listen, server)

        listener(server.getsockname()[1]).submit(
            Copy(message(), (BOB,), "plain"), ENVELOPE, datetime.now(UTC), lambda: None
        )

        with suppress(ConnectionError):
            listening.result()
