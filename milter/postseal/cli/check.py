"""`postseal check`: is everything good that the daemon would load?"""

import json
from pathlib import Path

import click

from postseal.cli import in_use
from postseal.cli.common import give_up, settings_option
from postseal.daemon import house
from postseal.errors import BadInput, Failure
from postseal.methods.table import PROTECTING
from postseal.policy.manual import manual
from postseal.policy.schema import schema


@click.command()
@click.option("--list", "as_list", is_flag=True, help="Print every word of the policy language instead.")
@click.option("--schema", "as_schema", is_flag=True, help="Print a JSON Schema for editors instead.")
@settings_option
def check(path: Path, as_list: bool, as_schema: bool) -> None:
    """Check settings, policies with their examples, certificates and keys.

    Prints every problem with its file, line and column, all at once.  Changes nothing, and needs no
    running daemon.  If the store answers, it is asked which brandings messages name that can be read: one
    that is gone is a problem.
    """
    if as_list:
        click.echo(manual())
        return
    if as_schema:
        methods = sorted(set(PROTECTING) - {"plain"})
        click.echo(json.dumps(schema({"method": methods}), indent=2, ensure_ascii=False))
        return
    try:
        built = house.build(path)
        try:
            in_use.check(built.settings)
        except Failure as failure:
            built.warnings.append(f"the store does not say which brandings messages name: {failure.detail}")
    except BadInput as error:
        give_up(error)
    for warning in built.warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}", err=True)
    click.echo(f"good: policy {built.digest}, {built.rules} rules")
