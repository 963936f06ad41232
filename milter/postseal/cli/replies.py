"""`postseal replies`: what recipients have written in the portal, and has not left yet."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postseal.cli.common import Telling, bad, settings_option
from postseal.cli.keys import ring
from postseal.cli.messages_shown import when

if TYPE_CHECKING:
    from postseal.store.outbox import Waiting

_MOST = 1000


@click.group(cls=Telling)
def replies() -> None:
    """Replies from the portal that wait for a mail server: list them, try them again now.

    What somebody has written is sealed for the administrator, too.
    """


@replies.command("list")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_option
def listed(*, limit: int, as_json: bool, path: Path) -> None:
    """List replies that have to leave, the oldest first: whose, since when, for whom, and why they wait."""
    found = ring(path).outbox.unsent(limit=limit)
    if as_json:
        click.echo(json.dumps([_facts(reply) for reply in found], indent=2))
        return
    for reply in found:
        click.echo(
            f"{reply.id.hex()[:12]}  {when(reply.since)}  <{reply.address}>  {reply.tries} tries,"
            f" again {when(reply.due)}, given up {when(reply.until)}"
        )
        for target in reply.left:
            click.echo(f"              {target.way}  <{target.address}>  {target.why or 'not tried yet'}")


@replies.command()
@click.argument("reply", required=False)
@settings_option
def retry(*, reply: str | None, path: Path) -> None:
    """Have REPLY, or all that wait, tried again within seconds, by any portal that runs."""
    outbox, now = ring(path).outbox, datetime.now(UTC)
    if reply is None:
        click.echo(f"{outbox.hasten(at=now)} replies are tried again now")
        return
    if not re.fullmatch("[0-9a-f]{6,32}", reply):
        bad("replies", f"'{reply}' is no reply", "write the beginning of its id; see `postseal replies list`")
    found = [each.id for each in outbox.unsent(limit=_MOST) if each.id.hex().startswith(reply)]
    if len(found) != 1:
        what = f"{len(found)} replies that wait begin with {reply}"
        bad("replies", what, "write more of it" if found else "see `postseal replies list`")
    outbox.hasten(*found, at=now)
    click.echo(f"{reply} is tried again now")


def _facts(reply: "Waiting") -> dict[str, object]:
    return {
        "id": reply.id.hex(),
        "message": reply.message.hex(),
        "by": reply.address,
        "since": reply.since.isoformat(),
        "tries": reply.tries,
        "again": reply.due.isoformat(),
        "given_up": reply.until.isoformat(),
        "waiting": [{"address": each.address, "way": each.way.value, "why": each.why} for each in reply.left],
    }
