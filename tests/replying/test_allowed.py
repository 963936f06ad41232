"""A reply is taken only where it is allowed, whatever a page has shown."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from postseal.message import Header
from postseal.replying.composition import Quotation
from postseal.replying.original import NotAllowed, Whom, Why
from replying.conftest import BOB, CAT, ORIGINAL, Desk


@pytest.mark.parametrize(
    ("rights", "whom", "allowed"),
    [
        ("", Whom.ALL, True),
        ("reply_all", Whom.AUTHOR, True),
        ("reply_all", Whom.ALL, False),
        ("replyAll", Whom.ALL, False),
        ("forward,reply", Whom.AUTHOR, False),
        ("print", Whom.ALL, True),
    ],
)
def test_right_that_is_withheld_is_refused_here(
    desk: Desk, rights: str, whom: Whom, *, allowed: bool
) -> None:
    desk.ring.open().store.write(
        lambda c: c.execute(text("UPDATE sealed_messages SET rights = :rights"), {"rights": rights})
    )
    if allowed:
        quotation = Quotation("Ann", None, "words under restriction")
        assert desk.send(whom, quotation=quotation)
        desk.turns()
        quoted = b"words under restriction" in desk.inside.take(1)[0].content
        assert quoted is (rights == "")
    else:
        with pytest.raises(NotAllowed) as raised:
            desk.send(whom)
        assert raised.value.why is Why.WITHHELD
        with pytest.raises(NotAllowed):
            desk.replies.recipients(desk.sealed, ORIGINAL, BOB, whom)
        assert desk.ring.open().outbox.oldest() == (0, None)


def test_reply_to_what_may_not_be_read_any_more_is_refused(desk: Desk) -> None:
    ring = desk.ring.open()
    ring.access.revoke(desk.sealed, [BOB], at=desk.at)
    with pytest.raises(NotAllowed) as revoked:
        desk.send()
    ring.access.extend(desk.sealed, [CAT], until=desk.at + timedelta(hours=1), at=desk.at)
    desk.at += timedelta(hours=1)
    with pytest.raises(NotAllowed) as expired:
        desk.replies.recipients(desk.sealed, ORIGINAL, CAT, Whom.AUTHOR)
    with pytest.raises(NotAllowed) as stranger:
        desk.replies.recipients(desk.sealed, ORIGINAL, "eve@one.test", Whom.AUTHOR)
    with pytest.raises(NotAllowed) as unknown:
        desk.replies.recipients(bytes(16), ORIGINAL, BOB, Whom.AUTHOR)

    assert {each.value.why for each in (revoked, expired, stranger, unknown)} == {Why.GONE}
    assert ring.outbox.oldest() == (0, None)


def test_visitor_whom_no_field_can_name_has_no_reply(desk: Desk) -> None:
    strange = "a,b@one.test"
    message = ORIGINAL.without("Message-ID").adding(Header.of("Message-ID", "<9@lab.test>"))
    sealed = desk.seal(message, strange).id

    with pytest.raises(NotAllowed) as raised:
        desk.replies.recipients(sealed, ORIGINAL, strange, Whom.AUTHOR)
    assert raised.value.why is Why.NOBODY


def test_fifty_replies_a_day_are_enough(desk: Desk) -> None:
    for number in range(50):
        desk.send(nonce=bytes([number]) * 16)
    with pytest.raises(NotAllowed) as raised:
        desk.send(nonce=b"x" * 16)
    assert raised.value.why is Why.TOO_OFTEN

    desk.at += timedelta(days=1)
    assert desk.send(nonce=b"x" * 16)
