"""How many passcodes may be asked for, counted from the rows, so that it holds across processes and hosts.

What is refused is not counted.  Limits across messages count only codes that could have reached somebody:
otherwise anybody with a message of his own could keep everybody else from reading.  Nobody is told that an
address has had its share, as that would tell strangers which messages it may read: there is no code
then, as for an unknown address.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from postseal.store.schema_sealed import passcodes, sealed_messages, sealed_recipients
from postseal.store.senders import SENDERS

_HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
"""No limit counts what is older."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many codes may be asked for before the answer is `Limited`.

    For one message and address by hour and day; for one network by hour; for all by hour.  *address* and
    *misses*: codes, and wrong guesses, by day for one address and all messages that it may read, before
    no more is sent.
    """

    hourly: int = 3
    daily: int = 8
    network: int = 20
    everybody: int = 3600
    address: int = 30
    misses: int = 100


@dataclass(frozen=True, slots=True)
class Limited:
    """No code is made now.  *limit*: the name of the field of `Limits`.  *again*: when to ask again."""

    limit: str
    again: datetime


def limited(
    connection: Connection, limits: Limits, message: bytes, address: str, *, network: str, at: datetime
) -> Limited | None:
    """Which of *limits* keeps *address* from a code for *message* now, if one does."""
    here = (passcodes.c.message == message, passcodes.c.address == address)
    rules: tuple[tuple[str, int, timedelta, tuple[ColumnElement[bool], ...]], ...] = (
        ("hourly", limits.hourly, _HOUR, here),
        ("daily", limits.daily, DAY, here),
        ("network", limits.network, _HOUR, (passcodes.c.network == network,)),
        ("everybody", limits.everybody, _HOUR, (_readable(),)),
    )
    for name, most, span, which in rules:
        query = select(func.count(), func.min(passcodes.c.since)).where(*which, passcodes.c.since > at - span)
        count, first = connection.execute(query).one()
        if count >= most:
            return Limited(name, first + span)
    return None


def flooded(connection: Connection, limits: Limits, address: str, at: datetime) -> bool:
    """Whether *address* has had its share of codes, or somebody has guessed too often at them."""
    missed = passcodes.c.tries - case((passcodes.c.used.is_(None), 0), else_=1)
    query = select(func.count(), func.sum(missed)).where(
        passcodes.c.address == address,
        passcodes.c.since > at - DAY,
        _readable(),
    )
    count, misses = connection.execute(query).one()
    return count >= limits.address or (misses or 0) >= limits.misses


def network_of(client: str) -> str:
    """The network that the address *client* counts for: /24, or /64; "" if it is no address."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24), strict=False))


def _readable() -> ColumnElement[bool]:
    """Whether a code could have been mailed: its address may read its message, or is a sender's."""
    same = (
        sealed_recipients.c.message == passcodes.c.message,
        sealed_recipients.c.address == passcodes.c.address,
    )
    sent = (passcodes.c.message == SENDERS, sealed_messages.c.author == passcodes.c.address)
    return or_(
        select(sealed_recipients.c.message).where(*same).exists(),
        select(sealed_messages.c.id).where(*sent).exists(),
    )
