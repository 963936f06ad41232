"""`postseal doctor`: is the mail server wired as it must be?"""

import sys
from pathlib import Path

import click

from postseal.cli.common import Exit, give_up, settings_option, show
from postseal.errors import BadInput
from postseal.methods.table import PROTECTING
from postseal.policy.load import load
from postseal.settings import settings as settings_file


@click.command()
@settings_option
def doctor(path: Path) -> None:
    """Ask the mail server of this host whether it is wired as contrib/postfix or contrib/sendmail say.

    Its milters and what they do while we fail, recipients that are added past us, the TLS of rules and
    connectors, `TLS-Required` and REQUIRETLS of senders.  Prints every problem with what to do; exit code 1
    if mail could leave unprotected or be lost, 0 for warnings alone.  Changes nothing.
    """
    from postseal.daemon.doctor import examined  # noqa: PLC0415 (other commands do not need its libraries)

    try:
        settings = settings_file.load(path)
        found = examined(settings, load(settings, PROTECTING))
    except BadInput as error:
        give_up(error)
    show(found.warnings, color="yellow")
    show(found.errors, color="red")
    counts = f"errors: {len(found.errors)}, warnings: {len(found.warnings)}"
    click.echo(f"{found.server or 'no mail server'}; {counts}")
    sys.exit(Exit.BAD_INPUT if found.errors else Exit.DONE)
