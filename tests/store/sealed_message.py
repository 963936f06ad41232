"""A sealed message for two, as the tests of its verbs note it."""

from datetime import UTC, datetime, timedelta

from postseal.sealed.master import LocalKeys, context
from postseal.store.sealed import Addressee, SealedMessage, SealedMessages, State

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MESSAGE, KEY = b"m" * 16, b"k" * 32
BOB, CAT = "bob@one.test", "cat@two.test"
RIGHTS = ("forward", "print")
KEYS = LocalKeys({"a": bytes(32)}, "a")


def addressee(address: str, *, expires: datetime | None = None, message: bytes = MESSAGE) -> Addressee:
    key = KEYS.wrap(KEY, context(message, address, RIGHTS))
    return Addressee(address, address.title(), State.OPEN, expires, NOON, key)


def message(id_: bytes = MESSAGE, expires: datetime | None = None) -> SealedMessage:
    recipients = tuple(addressee(address, expires=expires, message=id_) for address in (BOB, CAT))
    return SealedMessage(id_, "<1@lab.test>", "ann@lab.test", RIGHTS, "", 1234, NOON, recipients)


def found(messages: SealedMessages, address: str, id_: bytes = MESSAGE) -> Addressee:
    known = messages.of(id_)
    assert known
    one = known.addressee(address)
    assert one
    return one
