"""`postseal tls`: TLS between mail servers."""

from pathlib import Path

import click

from postseal import settings as settings_file
from postseal.cli.common import give_up, settings_option
from postseal.errors import BadInput
from postseal.methods.table import PROTECTING
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.required_tls import Level, RequiredTls
from postseal.tls.table import CONNECTORS, ROUTES, Tables
from postseal.tls.transport import lines


@click.group()
def tls() -> None:
    """Wire the mail server for TLS that rules and connectors require."""


@tls.command()
@settings_option
def transports(path: Path) -> None:
    """Print Postfix's transports for `require_tls`, as lines for master.cf.

    One for every level, and one for every list of names or fingerprints in the policies.
    """
    policy = _policy(path)
    plain = [RequiredTls(level) for level in Level if level.requires and level is not Level.FINGERPRINT]
    listed = [each for each in policy.required_tls if each.match]
    click.echo("\n".join(lines(each) for each in (*plain, *listed)), nl=False)


@tls.command("map")
@click.option("--routes", is_flag=True, help="Print the smart hosts instead, for transport_maps.")
@settings_option
def map_(*, path: Path, routes: bool) -> None:
    """Print the connectors as a static map for smtp_tls_policy_maps.

    For a Postfix that is not to ask the daemon; after each change it needs another `postmap`.
    """
    tables = Tables.of(_policy(path).connectors.outbound)
    for line in tables.lines(ROUTES if routes else CONNECTORS):
        click.echo(line)


def _policy(path: Path) -> Policy:
    try:
        return load(settings_file.load(path), PROTECTING)
    except BadInput as error:
        give_up(error)
