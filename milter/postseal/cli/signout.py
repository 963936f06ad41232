"""`postseal signout`: somebody has lost his telephone, or left, and must not read in the portal any more."""

from datetime import UTC, datetime
from pathlib import Path

import click

from postseal.cli.common import settings_option
from postseal.cli.keys import ring
from postseal.envelope import key


@click.command()
@click.argument("address")
@settings_option
def signout(*, address: str, path: Path) -> None:
    """End the sessions of ADDRESS in the portal, and forget its passkeys.

    Its messages stay, and whoever still reads the mailbox can sign in with a code again: that is
    what `postseal messages revoke` is for.
    """
    from postseal.store.audit import Entry, Event  # noqa: PLC0415 (only few commands need a database)
    from postseal.store.sessions import Sessions  # noqa: PLC0415

    opened, who = ring(path), key(address)
    passkeys = opened.passkeys.remove_all(who)
    sessions = Sessions(opened.store).end_all(who)
    entries = [Entry(Event.PASSKEY_REMOVED, address=who, detail="by an administrator")] * passkeys
    opened.audit.add(entries, at=datetime.now(UTC))
    click.echo(f"{who}: {sessions} sessions ended, {passkeys} passkeys forgotten")
