"""The mark of a copy is known again for the same message, sender and recipients, and for no others."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body
from postseal.envelope import Envelope, Recipient
from postseal.guard.seal import NotHonoured, Seal, Verdict
from postseal.guard.trace import Guard
from postseal.message import Header, Message

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
GUARD = Guard(Seal.of(b"secret"), timedelta(days=1))
ANN, BOB = Recipient("ann@x.example"), Recipient("bob@y.example", ("NOTIFY=NEVER",))
ENVELOPE = Envelope("me@x.example", (ANN, BOB), queue_id="Q2")
MESSAGE = Message(
    (Header.of("From", "me@x.example"), Header.of("To", "ann@x.example"), Header.of("Message-ID", "<1@x>")),
    Body.of(b"text\r\n"),
)
OTHERS = Header.of("Received", "from a by b (Postfix) id 1; Mon, 23 Nov 2026 09:00:00 +0000")


def traced(message: Message = MESSAGE, *, guard: Guard = GUARD, envelope: Envelope = ENVELOPE) -> Message:
    mark = guard.mark(message, envelope.sender, envelope.recipients, name="mx.example", at=AT)
    line = f" by mx.example (Postseal) id Q1\r\n\t({mark});\r\n\tMon, 23 Nov 2026 09:00:00 +0000"
    return replace(message, headers=(Header(b"Received", line.encode()), *message.headers))


def verdict(message: Message, envelope: Envelope = ENVELOPE, at: datetime = AT) -> Verdict | None:
    try:
        key = GUARD.recognised(message, envelope, at)
    except NotHonoured as error:
        return error.verdict
    return Verdict.HONOURED if key else None


def changed(message: Message, name: str, value: str) -> Message:
    return replace(
        message,
        headers=tuple(Header.of(name, value) if h.named(name) else h for h in message.headers),
    )


def test_mark_is_known_again() -> None:
    assert verdict(traced()) is Verdict.HONOURED


def test_mark_none_is_no_verdict() -> None:
    assert verdict(replace(MESSAGE, headers=(OTHERS, *MESSAGE.headers))) is None


def test_mark_survives_what_mtas_do() -> None:
    copy = traced()
    carried = replace(
        copy,
        headers=(
            *(
                OTHERS,
                replace(copy.headers[0], value=copy.headers[0].value.replace(b"\r\n\t", b"\r\n        ")),
            ),
            *(Header(b"FROM ", b"  me@x.example  "), *copy.headers[2:]),
            *(Header.of("Date", "now"), Header.of("X-Added", "yes")),
        ),
        body=Body.of(b"text"),
    )
    turned = replace(ENVELOPE, sender="ME@x.example.", recipients=(BOB, Recipient("Ann@X.example")))

    assert verdict(carried, turned) is Verdict.HONOURED


@pytest.mark.parametrize(
    ("message", "envelope"),
    [
        pytest.param(replace(traced(), body=Body.of(b"text!\r\n")), ENVELOPE, id="body"),
        pytest.param(changed(traced(), "From", "you@x.example"), ENVELOPE, id="from"),
        pytest.param(changed(traced(), "Message-ID", "<2@x>"), ENVELOPE, id="message-id"),
        pytest.param(traced().without("To"), ENVELOPE, id="field gone"),
        pytest.param(traced().adding(Header.of("To", "c@x")), ENVELOPE, id="second field"),
        pytest.param(traced(), replace(ENVELOPE, sender=""), id="sender"),
        pytest.param(traced(), replace(ENVELOPE, recipients=(ANN,)), id="recipient less"),
        pytest.param(
            traced(), replace(ENVELOPE, recipients=(ANN, BOB, Recipient("c@x"))), id="recipient more"
        ),
    ],
)
def test_mark_of_other_mail_is_not_honoured(message: Message, envelope: Envelope) -> None:
    assert verdict(message, envelope) is Verdict.OTHER


@pytest.mark.parametrize(("hours", "known"), [(23, True), (25, False), (-25, False)])
def test_mark_has_an_age(hours: int, *, known: bool) -> None:
    judged = verdict(traced(), at=AT + timedelta(hours=hours))

    assert judged is (Verdict.HONOURED if known else Verdict.EXPIRED)


def test_mark_under_another_name_is_forged() -> None:
    copy = traced()
    line = copy.headers[0].value.replace(b"mx.example", b"mx.example.org")

    assert verdict(replace(copy, headers=(Header(b"Received", line), *copy.headers[1:]))) is Verdict.FORGED


def test_mark_of_another_site_is_foreign_and_hides_none_of_ours() -> None:
    theirs = Guard(Seal.of(b"theirs"), timedelta(days=1))

    assert verdict(traced(guard=theirs)) is Verdict.FOREIGN
    assert verdict(traced(traced(), guard=theirs)) is Verdict.HONOURED


@pytest.mark.parametrize(("above", "known"), [(4, True), (5, False)])
def test_mark_counts_only_at_the_top_of_the_trace(above: int, *, known: bool) -> None:
    message = replace(traced(), headers=(*[OTHERS] * above, *traced().headers))

    assert verdict(message) is (Verdict.HONOURED if known else None)


def test_mark_gives_a_key_of_its_own_to_each_copy() -> None:
    found = {GUARD.recognised(traced(), ENVELOPE, AT) for _ in range(3)}

    assert len(found) == 3
    assert all(each and len(each.key) == 32 and not each.tls for each in found)


def test_mark_tells_of_the_tls_that_a_copy_needs_even_when_the_field_is_gone() -> None:
    needs = traced(MESSAGE.adding(Header.of("X-Postseal-TLS", "encrypt"))).without("X-Postseal-TLS")

    found = GUARD.recognised(needs, ENVELOPE, AT)

    assert found
    assert found.tls


def test_mark_does_not_tell_how_many_recipients_there_are() -> None:
    lengths = {
        len(traced(envelope=replace(ENVELOPE, recipients=(ANN,) * number)).headers[0].value)
        for number in (1, 9)
    }

    assert len(lengths) == 1


@given(st.binary(max_size=200))
def test_mark_any_trace_line_is_survived(value: bytes) -> None:
    mark = b" by x (Postseal) id y (guard %b)"

    for line in (value, mark % value):
        assert verdict(replace(MESSAGE, headers=(Header(b"Received", line),))) in {None, Verdict.FOREIGN}


addresses = st.sampled_from(["a@x", "b@x", "C@x", "", "jürgen@ä.example", "\udce4@x"])


@given(addresses, st.lists(addresses), addresses, st.lists(addresses))
def test_mark_is_known_for_exactly_its_envelope(
    sender: str, to: list[str], other_sender: str, other_to: list[str]
) -> None:
    first, other = _envelope(sender, to), _envelope(other_sender, other_to)
    same = sender.lower() == other_sender.lower() and _set(to) == _set(other_to)

    assert verdict(traced(envelope=first), other) is (Verdict.HONOURED if same else Verdict.OTHER)


def _envelope(sender: str, to: Iterable[str]) -> Envelope:
    return Envelope(sender, tuple(Recipient(address) for address in to))


def _set(to: Iterable[str]) -> set[str]:
    return {address.lower() for address in to}
