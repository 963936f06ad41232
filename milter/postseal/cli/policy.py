"""`postseal policy`: help with policies that are not in force yet."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from postseal import message_file
from postseal.body import Spool
from postseal.cli.common import Exit, give_up, settings_option
from postseal.document import read
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.header_edits import addresses
from postseal.message import Message
from postseal.methods.table import PROTECTING
from postseal.policy.exchange import export, translate
from postseal.policy.explanation import described
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings import settings as settings_file


@click.group()
def policy() -> None:
    """Compare policies, and carry over rules of Exchange."""


@policy.command("import")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=("smime", "ome"),
    show_default=True,
    metavar="METHOD",
    help="What `protect` names for Exchange's encryption; repeat it for more, the first that reaches counts.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="EXCHANGE=OURS",
    help="What the directory calls a group or an attribute; 'Manager=manager' if it knows managers.",
)
@click.option(
    "--settings",
    "path",
    type=click.Path(path_type=Path, readable=False),
    help="The settings file: which sensitive types there are, and whether mail can be held.",
)
def import_(*, file: Path, methods: tuple[str, ...], names: tuple[str, ...], path: Path | None) -> None:
    """Print Exchange's transport rules in FILE as a policy.

    FILE is what `Get-TransportRule | ConvertTo-Json -Depth 5` prints, or what Export-TransportRuleCollection
    writes (XML).  What could not be carried over is told on standard error; a rule that would be wider or
    weaker than it was is switched off.  `postseal check` takes the result as it is.  A rule about a group or
    an attribute that no --name tells of is switched off too: it would hold for nobody.
    """
    directory = {theirs: ours for theirs, _, ours in (name.partition("=") for name in names)}
    if not all(directory.values()):
        raise click.UsageError("--name takes EXCHANGE=OURS")
    try:
        settings = settings_file.load(path) if path else None
        rules = export.read(read(file), str(file))
        found = translate.translated(rules, methods, settings=settings, directory=directory)
    except BadInput as error:
        give_up(error)
    click.echo(translate.policy(found), nl=False)
    for line in translate.told(found):
        click.echo(line, err=True)
    whole = sum(bool(each.rule) and not each.lost for each in found)
    click.echo(f"{whole} of {len(found)} rules carried over whole", err=True)


@policy.command()
@click.argument("old", type=click.Path(path_type=Path, file_okay=False))
@click.argument("new", type=click.Path(path_type=Path, file_okay=False))
@click.argument("messages", type=click.Path(path_type=Path, dir_okay=False), nargs=-1, required=True)
@click.option("--from", "sender", metavar="ADDRESS", help="Envelope sender; by default the address in From.")
@click.option(
    "--to", "recipients", multiple=True, metavar="ADDRESS", help="Envelope recipient; by default To and Cc."
)
@click.option("--auth", metavar="LOGIN", help="The login that the client authenticated with.")
@click.option("--client-ip", default="", metavar="ADDRESS", help="The client's IP address.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
@settings_option
def diff(
    *,
    old: Path,
    new: Path,
    messages: tuple[Path, ...],
    sender: str | None,
    recipients: tuple[str, ...],
    auth: str | None,
    client_ip: str,
    as_json: bool,
    path: Path,
) -> None:
    """Say which of MESSAGES the policies in the folders OLD and NEW treat differently, and how.

    Both are judged at the same site, that of the settings.  Exit code 0: all alike; 6: some differ.
    """
    try:
        settings = settings_file.load(path)
        before, after = (load(replace(settings, policies=folder), PROTECTING) for folder in (old, new))
    except BadInput as error:
        give_up(error)
    client = Client(client_ip, login=auth)
    differences = []
    for file in messages:
        with file.open("rb") as source:
            message = message_file.read(source, Spool())
        who = sender.strip("<>") if sender is not None else next(iter(_addresses(message, "From")), "")
        to = recipients or tuple(dict.fromkeys(_addresses(message, "To", "Cc")))
        if not to:
            raise click.ClickException(f"{file} names no recipient; use --to")
        envelope = Envelope(who, tuple(Recipient(address.strip("<>")) for address in to), client)
        differences += _differences(file, message, envelope, before, after)
    if as_json:
        click.echo(json.dumps({"messages": len(messages), "differences": differences}, indent=2))
    else:
        for each in differences:
            click.echo(f"{each['message']}: <{each['recipient']}>\n  - {each['old']}\n  + {each['new']}")
        files = len({each["message"] for each in differences})
        click.echo(f"{files} of {len(messages)} messages are treated differently")
    sys.exit(Exit.DIFFERENT if differences else Exit.DONE)


def _differences(
    file: Path, message: Message, envelope: Envelope, before: Policy, after: Policy
) -> list[dict[str, str]]:
    old, new = (
        {line.recipient.address: described(line.treatment) for line in each.explain(message, envelope).lines}
        for each in (before, after)
    )
    gone = "gets nothing"
    return [
        {
            "message": str(file),
            "recipient": address,
            "old": old.get(address, gone),
            "new": new.get(address, gone),
        }
        for address in dict.fromkeys([*old, *new])
        if old.get(address) != new.get(address)
    ]


def _addresses(message: Message, *names: str) -> list[str]:
    return [word for header in message.all(*names) for word in addresses(header.value)]
