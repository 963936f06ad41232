"""What a sender gives besides with his message: from whom it is taken, that it goes, what is refused."""

import pytest

from postseal.body import Body
from postseal.cms import field
from postseal.envelope import Client, Envelope, Recipient
from postseal.guard.own import stripped
from postseal.header_edits import header
from postseal.locking import Locking, NotLocked
from postseal.locks import Locks
from postseal.message import Header, Message

BOB, CAT = "Bob@One.test", "cat@two.test"
WORDS = "blue horse 17"
BOTH = Locking(lambda envelope: bool(envelope.client.login), passphrases=True, numbers=True)


def message(*fields: tuple[str, str], subject: str = "Numbers") -> Message:
    return Message((header("Subject", subject), *(header(*each) for each in fields)), Body.of(b"One.\r\n"))


def taken(
    given: Message, *recipients: str, locking: Locking = BOTH, login: str | None = "ann"
) -> tuple[Message, Locks]:
    who = tuple(map(Recipient, recipients or (BOB, CAT)))
    envelope = Envelope("ann@lab.test", who, Client(login=login))
    clean, envelope = locking.taken(given, stripped(given), envelope)
    return clean, envelope.locks


def said(one: Message) -> str:
    return " ".join(field.text(each.value) for each in one.headers)


@pytest.mark.parametrize(
    "given",
    [
        message(("X-Postseal-Passphrase", WORDS)),
        message(("x-postseal-passphrase", f"  {WORDS.upper()}  ")),
        message(subject=f"Numbers [passphrase: {WORDS}]"),
        message(subject=f"[Passphrase:{WORDS}] Numbers"),
        message(("X-Postseal-Passphrase", WORDS), subject=f"Numbers [passphrase: {WORDS}]"),
        Message(
            (Header(b"Subject", b" Numbers"), Header(b"X-Postseal-Passphrase ", b" blue\r\n horse 17")),
            Body.of(b""),
        ),
    ],
    ids=["field", "letter case", "subject", "in front", "both", "folded, and white space before the colon"],
)
def test_passphrase_is_taken_and_gone(given: Message) -> None:
    clean, locks = taken(given)

    assert locks == Locks(WORDS)
    assert said(clean) == "Numbers"


def test_passphrase_of_another_script_is_taken_and_gone_from_what_programs_make_of_the_subject() -> None:
    tagged = "Zahlen für Q4 [passphrase: Grüne Öfen 17]"
    clean, locks = taken(message(("Thread-Topic", tagged), ("X-Other", "stays"), subject=tagged))

    assert locks.passphrase == "grüne öfen 17"
    assert said(clean) == "Zahlen für Q4 Zahlen für Q4 stays"


def test_passphrase_is_not_in_what_is_printed() -> None:
    _, locks = taken(message(("X-Postseal-Passphrase", WORDS), ("X-Postseal-Number", f"{CAT} +491701234567")))

    assert WORDS not in repr(locks)
    assert "491701234567" not in repr(locks)


def test_numbers_are_taken_by_address() -> None:
    clean, locks = taken(
        message(
            ("X-Postseal-Number", f"{CAT} +49 (170) 123-4567"),
            ("X-Postseal-Number", f"<{BOB}>: +1 202 555 0100"),
        )
    )

    assert locks == Locks("", (("bob@one.test", "+12025550100"), (CAT, "+491701234567")))
    assert said(clean) == "Numbers"


def test_number_alone_is_that_of_the_one_recipient() -> None:
    clean, locks = taken(message(subject="Numbers [number: +49 170 1234567]"), CAT)

    assert locks.number(CAT) == "+491701234567"
    assert said(clean) == "Numbers"


def test_strangers_set_nothing_and_their_fields_go() -> None:
    given = message(("X-Postseal-Passphrase", WORDS), subject=f"Numbers [passphrase: {WORDS}]")
    clean, locks = taken(given, login=None)

    assert not locks
    assert said(clean) == f"Numbers [passphrase: {WORDS}]"


def test_where_it_is_off_the_subject_means_nothing() -> None:
    given = message(subject=f"Numbers [passphrase: {WORDS}] [number: +491701234567]")
    clean, locks = taken(given, CAT, locking=Locking(lambda _: True, numbers=True))

    assert locks == Locks("", ((CAT, "+491701234567"),))
    assert said(clean) == f"Numbers [passphrase: {WORDS}]"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (message(("X-Postseal-Passphrase", "short 7")), "8 to 200 characters"),
        (message(("X-Postseal-Passphrase", "a" + " " * 9 + "b")), "8 to 200 characters"),
        (message(("X-Postseal-Passphrase", "x" * 201)), "8 to 200 characters"),
        (message(("X-Postseal-Passphrase", "")), "8 to 200 characters"),
        (message(subject="Numbers [passphrase:]"), "8 to 200 characters"),
        (
            message(("X-Postseal-Passphrase", WORDS), subject="[passphrase: another one]"),
            "more than one passphrase",
        ),
        (message(("X-Postseal-Number", "+49 170 1234567")), "needs its recipient's address"),
        (message(("X-Postseal-Number", f"{CAT} 0170 1234567")), "with its country"),
        (message(("X-Postseal-Number", f"{CAT}")), "with its country"),
        (message(("X-Postseal-Number", "max@one.test +49 170 1234567")), "no recipient"),
        (
            message(*[("X-Postseal-Number", f"{CAT} +49 170 123456{n}") for n in (7, 8)]),
            "more than one telephone",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused(given: Message, why: str) -> None:
    with pytest.raises(NotLocked) as caught:
        taken(given)

    assert (caught.value.reply.code, caught.value.reply.status) == (550, "5.7.1")
    assert why in caught.value.reply.text


@pytest.mark.parametrize("name", ["X-Postseal-Passphrase", "X-Postseal-Number"])
def test_field_that_is_not_in_use_is_refused(name: str) -> None:
    with pytest.raises(NotLocked, match="not in use here"):
        taken(message((name, f"{CAT} +49 170 1234567")), locking=Locking(lambda _: True))
