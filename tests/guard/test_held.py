"""The field of held mail: it gives back the first hop's facts, for the same message and recipients."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body
from postseal.envelope import Client, Envelope, Recipient, Tls
from postseal.errors import Failure
from postseal.guard.held import NAME, Released, held, released, sealed_here
from postseal.guard.seal import NotHonoured, Seal, Verdict
from postseal.locks import Locks
from postseal.message import Header, Message

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEAL = Seal.of(b"secret")
CLIENT = Client("203.0.113.9", "mx.example", "ann", Tls("TLSv1.3", "AES", "/CN=ann"))
ANN, BOB = Recipient("ann@x.example", ("NOTIFY=NEVER",)), Recipient("bob@y.example")
ENVELOPE = Envelope("me@x.example", (ANN, BOB), CLIENT, queue_id="Q1")
BACK = Envelope("me@x.example", (ANN, BOB), Client("127.0.0.1"), ("RET=HDRS",), "Q2")
MESSAGE = Message((Header.of("From", "me@x.example"), Header.of("Subject", "hi")), Body.of(b"text\r\n"))


def kept(
    message: Message = MESSAGE, envelope: Envelope = ENVELOPE, *rules: str, seal: Seal = SEAL
) -> Message:
    return message.adding(held(seal, message, envelope, rules=frozenset(rules), at=AT))


def verdict(message: Message, envelope: Envelope = BACK) -> Verdict:
    with pytest.raises(NotHonoured) as raised:
        released(SEAL, message, envelope)
    return raised.value.verdict


def test_held_gives_back_what_the_second_hop_loses() -> None:
    first = replace(ENVELOPE, released=frozenset({"before"}))

    assert released(SEAL, kept(MESSAGE, first, "look", "ask"), BACK) == Released(
        replace(BACK, client=CLIENT, released=frozenset({"before", "look", "ask"})),
        {ANN: (ANN,), BOB: (BOB,)},
    )


def test_held_keeps_what_the_sender_asks_of_readers_and_shows_it_to_nobody() -> None:
    locks = Locks("blue horse 17", (("bob@y.example", "+491701234567"),))
    message = kept(envelope=replace(ENVELOPE, locks=locks))
    (header,) = message.all(NAME)
    octets = b"".join(header.value.split())
    read = octets + base64.urlsafe_b64decode(octets + b"=" * (-len(octets) % 4))

    assert released(SEAL, message, BACK).envelope.locks == locks
    assert b"horse" not in read
    assert b"4917" not in read


facts = st.text(max_size=20)
clients = st.builds(Client, facts, facts, st.none() | facts, st.none() | st.builds(Tls, facts, facts, facts))


@given(clients, st.sampled_from(["", "me@x", "jürgen@ä.example", "\udce4@x"]))
def test_held_keeps_any_client_and_sender(client: Client, sender: str) -> None:
    back = released(SEAL, kept(envelope=replace(ENVELOPE, client=client, sender=sender)), BACK).envelope

    assert (back.client, back.sender) == (client, sender)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=200))
def test_held_is_ascii_on_short_lines_whatever_it_holds(login: str) -> None:
    value = kept(envelope=replace(ENVELOPE, client=replace(CLIENT, login=login))).headers[-1].value

    assert value.isascii()
    assert max(len(line) for line in value.split(b"\r\n")) <= 73


def test_held_recipients_may_come_back_apart_and_as_whom_they_stand_for() -> None:
    member = Recipient("member@z.example", ("NOTIFY=NEVER", "ORCPT=rfc822;Ann@x.example"))
    other = Recipient("other@z.example", ("NOTIFY=NEVER", "ORCPT=rfc822;Ann@x.example"))

    back = released(SEAL, kept(), replace(BACK, recipients=(member, other)))

    judged = replace(member, address="Ann@x.example")
    assert back.envelope.recipients == (judged,)
    assert back.actual == {judged: (member, other)}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        pytest.param("rfc822;a+2Bb@x.example", "a+b@x.example", id="xtext"),
        pytest.param("utf-8;j\\x{FC}rgen@x.example", "jürgen@x.example", id="utf-8"),
        pytest.param("utf-8;jürgen@x.example", "jürgen@x.example", id="utf-8 unescaped"),
    ],
)
def test_held_orcpt_is_read_as_written(given: str, address: str) -> None:
    first = replace(ENVELOPE, recipients=(Recipient(address),))
    member = Recipient("m@z.example", (f"orcpt={given}",))

    back = released(SEAL, kept(envelope=first), replace(BACK, recipients=(member,)))

    assert back.envelope.recipients[0].address == address


def test_held_orcpt_of_the_client_is_known_again() -> None:
    first = replace(ENVELOPE, recipients=(Recipient("a@x", ("ORCPT=rfc822;mine@elsewhere",)),))
    member = Recipient("m@z", ("ORCPT=rfc822;mine@elsewhere",))

    back = released(SEAL, kept(envelope=first), replace(BACK, recipients=(member,)))

    assert back.envelope.recipients[0].address == "a@x"


@pytest.mark.parametrize("orcpt", ["rfc822;bob@y.example", "rfc822;same@z"])
def test_held_orcpt_that_two_may_have_stands_for_neither(orcpt: str) -> None:
    """A client cannot have Bob's mail judged as Ann's by naming him in her ORCPT."""
    ann = Recipient("ann@x.example", (f"ORCPT={orcpt}",))
    bob = Recipient("bob@y.example", (f"ORCPT={orcpt}",) if "same" in orcpt else ())
    first = replace(ENVELOPE, recipients=(ann, bob))
    member = Recipient("m@z", (f"ORCPT={orcpt}",))

    assert verdict(kept(envelope=first), replace(BACK, recipients=(member,))) is Verdict.OTHER


@pytest.mark.parametrize(
    ("message", "recipients", "expected"),
    [
        pytest.param(kept(), (Recipient("eve@x"),), Verdict.OTHER, id="stranger"),
        pytest.param(kept(), (ANN, Recipient("eve@x")), Verdict.OTHER, id="and a stranger"),
        pytest.param(kept(), (Recipient("e@x", ("ORCPT=rfc822;e@x",)),), Verdict.OTHER, id="by ORCPT"),
        pytest.param(kept(), (Recipient("e@x", ("ORCPT=x400;/ann",)),), Verdict.OTHER, id="other kind"),
        pytest.param(replace(kept(), body=Body.of(b"x")), (ANN,), Verdict.OTHER, id="body"),
        pytest.param(kept().without("Subject"), (ANN,), Verdict.OTHER, id="field gone"),
        pytest.param(kept().adding(Header.of("From", "b@x")), (ANN,), Verdict.OTHER, id="second field"),
        pytest.param(kept(kept()), (ANN,), Verdict.OTHER, id="two of ours"),
        pytest.param(kept(seal=Seal.of(b"theirs")), (ANN,), Verdict.FORGED, id="another secret"),
        pytest.param(MESSAGE.adding(Header.of(NAME, "x")), (ANN,), Verdict.FORGED, id="nonsense"),
        pytest.param(MESSAGE, (ANN,), Verdict.FOREIGN, id="none"),
    ],
)
def test_held_field_that_does_not_fit_is_not_honoured(
    message: Message, recipients: tuple[Recipient, ...], expected: Verdict
) -> None:
    assert verdict(message, replace(BACK, recipients=recipients)) is expected


def test_held_fields_of_others_beside_ours_do_not_count() -> None:
    message = kept(MESSAGE.adding(Header.of(NAME, "forged")))

    assert released(SEAL, message, BACK).envelope.client == CLIENT


@pytest.mark.parametrize(
    ("message", "ours"),
    [(kept(), True), (replace(kept(), body=Body.of(b"x")), True), (MESSAGE, False),
     (kept(seal=Seal.of(b"theirs")), False)],
)  # fmt: skip
def test_sealed_here_is_about_any_message(message: Message, *, ours: bool) -> None:
    assert sealed_here(SEAL, message) is ours


def test_held_for_more_recipients_than_fit_is_refused() -> None:
    many = tuple(Recipient(f"r{number}@x.example") for number in range(8000))

    with pytest.raises(Failure, match="8000"):
        kept(envelope=replace(ENVELOPE, recipients=many))
    assert released(SEAL, kept(envelope=replace(ENVELOPE, recipients=many[:5000])), BACK.__class__(
        "me@x.example", many[:50])).envelope.client == CLIENT  # fmt: skip
