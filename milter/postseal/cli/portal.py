"""`postseal portal`: the web application in which recipients read sealed messages."""

import os
from pathlib import Path

import click

from postseal import log
from postseal.cli.common import bad, give_up, settings_option
from postseal.errors import BadInput


@click.command()
@settings_option
@click.option(
    "--instance",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Which of several that serve side by side; ports count up from those of the settings.",
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="INFO tells what the audit is told, WARNING what to mend, ERROR what nobody could read.",
)
def portal(path: Path, instance: int, log_level: str) -> None:
    """Serve the recipients of sealed messages, in the foreground, until SIGTERM.

    Its settings are below `portal:`; a web server with the certificate stands in front, or it has one of its
    own.  Readiness and a watchdog are told to systemd where it asks for them.  Logs go to standard error.
    """
    try:
        from postseal.portal import serve  # noqa: PLC0415 (no other command needs its libraries)
    except ImportError as error:
        bad("postseal portal", f"a library is missing: {error.name}", "pip install 'postseal[portal]'")
    log.start(log_level.upper(), for_journal="JOURNAL_STREAM" in os.environ)
    try:
        serve.run(path, instance)
    except BadInput as error:
        give_up(error)
