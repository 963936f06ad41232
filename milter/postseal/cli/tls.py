"""`postseal tls`: TLS between mail servers."""

from pathlib import Path

import click

from postseal import settings as settings_file
from postseal.cli.common import give_up, settings_option
from postseal.errors import BadInput
from postseal.methods.table import PROTECTING
from postseal.policy.load import load
from postseal.required_tls import Level, RequiredTls
from postseal.tls.transport import lines


@click.group()
def tls() -> None:
    """Wire the mail server for TLS that rules require."""


@tls.command()
@settings_option
def transports(path: Path) -> None:
    """Print Postfix's transports for `require_tls`, as lines for master.cf.

    One for every level, and one for every list of names or fingerprints in the policies.
    """
    try:
        settings = settings_file.load(path)
        policy = load(settings, PROTECTING)
    except BadInput as error:
        give_up(error)
    plain = [RequiredTls(level) for level in Level if level is not Level.FINGERPRINT]
    listed = [each for each in policy.required_tls if each.match]
    click.echo("\n".join(lines(each) for each in (*plain, *listed)), nl=False)
