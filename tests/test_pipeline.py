"""Every recipient in exactly one copy, none less protected than asked, Bcc alone; or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body
from postseal.cms.header_protection import Veil
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.methods.method import Manner, Methods, Order
from postseal.methods.plain import PlainMethod
from postseal.outcome import Held, Outcome, Reply
from postseal.pipeline import process
from postseal.remedy import DEFER, REJECT, OnError
from postseal.rights import Right
from postseal.treatment import AddHeader, Hold, Treatment

ANN, BOB, CAT = (Recipient(f"{name}@x.example") for name in ("ann", "bob", "cat"))


@dataclass(frozen=True)
class Rules:
    """A policy that is its answer."""

    treatments: Mapping[Recipient, Treatment]

    def decide(self, message: Message, envelope: Envelope) -> Mapping[Recipient, Treatment]:
        return self.treatments


@dataclass
class Sealing:
    """A method that reaches some, and writes on the message for whom it is."""

    reached: frozenset[Recipient] = frozenset()
    fails: Cause | None = None
    readers: list[tuple[Recipient, ...]] = field(default_factory=list)
    manners: Mapping[Recipient, Manner] = field(default_factory=dict)

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        return recipient in self.reached

    def made(self, message: Message) -> bool:
        return message.body.read().startswith(b"made by us")

    def obstacle(self, recipient: Recipient) -> str:
        return "no key"

    def manner(self, recipient: Recipient) -> Manner:
        return self.manners.get(recipient, Manner())

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        if self.fails:
            raise Failure(self.fails, "why")
        self.readers.append(recipients)
        return message.with_body(Body.of(b"sealed"))


class Pen:
    def sign(self, message: Message, envelope: Envelope, *, veil: Veil = Veil.CLEAR) -> Message:
        if not envelope.sender:
            raise Failure(Cause.NO_SIGNER, "nobody")
        return message.adding(Header.of("Signed", "yes"))

    def finish(self, message: Message, envelope: Envelope) -> Message:
        return self.sign(message, envelope)


def message(to: str = "ann@x.example, Bob <BOB@X.example>, cat@x.example") -> Message:
    fields = (Header.of("To", to), Header.of("Bcc", "cat@x.example"), Header.of("Subject", "hi"))
    return Message(fields, Body.of(b"secret"))


def envelope(*recipients: Recipient, sender: str = "me@x.example") -> Envelope:
    return Envelope(sender, recipients)


def methods(smime: Sealing, ome: Sealing | None = None) -> Methods:
    return Methods({"plain": PlainMethod(), "smime": smime, "ome": ome or Sealing()}, Pen())


def test_process_recipients_of_different_manners_share_no_copy() -> None:
    smime = Sealing(frozenset({ANN, BOB, CAT}), manners={BOB: Manner("aes-256-gcm")})
    treatments = dict.fromkeys((ANN, BOB, CAT), Treatment(("smime",)))

    found = process(message(), envelope(ANN, BOB, CAT), Rules(treatments), methods(smime))

    assert isinstance(found, list)
    assert [copy.recipients for copy in found] == [(ANN, CAT), (BOB,)]


def test_process_no_treatment_leaves_the_message_alone() -> None:
    before = message()

    result = process(
        before, envelope(ANN, BOB), Rules({ANN: Treatment(), BOB: Treatment()}), methods(Sealing())
    )

    assert isinstance(result, list)
    assert [(copy.recipients, copy.method, copy.signed) for copy in result] == [((ANN, BOB), "plain", False)]
    assert result[0].message is before


def test_process_equal_treatments_share_a_copy() -> None:
    smime = Sealing(frozenset({ANN, BOB}))
    asked = Treatment(protect=("smime",))

    result = process(message(), envelope(ANN, BOB), Rules({ANN: asked, BOB: asked}), methods(smime))

    assert isinstance(result, list)
    assert smime.readers == [(ANN, BOB)]
    assert result[0].message.body.read() == b"sealed"
    assert result[0].message.first("Bcc") is None


def test_process_recipient_not_in_to_or_cc_shares_no_protected_copy() -> None:
    smime = Sealing(frozenset({ANN, BOB, CAT}))
    asked = Treatment(protect=("smime",))
    everyone = {ANN: asked, BOB: asked, CAT: asked}

    process(message(to="ann@x.example"), envelope(ANN, BOB, CAT), Rules(everyone), methods(smime))

    assert smime.readers == [(ANN,), (BOB,), (CAT,)]


def test_process_hidden_recipient_named_twice_gets_one_copy() -> None:
    twice = (Recipient("bob@x.example", ("NOTIFY=NEVER",)), Recipient("Bob@X.example"))
    smime = Sealing(frozenset(twice))

    process(
        message(to="ann@x.example"),
        envelope(*twice),
        Rules(dict.fromkeys(twice, Treatment(protect=("smime",)))),
        methods(smime),
    )

    assert smime.readers == [twice]


def test_process_hidden_recipients_of_plain_mail_need_no_copy_of_their_own() -> None:
    everyone = {ANN: Treatment(), BOB: Treatment()}

    result = process(message(to="undisclosed:;"), envelope(ANN, BOB), Rules(everyone), methods(Sealing()))

    assert isinstance(result, list)
    assert len(result) == 1


def test_process_second_method_serves_whom_the_first_does_not_reach() -> None:
    smime, ome = Sealing(frozenset({ANN})), Sealing(frozenset({ANN, BOB}))
    asked = Treatment(protect=("smime", "ome"))

    process(message(), envelope(ANN, BOB), Rules({ANN: asked, BOB: asked}), methods(smime, ome))

    assert (smime.readers, ome.readers) == ([(ANN,)], [(BOB,)])


def _with_holds(released: frozenset[str], refused: Reply | None = None) -> Outcome:
    """What becomes of mail that two rules want held, one of them for Bob, and one may refuse for Cat."""
    asked = {
        ANN: Treatment(protect=("smime",)),
        BOB: Treatment(holds=(Hold("look", "numbers"), Hold("ask", "large"))),
        CAT: Treatment(holds=(Hold("look", "numbers"),), refusal=refused),
    }
    smime = Sealing(frozenset({ANN}))
    outcome = process(
        message(), Envelope("me@x.example", (ANN, BOB, CAT), released=released), Rules(asked), methods(smime)
    )
    assert smime.readers == ([(ANN,)] if isinstance(outcome, list) else [])
    return outcome


def test_process_one_recipient_to_be_held_holds_the_message_for_all() -> None:
    assert _with_holds(frozenset()) == Held("large; numbers", frozenset({"ask", "look"}))


def test_process_released_rule_holds_no_more() -> None:
    assert _with_holds(frozenset({"look"})) == Held("large", frozenset({"ask"}))
    outcome = _with_holds(frozenset({"look", "ask"}))
    assert isinstance(outcome, list)
    assert [copy.recipients for copy in outcome] == [(ANN,), (BOB, CAT)]


def test_process_refusal_wins_over_holding() -> None:
    no = Reply(550, "5.7.1", "no")

    assert _with_holds(frozenset(), no) == no


@pytest.mark.parametrize("on_error", [DEFER, REJECT], ids=str)
def test_process_nobody_reaches_the_recipient_refuses(on_error: OnError) -> None:
    asked = Treatment(protect=("smime", "nosuch"), on_error=on_error)

    result = process(message(), envelope(ANN), Rules({ANN: asked}), methods(Sealing()))

    assert isinstance(result, Reply)
    assert (result.cause, result.code) == (Cause.NO_CERTIFICATE, 451 if on_error is DEFER else 550)
    assert result.detail == "<ann@x.example> is not reached by smime (no key), nosuch (no such method)"
    assert "ann" not in result.text


def test_process_method_fails_refuses_without_the_reason() -> None:
    smime = Sealing(frozenset({ANN}), fails=Cause.CRYPTO)

    result = process(message(), envelope(ANN), Rules({ANN: Treatment(protect=("smime",))}), methods(smime))

    assert isinstance(result, Reply)
    assert (result.code, result.status, result.cause, result.detail) == (451, "4.7.5", Cause.CRYPTO, "why")
    assert "why" not in result.text


def test_process_refusal_of_one_recipient_refuses_all() -> None:
    reply = Reply(550, "5.7.1", "No.")

    result = process(
        message(),
        envelope(ANN, BOB),
        Rules({ANN: Treatment(), BOB: Treatment(refusal=reply)}),
        methods(Sealing()),
    )

    assert result is reply


def test_process_signs_before_it_seals_and_edits_before_it_signs() -> None:
    smime = Sealing(frozenset({ANN}))
    asked = Treatment(protect=("smime",), sign=True, headers=(AddHeader("X-Edit", "1"),))

    result = process(message(), envelope(ANN), Rules({ANN: asked}), methods(smime))

    assert isinstance(result, list)
    assert [header.name for header in result[0].message.headers] == [b"To", b"Subject", b"X-Edit", b"Signed"]
    assert result[0].signed


def test_process_nobody_may_sign_refuses() -> None:
    asked = {ANN: Treatment(sign=True)}

    result = process(message(), envelope(ANN, sender=""), Rules(asked), methods(Sealing()))

    assert isinstance(result, Reply)
    assert result.cause is Cause.NO_SIGNER


words = st.lists(st.sampled_from(["smime", "ome"]), max_size=2, unique=True).map(tuple)
treatments = st.builds(
    Treatment, protect=words, sign=st.booleans(), on_error=st.sampled_from([DEFER, REJECT])
)


@given(
    st.dictionaries(st.sampled_from([ANN, BOB, CAT]), treatments, min_size=1),
    st.sets(st.sampled_from([ANN, BOB, CAT])),
    st.sets(st.sampled_from([ANN, BOB, CAT])),
    st.sets(st.sampled_from(["ann@x.example", "bob@x.example"])),
)
def test_process_anything_keeps_the_promises(
    asked: dict[Recipient, Treatment], smime: set[Recipient], ome: set[Recipient], visible: set[str]
) -> None:
    sealing, opening = Sealing(frozenset(smime)), Sealing(frozenset(ome))
    reached = {"plain": set(asked), "smime": smime, "ome": ome}

    result = process(
        message(to=", ".join(visible)), envelope(*asked), Rules(asked), methods(sealing, opening)
    )

    if isinstance(result, Reply):
        assert any(
            not any(r in reached[word] for word in asked[r].protect) for r in asked if asked[r].protect
        )
        return
    assert sorted(r.address for copy in result for r in copy.recipients) == sorted(r.address for r in asked)
    for copy in result:
        for recipient in copy.recipients:
            allowed = asked[recipient].protect or ("plain",)
            assert copy.method in allowed
            assert recipient in reached[copy.method]
            assert copy.signed == asked[recipient].sign
            assert (copy.message.body.read() == b"sealed") == bool(asked[recipient].protect)
        hidden = [r for r in copy.recipients if r.address not in visible]
        assert copy.method == "plain" or not hidden or len(copy.recipients) == 1
