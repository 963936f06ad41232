"""A reply goes to people of the original and to nobody else; inside is who is inside for sure."""

import pytest

from postseal.body import Body
from postseal.message import Header, Message
from postseal.replying.original import Addressees, Inside, NotAllowed, Whom, Why, addressees, name_of, thread

OURS = "portal@lab.test"


def message(*fields: tuple[str, str]) -> Message:
    return Message(
        tuple(Header(name.encode(), b" " + value.encode()) for name, value in fields), Body.of(b"")
    )


ORIGINAL = message(
    ("From", '"Ann, A." <ann@lab.test>'),
    ("To", "Bob <Bob@One.test>, cat@two.test, team: dan@lab.test, Eve <eve@two.test>;"),
    ("Cc", "CAT@two.test, portal@lab.test, fay@three.test, broken@, <x y@z.test>, g@x.test@y.test"),
    ("Bcc", "hidden@lab.test"),
    ("Message-ID", "<1@lab.test>"),
    ("References", "<0@lab.test>\r\n <00@lab.test> garbage <\x7f@x>"),
)


def told(to: Addressees) -> tuple[list[str], list[str]]:
    return [each.address for each in to.to], [each.address for each in to.cc]


def test_reply_goes_to_the_author() -> None:
    to = addressees(ORIGINAL, "bob@one.test", Whom.AUTHOR, ours=OURS)

    assert told(to) == (["ann@lab.test"], [])
    assert to.to[0].name == "Ann, A."


def test_reply_goes_to_reply_to_where_there_is_one() -> None:
    original = ORIGINAL.adding(Header.of("Reply-To", "desk@lab.test, Boss <boss@lab.test>"))

    assert told(addressees(original, "bob@one.test", Whom.AUTHOR, ours=OURS)) == (
        ["desk@lab.test", "boss@lab.test"],
        [],
    )


def test_reply_to_all_leaves_out_the_visitor_us_the_hidden_and_what_is_no_address() -> None:
    to = addressees(ORIGINAL, "bob@one.test", Whom.ALL, ours=OURS)

    assert told(to) == (
        ["ann@lab.test"],
        ["cat@two.test", "dan@lab.test", "eve@two.test", "fay@three.test"],
    )


def test_reply_to_what_the_visitor_wrote_himself_goes_to_whom_he_wrote() -> None:
    original = message(("From", OURS), ("Reply-To", "bob@one.test"), ("To", "ann@lab.test"))

    assert told(addressees(original, "bob@one.test", Whom.AUTHOR, ours=OURS)) == (["ann@lab.test"], [])


@pytest.mark.parametrize(
    "original",
    [
        message(),
        message(("From", "undisclosed: ;"), ("To", "bob@one.test")),
        message(("From", 'a@b@c, "x" y')),
    ],
)
def test_reply_to_nobody_is_not_allowed(original: Message) -> None:
    with pytest.raises(NotAllowed) as raised:
        addressees(original, "bob@one.test", Whom.ALL, ours=OURS)
    assert raised.value.why is Why.NOBODY


def test_reply_to_very_many_is_not_allowed() -> None:
    many = message(("From", "a@x.test"), ("To", ", ".join(f"p{number}@x.test" for number in range(100))))

    with pytest.raises(NotAllowed) as raised:
        addressees(many, "bob@one.test", Whom.ALL, ours=OURS)
    assert raised.value.why is Why.TOO_MANY
    assert told(addressees(many, "bob@one.test", Whom.AUTHOR, ours=OURS)) == (["a@x.test"], [])


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("ann@lab.test", True),
        ("Ann@LAB.test.", True),
        ("ann@sub.lab.test", False),
        ("ann@two.test", False),
        ("cat%two.test@lab.test", False),
        ("two.test!cat@lab.test", False),
        ('"cat@two.test"@lab.test', False),
        ("ann", False),
        ("ann@lab.test (c)", False),
        ("a b@lab.test", False),
        ("", False),
    ],
)
def test_inside_is_who_is_inside_for_sure(address: str, *, inside: bool) -> None:
    assert (address in Inside(["Lab.test"])) is inside


def test_thread_and_name() -> None:
    assert thread(ORIGINAL) == ("<0@lab.test>", "<00@lab.test>", "<1@lab.test>")
    assert thread(message(("In-Reply-To", "<0@x>"), ("Message-ID", "<1@x>"))) == ("<0@x>", "<1@x>")
    assert thread(message()) == ()
    assert name_of(ORIGINAL, "bob@one.test") == "Bob"
    assert name_of(ORIGINAL, "cat@two.test") == ""
