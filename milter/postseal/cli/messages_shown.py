"""How sealed messages and their audit are printed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from postseal.store.audit import Row
    from postseal.store.branches import Branch
    from postseal.store.sealed import Addressee, SealedMessage

_HOW: Final = {"forward": "forwarded to him", "member": "as a member"}
"""How somebody came by another, by the kind of the branch."""


def when(at: datetime) -> str:
    """A time as tables have it."""
    return f"{at:%Y-%m-%d %H:%M}"


def describe(message: "SealedMessage", branches: Sequence["Branch"]) -> None:
    """Print what is known of *message*, each reader below the one who has let him in."""
    from postseal.store.sealed import State  # noqa: PLC0415 (only few commands need a database)

    now = datetime.now(UTC)
    click.echo(f"message   {message.id.hex()}  {message.message_id}")
    click.echo(f"sealed    {when(message.since)} UTC for <{message.sender}>, {message.size} octets")
    if message.rights:
        click.echo(f"withheld  {', '.join(message.rights)}")
    if "save" in message.rights:
        click.echo(f"files     {message.licence.attachments}")
    if message.lock:
        click.echo("asks for  a passphrase, besides signing in")
    for one, depth, branch in _tree(message, branches):
        until = f"until {when(one.expires)}" if one.expires else "for ever"
        state = f"can read it {until}" if one.readable(now) else f"{one.state} {when(one.changed)}"
        if one.state is State.OPEN and one.expires and one.expires <= now:  # nobody has noted it yet
            state = f"expired {when(one.expires)}"
        if one.undo and one.restorable(now):
            state += f", can be undone until {when(one.undo)}"
        if one.number:
            state += ", with a code by telephone"
        came = f", {_HOW[branch.kind]} {when(branch.since)}" if branch else ""
        click.echo(f"          {'  ' * depth}<{one.address}> {state}{came}")


def _tree(
    message: "SealedMessage", branches: Sequence["Branch"]
) -> Iterator[tuple["Addressee", int, "Branch | None"]]:
    """Everybody, with the number of those above him, and how he came."""
    came = {branch.address: branch for branch in branches}
    below: dict[str, list[Addressee]] = {}
    for one in message.recipients:
        below.setdefault(came[one.address].parent if one.address in came else "", []).append(one)
    # From a list, not by recursion: whoever forwards chooses how deep the tree is.
    left = [(one, 0) for one in reversed(below.get("", []))]
    while left:
        one, depth = left.pop()
        yield one, depth, came.get(one.address)
        left += [(each, depth + 1) for each in reversed(below.get(one.address, []))]


def line(row: "Row") -> str:
    """A row of the audit."""
    message = row.message.hex()[:12] if row.message else "-"
    said = " ".join(filter(None, (row.event, f"<{row.address}>" if row.address else "", row.detail)))
    return f"{row.number:>8}  {row.at:%Y-%m-%d %H:%M:%S}  {message}  {said}"


def facts(message: "SealedMessage", branches: Sequence["Branch"] = ()) -> dict[str, object]:
    """What is known of *message*, for JSON."""
    came = {branch.address: branch for branch in branches}
    now = datetime.now(UTC)
    return {
        "id": message.id.hex(),
        "message_id": message.message_id,
        "sender": message.sender,
        "sealed": message.since.isoformat(),
        "size": message.size,
        "withheld": list(message.rights),
        "attachments": message.licence.attachments.value,
        "recipients": [
            {
                "address": one.address,
                "state": one.state.value,
                "readable": one.readable(now),
                "expires": one.expires.isoformat() if one.expires else None,
                "changed": one.changed.isoformat(),
                "undo": one.undo.isoformat() if one.undo else None,
                **_came(came.get(one.address)),
            }
            for one in message.recipients
        ],
    }


def _came(branch: "Branch | None") -> dict[str, object]:
    if branch is None:
        return {}
    return {"by": branch.parent, "how": branch.kind.value, "since": branch.since.isoformat()}
