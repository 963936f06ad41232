"""`postseal apply`: the whole way of a message, offline, into files."""

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

import click

from postseal import message_file
from postseal.body import Spool
from postseal.cli.common import Exit, give_up, settings_option
from postseal.cli.offline import offline
from postseal.daemon import house
from postseal.envelope import Envelope
from postseal.errors import BadInput
from postseal.guard.own import stripped
from postseal.methods.ome import OmeMethod
from postseal.outcome import Copy, Held, Reply
from postseal.sealed import source


@click.command()
@offline
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder for the resulting copies; made if missing, nothing in it is overwritten.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@settings_option
def apply(*, message: IO[bytes], envelope: Envelope, out: Path, as_json: bool, path: Path) -> None:
    """Do with MESSAGE ("-" for standard input) what the daemon would do, and write the copies to DIR.

    Nothing is sent, and nothing is noted: what would be sealed for the portal cannot be opened there.

    Exit code 0: copies were written; 4: the message would be refused; 5: it would be held.
    """
    try:
        built = house.build(path, spool=Path(tempfile.gettempdir()))
        with tempfile.TemporaryDirectory() as folder:
            _rehearse(built, Path(folder))
            outcome = built.process(stripped(message_file.read(message, Spool())), envelope)
    except BadInput as error:
        give_up(error)
    if isinstance(outcome, Reply):
        _show_reply(outcome, as_json=as_json)
        sys.exit(Exit.REFUSED)
    if isinstance(outcome, Held):
        _show_held(outcome, as_json=as_json)
        sys.exit(Exit.HELD)
    rows = [_row(copy, out, number) for number, copy in enumerate(outcome, 1)]
    summary = json.dumps({"copies": [asdict(row) for row in rows]}, indent=2)
    _write(outcome, rows, summary, out)
    if as_json:
        click.echo(summary)
        return
    if not rows:
        click.echo("no copy leaves: a rule deletes the message")
    for row in rows:
        protection = f"{row.method}, signed" if row.signed else row.method
        click.echo(f"{row.file}  {protection}  for {', '.join(row.recipients)}")


def _rehearse(built: house.House, folder: Path) -> None:
    """Let what is sealed be noted in a store of its own below *folder*, not in the daemon's."""
    ome = built.settings.ome
    if not ome.portal:
        return
    from postseal.store.migrate import migrate  # noqa: PLC0415 (a database's libraries take their time)
    from postseal.store.ring import Ring  # noqa: PLC0415

    dsn = f"sqlite:///{folder}/store/store.sqlite"
    migrate(dsn)
    ring = Ring(dsn, timeout=built.settings.store_timeout, keys=source.load(ome))
    sealing = OmeMethod(ome, ring, Spool(), clock=house.now)
    built.methods = replace(built.methods, table={**built.methods.table, "ome": sealing})


def _show_reply(reply: Reply, *, as_json: bool) -> None:
    facts = {
        "code": reply.code,
        "status": reply.status,
        "text": reply.text,
        "cause": reply.cause,
        "detail": reply.detail,
    }
    if as_json:
        click.echo(json.dumps({"reply": facts}, indent=2))
        return
    click.echo(f"refused: {reply}")
    if reply.detail:
        click.echo(f"because: {reply.detail}")


def _show_held(held: Held, *, as_json: bool) -> None:
    facts = {"reason": held.reason, "rules": sorted(held.rules), "cause": held.cause, "detail": held.detail}
    if as_json:
        click.echo(json.dumps({"held": facts}, indent=2))
        return
    click.echo(f"held: {held.reason}")
    if held.detail:
        click.echo(f"because: {held.detail}")


@dataclass(frozen=True, slots=True)
class _Row:
    """A copy that was written, as the summary names it."""

    file: str
    method: str
    signed: bool
    recipients: list[str]


def _row(copy: Copy, out: Path, number: int) -> _Row:
    file = str(out / f"{number}-{copy.method}.eml")
    return _Row(file, copy.method, copy.signed, [recipient.address for recipient in copy.recipients])


def _write(copies: list[Copy], rows: list[_Row], summary: str, out: Path) -> None:
    """Write everything, or nothing if one of the files exists."""
    files = [Path(row.file) for row in rows]
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in (*files, out / "summary.json"):
            if os.path.lexists(file):
                raise click.ClickException(f"{file} exists; choose another folder")
        for copy, file in zip(copies, files, strict=True):
            message_file.write(copy.message, file)
        with message_file.new(out / "summary.json") as written:
            written.write(summary.encode() + b"\n")
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror}") from None
