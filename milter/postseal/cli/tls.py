"""`postseal tls`: TLS between mail servers."""

import sys
from pathlib import Path
from typing import TextIO

import click

from postseal.cli.common import Exit, give_up, settings_option
from postseal.cli.tls_shown import FORMS, described, journeys_csv, journeys_table
from postseal.envelope import domain_key
from postseal.errors import BadInput, Failure
from postseal.methods.table import PROTECTING
from postseal.policy.connectors.connector import MtaSts
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.required_tls import Level, RequiredTls
from postseal.settings import settings as settings_file
from postseal.tls import mail_log, sts
from postseal.tls.mail_exchanger import Resolver, of_this_host
from postseal.tls.probe import probed
from postseal.tls.table import AFTER_STS, CONNECTORS, ROUTES, Tables
from postseal.tls.transport import lines as transport_lines

_LEVELS = [str(level) for level in Level if level is not Level.FINGERPRINT]


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
    plain = [RequiredTls(level) for level in Level if level is not Level.FINGERPRINT]
    listed = [each for each in policy.required_tls if each.match]
    click.echo("\n".join(transport_lines(each) for each in (*plain, *listed)), nl=False)


@tls.command("map")
@click.option(
    "--routes", "name", flag_value=ROUTES, help="Print the smart hosts instead, for transport_maps."
)
@click.option(
    "--after-sts",
    "name",
    flag_value=AFTER_STS,
    help="Print the connectors that stand behind MTA-STS instead.",
)
@settings_option
def map_(*, path: Path, name: str | None) -> None:
    """Print the connectors as a static map for smtp_tls_policy_maps.

    For a Postfix that is not to ask the daemon; after each change it needs another `postmap`.
    """
    tables = Tables.of(_policy(path).connectors.outbound)
    for line in tables.lines(name or CONNECTORS):
        click.echo(line)


@tls.command()
@click.argument("domain")
@click.option("--level", type=click.Choice(_LEVELS), help="In place of what the domain's connector asks for.")
@click.option("--port", default=25, show_default=True, help="The port of the domain's servers.")
@click.option("--resolver", metavar="ADDRESS", help="The validating name server; default: this host's.")
@click.option("--authorities", type=click.Path(path_type=Path, exists=True), help="PEM, for the system's.")
@settings_option
def test(
    *, path: Path, domain: str, level: str | None, port: int, resolver: str | None, authorities: Path | None
) -> None:
    """Ask the mail servers of DOMAIN for TLS, and say to which of them mail would go.

    Each is asked as Postfix would, up to STARTTLS: version, cipher, chain and names of the certificate,
    DANE; and whether the domain's MTA-STS policy lets mail go there.  Exit code 0: mail would go; 4: to none
    of them.
    """
    domain = domain_key(domain)
    connector = _policy(path).connectors.found(domain)
    required = (
        RequiredTls(Level(level)) if level else connector.tls if connector else RequiredTls(Level.ENCRYPT)
    )
    asked = Resolver(resolver or settings_file.load(path).tls.resolver or of_this_host())
    try:
        if connector and connector.smart_host:
            name, _, given = connector.smart_host.rpartition(":")
            port = int(given)
            servers = list(asked.host(name.strip("[]").removeprefix("ipv6:"), port))
        else:
            servers = list(asked.servers(domain, port))
    except Failure as failure:
        raise click.ClickException(failure.detail) from None
    published = _published(domain, asked, authorities)
    # As by the maps of contrib/postfix: a level stands before it, and a connector unless it says otherwise.
    heeded = not level and (connector is None or connector.mta_sts is MtaSts.OPPORTUNISTIC)
    enforced = published if published and published.mode is sts.Mode.ENFORCE and heeded else None
    good = 0
    for server in servers:
        shown = probed(server, port=port, authorities=authorities, seconds=10)
        good += not (shown.obstacle(required, domain) or (enforced and enforced.obstacle(shown, domain)))
        click.echo("\n".join(described(shown, domain, published)))
    why = f"connector '{connector.name}' asks" if connector and not level else "asked"
    also = ", and the domain for MTA-STS" if enforced else ""
    click.echo(f"{why} for {required}{also}: mail would go to {good} of {len(servers)} servers")
    sys.exit(Exit.DONE if good else Exit.REFUSED)


@tls.command()
@click.argument("logs", type=click.File(encoding="utf-8", errors="replace"), nargs=-1, required=True)
@click.option("--csv", "form", flag_value="csv", help="Print comma-separated values.")
@click.option("--metrics", "form", flag_value="metrics", help="Print metrics, for node_exporter's textfiles.")
@click.option("--messages", is_flag=True, help="Each message that a rule required TLS for, by recipient.")
@settings_option
def report(*, path: Path, logs: tuple[TextIO, ...], form: str | None, messages: bool) -> None:
    """Say how much mail came and went by which version of TLS, by connector and outcome.

    LOGS are Postfix's; `-` is standard input.  With --messages: what became of each message that must not
    travel without TLS, by queue id.
    """
    if messages and form == "metrics":
        raise click.UsageError("--messages and --metrics do not go together")
    connectors = _policy(path).connectors

    def name(domain: str) -> str:
        found = connectors.found(domain)
        return found.name if found else ""

    lines = (line for log in logs for line in log)
    if messages:
        shown = journeys_csv if form == "csv" else journeys_table
        click.echo("\n".join(shown(mail_log.journeys(lines, name))))
        return
    volumes = mail_log.report(lines, name)
    click.echo("\n".join(FORMS[form or "table"](volumes)))


def _published(domain: str, asked: Resolver, authorities: Path | None) -> sts.Policy | None:
    """The MTA-STS policy of *domain*, which is told; None if there is none that can be used."""
    found, told = None, "the domain announces none"
    try:
        found = sts.policy(domain, asked, authorities=authorities, seconds=10)
    except sts.Unusable as unusable:
        told = f"announced, but of no use: {unusable}"
    except Failure as failure:
        told = f"not known: {failure.detail}"
    click.echo(f"MTA-STS: {found or told}")
    return found


def _policy(path: Path) -> Policy:
    try:
        return load(settings_file.load(path), PROTECTING)
    except BadInput as error:
        give_up(error)
