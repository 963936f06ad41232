"""Required, bounced, if possible, never; the next method; and what the sender protected himself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from postseal.body import Body
from postseal.cms.header_protection import Veil
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.methods.method import Manner, Methods, Order
from postseal.methods.plain import PlainMethod
from postseal.outcome import Held, Outcome, Reply
from postseal.pipeline import carry_out
from postseal.remedy import DEFER, REJECT, Choice, OnError, Remedy
from postseal.rights import Right
from postseal.treatment import Already, Treatment, Unreached

ANN, BOB, CAT = (Recipient(f"{name}@x.example") for name in ("ann", "bob", "cat"))
PGP = b"-----BEGIN PGP MESSAGE-----\r\n\r\nwV4DAAAAAAAAAAAASAQdA\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"


@dataclass
class Sealing:
    """A method that reaches some, and fails as it is told: when it looks, or when it seals."""

    reached: frozenset[Recipient] = frozenset()
    looking: Cause | None = None
    sealing: Cause | None = None
    readers: list[tuple[Recipient, ...]] = field(default_factory=list)
    manners: Mapping[Recipient, Manner] = field(default_factory=dict)

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        if self.looking:
            raise Failure(self.looking, "cannot look")
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
        if self.sealing:
            raise Failure(self.sealing, "cannot seal")
        self.readers.append(recipients)
        return message.with_body(Body.of(b"sealed"))


class Pen:
    def sign(self, message: Message, envelope: Envelope, *, veil: Veil = Veil.CLEAR) -> Message:
        return message.adding(Header.of("Signed", "yes"))

    def finish(self, message: Message, envelope: Envelope) -> Message:
        return self.sign(message, envelope)


def outcome(
    treatment: Treatment,
    *recipients: Recipient,
    smime: Sealing,
    ome: Sealing | None = None,
    body: bytes = b"secret",
    sender: str = "me@x.example",
    more: tuple[Header, ...] = (),
) -> Outcome:
    to = Header.of("To", "ann@x.example, bob@x.example, cat@x.example")
    message = Message((to, *more), Body.of(body))
    methods = Methods({"plain": PlainMethod(), "smime": smime, "ome": ome or Sealing()}, Pen())
    return carry_out(message, Envelope(sender, recipients), dict.fromkeys(recipients, treatment), methods)


def told(result: Outcome) -> list[tuple[str, tuple[Recipient, ...]]]:
    assert isinstance(result, list)
    return [(copy.method, copy.recipients) for copy in result]


def asked(unreached: Unreached, *methods: str, by_cause: OnError = DEFER) -> Treatment:
    return Treatment(protect=methods or ("smime",), unreached=unreached, on_error=by_cause)


def test_required_for_all_refuses_all() -> None:
    result = outcome(asked(Unreached.REFUSE), ANN, BOB, smime=Sealing(frozenset({ANN})))

    assert isinstance(result, Reply)
    assert (result.code, result.cause) == (451, Cause.NO_CERTIFICATE)


def test_if_possible_seals_for_some_and_is_plain_for_the_rest() -> None:
    result = outcome(asked(Unreached.PLAIN), ANN, BOB, smime=Sealing(frozenset({ANN})))

    assert told(result) == [("smime", (ANN,)), ("plain", (BOB,))]
    assert isinstance(result, list)
    assert [copy.message.body.read() for copy in result] == [b"sealed", b"secret"]


def test_or_bounce_seals_for_some_and_tells_the_sender_of_the_rest() -> None:
    result = outcome(asked(Unreached.BOUNCE), ANN, BOB, CAT, smime=Sealing(frozenset({ANN})))

    assert told(result) == [("smime", (ANN,)), ("bounced", (BOB, CAT))]
    assert isinstance(result, list)
    assert [copy.back for copy in result] == [False, True]


def test_or_bounce_with_nobody_reached_is_refused_for_good() -> None:
    result = outcome(asked(Unreached.BOUNCE), ANN, BOB, smime=Sealing())

    assert isinstance(result, Reply)
    assert (result.code, result.cause) == (550, Cause.NO_CERTIFICATE)


@pytest.mark.parametrize(
    ("sender", "parameters"),
    [
        pytest.param("", (), id="null-sender"),
        pytest.param("me@x.example", ("NOTIFY=NEVER",), id="never"),
        pytest.param("me@x.example", ("notify=success,delay",), id="not-of-failures"),
    ],
)
def test_or_bounce_whoever_cannot_be_told_is_refused(sender: str, parameters: tuple[str, ...]) -> None:
    bob = Recipient("bob@x.example", parameters)

    result = outcome(asked(Unreached.BOUNCE), ANN, bob, smime=Sealing(frozenset({ANN})), sender=sender)

    assert isinstance(result, Reply)
    assert result.cause is Cause.NO_CERTIFICATE


@pytest.mark.parametrize(
    ("name", "value", "told_back"),
    [
        ("Auto-Submitted", "auto-generated; x=y", False),
        ("Auto-Submitted", "No", True),
        ("Precedence", "Bulk", False),
        ("List-Id", "<l.x.example>", False),
        ("X-Other", "auto", True),
    ],
)
def test_or_bounce_does_not_answer_automatic_and_list_mail(name: str, value: str, told_back: bool) -> None:
    more = (Header.of(name, value),)

    result = outcome(asked(Unreached.BOUNCE), ANN, BOB, smime=Sealing(frozenset({ANN})), more=more)

    assert isinstance(result, list) is told_back


@pytest.mark.parametrize("unreached", list(Unreached))
@pytest.mark.parametrize("cause", [Cause.LOOKUP, Cause.REVOCATION, Cause.CRYPTO, Cause.STORE])
@pytest.mark.parametrize("where", ["looking", "sealing"])
def test_failure_is_never_a_reason_for_plain(unreached: Unreached, cause: Cause, where: str) -> None:
    failing = Sealing(frozenset({ANN}), **{where: cause})

    result = outcome(asked(unreached), ANN, smime=failing)

    assert isinstance(result, Reply)
    assert (result.code, result.cause) == (451, cause)


@pytest.mark.parametrize("unreached", list(Unreached))
@pytest.mark.parametrize("where", ["looking", "sealing"])
def test_failure_of_one_method_with_next_and_nobody_else_is_no_reason_either(
    unreached: Unreached, where: str
) -> None:
    by_cause = OnError(causes=frozenset({(Cause.CRYPTO, Remedy(Choice.REJECT, next_first=True))}))
    failing = Sealing(frozenset({ANN}), **{where: Cause.CRYPTO})

    result = outcome(asked(unreached, "smime", "ome", by_cause=by_cause), ANN, smime=failing)

    assert isinstance(result, Reply)
    assert (result.code, result.cause) == (550, Cause.CRYPTO)


@pytest.mark.parametrize("where", ["looking", "sealing"])
def test_next_method_serves_after_a_failure_where_policy_says_so(where: str) -> None:
    by_cause = OnError(causes=frozenset({(Cause.CRYPTO, Remedy(next_first=True))}))
    failing = Sealing(frozenset({ANN, BOB}), **{where: Cause.CRYPTO})
    ome = Sealing(frozenset({ANN, BOB, CAT}))

    result = outcome(
        asked(Unreached.REFUSE, "smime", "ome", by_cause=by_cause),
        ANN,
        BOB,
        CAT,
        smime=failing,
        ome=ome,
    )

    served = sorted((who.address for _, readers in told(result) for who in readers))
    assert served == [ANN.address, BOB.address, CAT.address]
    assert {method for method, _ in told(result)} == {"ome"}


def test_next_method_is_not_tried_without_being_asked() -> None:
    ome = Sealing(frozenset({ANN}))
    failing = Sealing(frozenset({ANN}), sealing=Cause.CRYPTO)

    result = outcome(asked(Unreached.REFUSE, "smime", "ome"), ANN, smime=failing, ome=ome)

    assert isinstance(result, Reply)
    assert ome.readers == []


def test_failure_may_end_in_quarantine() -> None:
    by_cause = OnError(Remedy(Choice.QUARANTINE))

    result = outcome(asked(Unreached.REFUSE, by_cause=by_cause), ANN, smime=Sealing())

    assert isinstance(result, Held)
    assert result.cause is Cause.NO_CERTIFICATE


@pytest.mark.parametrize(
    ("already", "method", "body"),
    [(Already.LEAVE, "kept", PGP), (Already.WRAP, "smime", b"sealed")],
)
def test_already_protected_is_left_or_wrapped(already: Already, method: str, body: bytes) -> None:
    treatment = Treatment(protect=("smime",), sign=True, already=already)

    result = outcome(treatment, ANN, smime=Sealing(frozenset({ANN})), body=PGP)

    assert told(result) == [(method, (ANN,))]
    assert isinstance(result, list)
    assert result[0].message.body.read() == body
    assert result[0].signed is (already is Already.WRAP)


def test_already_protected_is_left_even_for_people_out_of_reach() -> None:
    assert told(outcome(asked(Unreached.REFUSE), ANN, smime=Sealing(), body=PGP)) == [("kept", (ANN,))]


def test_already_protected_is_what_a_method_of_ours_made() -> None:
    body = b"made by us and sealed"

    assert told(outcome(asked(Unreached.REFUSE), ANN, smime=Sealing(), body=body)) == [("kept", (ANN,))]


def test_already_protected_may_be_refused() -> None:
    result = outcome(Treatment(protect=("smime",), already=Already.REJECT), ANN, smime=Sealing(), body=PGP)

    assert isinstance(result, Reply)
    assert (result.code, result.status, result.cause) == (550, "5.7.1", Cause.ALREADY)


def test_remedy_of_a_rule_counts_for_refusal() -> None:
    result = outcome(asked(Unreached.REFUSE, by_cause=REJECT), ANN, smime=Sealing())

    assert isinstance(result, Reply)
    assert result.code == 550
