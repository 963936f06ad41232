"""`postseal messages`: sealed messages that are out: who can read them, who has, and who no longer may."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postseal.cli.common import Telling, bad, settings, settings_option
from postseal.cli.keys import ring
from postseal.cli.messages_shown import describe, facts, line, when
from postseal.envelope import domain_key, key

if TYPE_CHECKING:
    from postseal.store.registry import Registry
    from postseal.store.ring import Opened
    from postseal.store.sealed import SealedMessage

BY = "by an administrator"
"""Who acts, for the audit."""

_MOST = 1000
_LONGEST_ID = 512
"""What is noted of a Message-ID (`methods.ome`)."""


@click.group(cls=Telling)
def messages() -> None:
    """Sealed messages: find, revoke, restore, extend, and see what became of them.

    A message is named by its Message-ID, as in <…>, or by the beginning of its id.  The content is sealed
    for the administrator, too: nothing here shows a subject or a text.
    """


def _registry(opened: "Opened") -> "Registry":
    from postseal.store.registry import Registry  # noqa: PLC0415 (only few commands need a database)

    return Registry(opened.store, opened.audit, opened.messages)


_recipients = click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="ADDRESS",
    help="Only for ADDRESS; repeat it for more.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@messages.command(name="list")
@click.option("--message-id", default="", metavar="ID", help="With this Message-ID.")
@click.option("--sender", default="", metavar="ADDRESS", help="From ADDRESS, or from all of @DOMAIN.")
@click.option("--recipient", default="", metavar="ADDRESS", help="To ADDRESS, or to anybody of @DOMAIN.")
@click.option("--since", metavar="TIME", help="Sealed then or later: 2026-11-24, 2026-11-24T12:00, 7d.")
@click.option("--until", metavar="TIME", help="Sealed before then.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True)
@_json
@settings_option
def listed(
    *,
    message_id: str,
    sender: str,
    recipient: str,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    path: Path,
) -> None:
    """List sealed messages, the newest first."""
    from postseal.store.registry import Search  # noqa: PLC0415

    search = Search(message_id, _address(sender), _address(recipient), _time(since), _time(until))
    found = _registry(ring(path)).search(search, limit=limit)
    if as_json:
        click.echo(json.dumps([facts(message) for message in found], indent=2))
        return
    now = datetime.now(UTC)
    for message in found:
        readers = sum(one.readable(now) for one in message.recipients)
        click.echo(
            f"{message.id.hex()[:12]}  {when(message.since)}  <{message.sender}>  {message.message_id}"
            f"  {readers} of {len(message.recipients)} can read it"
        )


@messages.command()
@click.argument("message")
@_json
@settings_option
def show(*, message: str, as_json: bool, path: Path) -> None:
    """Show MESSAGE: who may read it, until when, and what has happened."""
    opened = ring(path)
    found = _named(_registry(opened), message)
    if as_json:
        from postseal.store.audit_export import facts as row_facts  # noqa: PLC0415

        rows = [row_facts(row) for one in found for row in opened.audit.of(one.id)]
        shown = [facts(one, opened.branches.of(one.id)) for one in found]
        click.echo(json.dumps({"messages": shown, "log": rows}, indent=2))
        return
    for one in found:
        describe(one, opened.branches.of(one.id))
        for row in opened.audit.of(one.id):
            click.echo(line(row))


@messages.command()
@click.argument("message")
@_recipients
@click.option("--now", "at_once", is_flag=True, help="Delete the keys now: it cannot be undone.")
@settings_option
def revoke(*, message: str, recipients: tuple[str, ...], at_once: bool, path: Path) -> None:
    """Let nobody, or not these recipients, read MESSAGE any more, wherever it lies.

    It can be undone for `ome: undo_revoke`; then the keys are deleted, and nothing brings them back.
    What somebody has read, he knows.
    """
    from postseal.store.sealed import scrub  # noqa: PLC0415

    opened, now = ring(path), datetime.now(UTC)
    keep = timedelta(seconds=0 if at_once else settings(path).ome.undo_revoke)
    undo = now + keep if keep else None
    number = 0
    for one in _named(_registry(opened), message):
        addresses = _of(one, recipients)
        if recipients and not addresses:
            continue
        gone = opened.access.revoke(one.id, addresses, at=now, undo=undo, by=BY)
        number += len(gone)
        for address in gone:
            click.echo(f"{one.id.hex()[:12]}  <{address}> cannot read it any more")
    if not number:
        bad("messages", "nobody of these can read it", "see `postseal messages show`")
    if undo:
        click.echo(f"`postseal messages restore` undoes it until {when(undo)}")
    elif not scrub(opened.store):
        click.echo("what is deleted is overwritten later: somebody reads the store just now", err=True)


@messages.command()
@click.argument("message")
@_recipients
@settings_option
def restore(*, message: str, recipients: tuple[str, ...], path: Path) -> None:
    """Undo revoking MESSAGE, while that is possible: they can read it as before, as long as before."""
    opened, number = ring(path), 0
    for one in _named(_registry(opened), message):
        addresses = _of(one, recipients)
        if recipients and not addresses:
            continue
        for address in opened.access.restore(one.id, addresses, at=datetime.now(UTC), by=BY):
            number += 1
            click.echo(f"{one.id.hex()[:12]}  <{address}> can read it again")
    if not number:
        bad(
            "messages", "nobody of these was revoked so that it can be undone", "see `postseal messages show`"
        )


@messages.command()
@click.argument("message")
@click.option("--until", required=True, metavar="TIME", help="2027-01-31, 30d from now, or `forever`.")
@_recipients
@settings_option
def extend(*, message: str, until: str, recipients: tuple[str, ...], path: Path) -> None:
    """Set how long MESSAGE can be read, longer or shorter; who was revoked or has expired stays so."""
    opened, now = ring(path), datetime.now(UTC)
    far = re.fullmatch("([0-9]{1,5})([hdw])", until)
    end = None if until == "forever" else now + _span(far) if far else _time(until)
    if end and end <= now:
        bad("--until", "is over already", "`postseal messages revoke` ends it now")
    number = 0
    for one in _named(_registry(opened), message):
        addresses = _of(one, recipients)
        if recipients and not addresses:
            continue
        for address in opened.access.extend(one.id, addresses, until=end, at=now, by=BY):
            number += 1
            click.echo(
                f"{one.id.hex()[:12]}  <{address}> can read it until {when(end) if end else 'for ever'}"
            )
    if not number:
        bad("messages", "nobody of these can read it", "keys that were deleted do not come back")


@messages.command()
@click.argument("message", required=False)
@click.option("--verify", is_flag=True, help="Check that no row was changed; exit code 1 if one was.")
@_json
@settings_option
def log(*, message: str | None, verify: bool, as_json: bool, path: Path) -> None:
    """Print the audit, of MESSAGE or of all."""
    from postseal.store.audit_export import facts as row_facts  # noqa: PLC0415

    opened = ring(path)
    if verify:
        result = opened.audit.verify()
        if result.bad:
            bad("audit", f"row {result.bad} is not as it was written; {result.rows} rows before it are")
        click.echo(f"good: {result.rows} rows; the last has the code {result.last.hex()[:16]}")
        return
    rows = (
        (row for one in _named(_registry(opened), message) for row in opened.audit.of(one.id))
        if message
        else opened.audit.every()
    )
    for row in rows:
        click.echo(json.dumps(row_facts(row)) if as_json else line(row))


@messages.command()
@click.argument("message", required=False)
@settings_option
def purge(*, message: str | None, path: Path) -> None:
    """Forget MESSAGE with its keys and kept copy; or all that nobody could read for `ome: forget`."""
    from postseal.store.sealed import scrub  # noqa: PLC0415

    opened, now = ring(path), datetime.now(UTC)
    registry = _registry(opened)
    if message:
        number = sum(registry.purge(one.id, at=now) for one in _named(registry, message))
    else:
        opened.access.expire(now, limit=_MOST)
        opened.access.erase(now, limit=_MOST)
        before = now - timedelta(seconds=settings(path).ome.forget)
        number = registry.forget(before, at=now, limit=_MOST)
    opened.containers.tidy(now, limit=_MOST)
    scrub(opened.store)
    click.echo(f"{number} messages are forgotten; the audit of them stays")


def _named(registry: "Registry", name: str) -> tuple["SealedMessage", ...]:
    """The messages that *name* means; leaves if there is none, or an id means several."""
    from postseal.store.registry import Search  # noqa: PLC0415

    if re.fullmatch("[0-9a-f]{6,32}", name):
        found = registry.alike(name)
        if len(found) > 1:
            bad("messages", f"{len(found)} messages begin with {name}", "write more of it")
    else:
        named = name if name.startswith("<") else f"<{name}>"
        found = registry.search(Search(named[:_LONGEST_ID]), limit=_MOST)
    return found or bad("messages", f"there is no message {name}", "see `postseal messages list`")


def _of(message: "SealedMessage", recipients: tuple[str, ...]) -> list[str]:
    wanted = {key(recipient.strip("<>")) for recipient in recipients}
    return [one.address for one in message.recipients if one.address in wanted]


def _address(written: str) -> str:
    written = written.strip("<>")
    return f"@{domain_key(written[1:])}" if written.startswith("@") else key(written)


def _time(written: str | None) -> datetime | None:
    if not written:
        return None
    if span := re.fullmatch("([0-9]{1,5})([hdw])", written):
        return datetime.now(UTC) - _span(span)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise click.BadParameter(
            f"'{written}' is no time; write 2026-11-24, 2026-11-24T12:00 or 7d"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _span(found: re.Match[str]) -> timedelta:
    return timedelta(hours=int(found[1]) * {"h": 1, "d": 24, "w": 168}[found[2]])
