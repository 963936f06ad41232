"""`postseal signout`: somebody has lost his telephone, or left, and must not read in the portal any more."""

from datetime import UTC, datetime
from pathlib import Path

import click

from postseal.cli.common import settings_option
from postseal.cli.keys import ring
from postseal.cli.messages import BY
from postseal.envelope import key


@click.command()
@click.argument("address")
@settings_option
def signout(*, address: str, path: Path) -> None:
    """End the sessions of ADDRESS in the portal, and forget its passkeys.

    Its messages stay, and whoever still reads the mailbox can sign in with a code again: that is
    what `postseal messages revoke` is for.
    """
    from postseal.store.signing_out import sign_out  # noqa: PLC0415 (only few commands need a database)

    who = key(address)
    sessions, passkeys = sign_out(ring(path), who, by=BY, at=datetime.now(UTC))
    click.echo(f"{who}: {sessions} sessions ended, {passkeys} passkeys forgotten")
