"""`postseal admin`: the administrators' page, and the way in that the host itself gives."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from postseal import log
from postseal.cli.common import Telling, bad, settings, settings_option
from postseal.cli.keys import ring
from postseal.envelope import key


@click.group(cls=Telling)
def admin() -> None:
    """The administrators' page: search, revoke, audit, keys, in the browser.

    Its settings are below `admin:`, also who may do what there.
    """


@admin.command()
@settings_option
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="INFO tells what the audit is told, DEBUG every answer, without who asked.",
)
def serve(path: Path, log_level: str) -> None:
    """Serve the page, in the foreground, until SIGTERM: a process of its own, for nobody outside."""
    try:
        from postseal.administering import serve as process  # noqa: PLC0415 (its libraries are an extra)
    except ImportError as error:
        bad("postseal admin", f"a library is missing: {error.name}", "pip install 'postseal[portal]'")
    log.start(log_level.upper(), for_journal="JOURNAL_STREAM" in os.environ)
    process.run(path)


@admin.command()
@click.argument("address")
@settings_option
def link(address: str, path: Path) -> None:
    """Print a link by which ADDRESS signs in to the page: good once, for 15 minutes.

    Hand it over on a way that nobody else reads.  The settings must give ADDRESS itself a role.
    """
    from postseal.administering.desk import role_of  # noqa: PLC0415 (only few commands need a database)
    from postseal.store.administrators import Administrators  # noqa: PLC0415
    from postseal.store.audit import Entry, Event  # noqa: PLC0415

    known, who, now = settings(path).admin, key(address), datetime.now(UTC)
    if not known.address:
        bad(str(path), "there is no administrators' page (admin: address)", "write its address: https://HOST")
    role = role_of(known.people, who, ())
    if role is None:
        bad(str(path), f"{who} has no role", f"write '{who}: auditor', support or admin below admin: people")
    opened = ring(path)
    entry = Entry(Event.ADMINISTERED, address=who, detail=f"a link was made on the host, {role}")
    opened.audit.add([entry], at=now)
    click.echo(f"{known.address}/enter/{Administrators(opened.store).link(who, at=now)}")
