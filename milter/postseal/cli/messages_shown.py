"""How sealed messages and their audit are printed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from postseal.store.audit import Row
    from postseal.store.sealed import SealedMessage


def when(at: datetime) -> str:
    """A time as tables have it."""
    return f"{at:%Y-%m-%d %H:%M}"


def describe(message: "SealedMessage") -> None:
    """Print what is known of *message*."""
    from postseal.store.sealed import State  # noqa: PLC0415 (only few commands need a database)

    now = datetime.now(UTC)
    click.echo(f"message   {message.id.hex()}  {message.message_id}")
    click.echo(f"sealed    {when(message.since)} UTC for <{message.sender}>, {message.size} octets")
    if message.rights:
        click.echo(f"withheld  {', '.join(message.rights)}")
    for one in message.recipients:
        until = f"until {when(one.expires)}" if one.expires else "for ever"
        state = f"can read it {until}" if one.readable(now) else f"{one.state} {when(one.changed)}"
        if one.state is State.OPEN and one.expires and one.expires <= now:  # nobody has noted it yet
            state = f"expired {when(one.expires)}"
        if one.undo and one.restorable(now):
            state += f", can be undone until {when(one.undo)}"
        click.echo(f"          <{one.address}> {state}")


def line(row: "Row") -> str:
    """A row of the audit."""
    message = row.message.hex()[:12] if row.message else "-"
    said = " ".join(filter(None, (row.event, f"<{row.address}>" if row.address else "", row.detail)))
    return f"{row.number:>8}  {row.at:%Y-%m-%d %H:%M:%S}  {message}  {said}"


def row_facts(row: "Row") -> dict[str, object]:
    """A row of the audit, for JSON."""
    return {
        "number": row.number,
        "at": row.at.isoformat(),
        "event": row.event,
        "message": row.message.hex() if row.message else None,
        "address": row.address,
        "detail": row.detail,
        "mac": row.mac.hex(),
    }


def facts(message: "SealedMessage") -> dict[str, object]:
    """What is known of *message*, for JSON."""
    now = datetime.now(UTC)
    return {
        "id": message.id.hex(),
        "message_id": message.message_id,
        "sender": message.sender,
        "sealed": message.since.isoformat(),
        "size": message.size,
        "withheld": list(message.rights),
        "recipients": [
            {
                "address": one.address,
                "state": one.state.value,
                "readable": one.readable(now),
                "expires": one.expires.isoformat() if one.expires else None,
                "changed": one.changed.isoformat(),
                "undo": one.undo.isoformat() if one.undo else None,
            }
            for one in message.recipients
        ],
    }
