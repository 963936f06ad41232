"""`postseal connectors`: what Postfix asks about partners."""

import os
from pathlib import Path

import click

from postseal import log
from postseal.cli.common import give_up, settings_option
from postseal.errors import BadInput


@click.command()
@settings_option
def connectors(path: Path) -> None:
    """Answer Postfix about connectors, in the foreground, until SIGTERM.

    At the socket `tls: {connectors: …}` of the settings; without one it ends at once.  A process by itself:
    Postfix goes on sending while the daemon is down or starts anew.  Logs go to standard error.
    """
    from postseal.daemon import answering  # noqa: PLC0415 (no other command needs its libraries)

    log.start("INFO", for_journal="JOURNAL_STREAM" in os.environ)
    try:
        answering.run(path)
    except BadInput as error:
        give_up(error)
