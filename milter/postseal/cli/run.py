"""`postseal run`: the daemon."""

import os
import sys
from pathlib import Path

import click

from postseal import log
from postseal.cli.common import give_up, settings_option
from postseal.errors import BadInput


@click.command()
@settings_option
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="INFO tells what happened to each mail, WARNING what to mend, ERROR what deferred mail.",
)
def run(path: Path, log_level: str) -> None:
    """Serve the MTA, in the foreground, until SIGTERM.

    SIGHUP, or `postseal reload`, loads everything anew.  Readiness, reloads and a watchdog are told
    to systemd where it asks for them.  Logs go to standard error.
    """
    # Only the daemon needs a database; the other commands would wait for its libraries, too.
    from postseal.daemon import start  # noqa: PLC0415

    log.start(log_level.upper(), for_journal="JOURNAL_STREAM" in os.environ)
    try:
        sys.exit(start.run(path))
    except BadInput as error:
        give_up(error)
