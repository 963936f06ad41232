"""The commands of `postseal certs` that only look: list, show, verify, find, publish."""

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from postseal.cli.certificate_text import described, facts, line, name, read
from postseal.cli.common import Exit, bad, certificates, kept, settings_option, smime
from postseal.envelope import key, split
from postseal.errors import Failure
from postseal.finding import dns
from postseal.store.kept import Kept, Word
from postseal.trust.trust import Use

if TYPE_CHECKING:
    from postseal.store.certificates import Certificates

_json = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")


@click.command()
@click.argument("address", required=False)
@click.option("--pending", is_flag=True, help="Only those that wait for `postseal certs approve`.")
@_json
@settings_option
def list(*, address: str | None, pending: bool, as_json: bool, path: Path) -> None:  # noqa: A001 (the command's name)
    """Print the certificates in the store, all or those used for ADDRESS (or for @DOMAIN)."""
    store = certificates(path)
    rows = store.of(key(address)) if address else _every(store)
    shown = (row for row in rows if row.pending or not pending)
    if as_json:
        click.echo(json.dumps([_row(row) for row in shown], indent=2))
        return
    for row in shown:
        said = " ".join(filter(None, [row.origin, "pending" if row.pending else "", row.word]))
        click.echo(f"{described(row.address)}  {said}  {line(_certificate(row))}")


@click.command()
@click.argument("certificate")
@settings_option
def show(*, certificate: str, path: Path) -> None:
    """Print what is to be known of CERTIFICATE: a file, a fingerprint's beginning, or an address."""
    for number, (one, rows) in enumerate(_named(certificate, path)):
        if number:
            click.echo()
        for word, fact in facts(one):
            click.echo(f"{word:<12} {fact}")
        for row in rows:
            said = f"{row.origin}, since {row.since:%Y-%m-%d}" + (", pending" if row.pending else "")
            click.echo(f"{'used for':<12} {described(row.address) or 'nobody'} ({said})")
        if words := sorted({word for row in rows for word in row.capabilities}):
            click.echo(f"{'reads':<12} {', '.join(words)}")


@click.command()
@click.argument("certificate")
@click.option("--address", default="", metavar="ADDRESS", help="It must certify ADDRESS.")
@click.option(
    "--use",
    type=click.Choice([use.value for use in Use]),
    help="What it is to be used for; either if left out.",
)
@settings_option
def verify(*, certificate: str, address: str, use: str | None, path: Path) -> None:
    """Judge CERTIFICATE as mail would be judged, and say by which rule it is refused.

    CERTIFICATE: a file (the first in it; the others help to find the path), a fingerprint's beginning, or
    an address.  Exit code 0: good; 4: refused.
    """
    search, at, refused = smime(path), datetime.now(UTC), False
    background = search.finder.background()
    distrusted = background.distrusted
    named = _named(certificate, path)
    several = Path(certificate).is_file()
    others = [*background.issuers, *(one for one, _ in named if several)]
    for one, rows in named[:1] if several else named:
        trusted = any(row.word is Word.TRUSTED for row in rows)
        wanted = Use(use) if use else None
        if trusted:
            verdict = search.trust.vouched(one, at=at, use=wanted, distrusted=distrusted)
        else:
            verdict = search.trust.judge(one, others, at=at, use=wanted, owner=address, distrusted=distrusted)
        click.echo(line(one))
        for step in verdict.path[1:]:
            click.echo(f"  issued by {name(step.subject)}")
        good = "good, because you vouch for it" if trusted else "good"
        refused = refused or bool(verdict.rule)
        click.echo(f"  {click.style(described(str(verdict)), fg='red') if verdict.rule else good}")
    sys.exit(Exit.REFUSED if refused else Exit.DONE)


@click.command()
@click.argument("address")
@settings_option
def find(*, address: str, path: Path) -> None:
    """Look for the certificates that mail to ADDRESS would be encrypted with, as the daemon does.

    All sources of the settings are asked in their order.  Exit code 0: there is one; 4: there is none,
    or it is not known.
    """
    finder, at = smime(path).finder, datetime.now(UTC)
    try:
        usable = finder.usable(address, at)
    except Failure as failure:
        usable = ()
        click.echo(f"not known: {described(str(failure))}", err=True)
    for one in usable:
        click.echo(line(one))
    for problem in finder.refusals(address, at):
        click.echo(described(str(problem)), err=True)
    sys.exit(Exit.DONE if usable else Exit.REFUSED)


@click.command()
@click.argument("certificate")
@click.option("--as", "form", type=click.Choice(["smimea", "ldif"]), default="smimea", show_default=True)
@click.option("--dn", default="", metavar="DN", help="The person's entry, for ldif.")
@settings_option
def publish(*, certificate: str, form: str, dn: str, path: Path) -> None:
    """Print CERTIFICATE as others can find it: records for the DNS (RFC 8162), or LDIF for a directory."""
    if form == "ldif" and not dn:
        bad(certificate, "whose entry?", "say --dn DN")
    for one, rows in _named(certificate, path):
        octets = one.public_bytes(Encoding.DER)
        if form == "ldif":
            click.echo(f"dn: {dn}\nchangetype: modify\nadd: userCertificate;binary")
            click.echo(f"userCertificate;binary:: {base64.b64encode(octets).decode()}\n")
            continue
        addresses = [row.address for row in rows] or [*dict(facts(one))["addresses"].split(", ")]
        for address in (named for named in addresses if split(named)[0]):
            click.echo(f"{dns.owner(address)}. IN SMIMEA 3 0 0 {octets.hex()}")


@click.command()
@settings_option
def revocations(path: Path) -> None:
    """Print what issuers say about revocation: what was fetched when, what could not be, and why."""
    from postseal.store.revocations import Revocations  # noqa: PLC0415 (as in common)

    for state in Revocations(kept(path)).states():
        kind = "responder" if state.wanted.question else "list"
        fetched = f"fetched {state.fetched:%Y-%m-%d %H:%M}" if state.fetched else "never fetched"
        failed = f"; failed {state.failures} times: {described(state.why)}" if state.failures else ""
        click.echo(f"{kind:<10} {described(state.wanted.url)}  {fetched}, next {state.due:%H:%M} UTC{failed}")


def _every(store: "Certificates") -> Iterator[Kept]:
    after = ""
    while rows := store.every(after=after):
        # The last address may go on behind the limit; it comes again as a whole.
        whole = [row for row in rows if row.address != rows[-1].address] or rows
        yield from whole
        after = whole[-1].address


def _named(certificate: str, path: Path) -> Sequence[tuple[x509.Certificate, tuple[Kept, ...]]]:
    """The certificates that an argument names, each with its rows in the store."""
    if Path(certificate).is_file():
        return [(one, ()) for _, one in read(Path(certificate))]
    store = certificates(path)
    if "@" in certificate:
        found = store.of(key(certificate))
    else:
        digits = certificate.replace(":", "").lower()
        if len(digits) < 4 or not set(digits) <= set("0123456789abcdef"):
            bad(certificate, "neither a file, a fingerprint nor an address", "give at least four hex digits")
        found = store.alike(digits)
    rows: dict[bytes, tuple[Kept, ...]] = {}
    for row in found:
        rows[row.fingerprint] = (*rows.get(row.fingerprint, ()), row)
    if not rows:
        bad(certificate, "there is no such certificate in the store", "`postseal certs list` prints them")
    return [(_certificate(several[0]), several) for several in rows.values()]


def _certificate(row: Kept) -> x509.Certificate:
    return x509.load_der_x509_certificate(row.octets)


def _row(row: Kept) -> dict[str, object]:
    certificate = _certificate(row)
    return {
        "address": row.address,
        "fingerprint": row.fingerprint.hex(),
        "origin": row.origin,
        "pending": row.pending,
        "word": row.word,
        "since": row.since.isoformat(),
        "subject": name(certificate.subject),
        "issuer": name(certificate.issuer),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
