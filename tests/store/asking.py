"""Passcodes asked for, in the names that several tests use."""

from datetime import UTC, datetime, timedelta

from postseal.store.passcodes import Issued, Passcodes

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SESSION, OTHER_SESSION = b"s" * 32, b"t" * 32
MESSAGE, OTHER_MESSAGE = b"m" * 16, b"n" * 16
BOB, CAT = "bob@one.test", "cat@two.test"
NETWORK = "192.0.2.0/24"


def issued(
    passcodes: Passcodes,
    *,
    session: bytes = SESSION,
    message: bytes = MESSAGE,
    address: str = BOB,
    at: datetime = NOON,
    known: bool = True,
) -> Issued:
    """A code is asked for, and made."""
    answer = passcodes.request(session, message, address, network=NETWORK, known=known, at=at)
    assert isinstance(answer, Issued)
    return answer


def code_of(issue: Issued) -> str:
    """The code, of somebody who may have one."""
    assert issue.code
    return issue.code
