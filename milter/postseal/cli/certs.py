"""`postseal certs`: certificates of others, in the store that all workers and hosts share."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postseal.certificates import purpose
from postseal.cli.certificate_text import described, line, read
from postseal.cli.certs_shown import find, publish, revocations, show, verify
from postseal.cli.certs_shown import list as list_command
from postseal.cli.common import Telling, bad, certificates, settings_option, smime
from postseal.envelope import domain_key, key
from postseal.finding.candidate import new
from postseal.store.kept import ISSUERS, Kept, Word

if TYPE_CHECKING:
    from postseal.store.certificates import Certificates


@click.group(cls=Telling)
def certs() -> None:
    """Certificates of people outside: keep, look at, judge, approve and publish them.

    They are kept in the store, and in use within a minute; no reload is needed.  A certificate is named
    by the beginning of its SHA-256 fingerprint, or by a file.
    """


@certs.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--for", "addresses", multiple=True, metavar="ADDRESS", help="Use it for ADDRESS too.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="DOMAIN",
    help="Use it for all addresses of DOMAIN: a gateway's.",
)
@click.option("--trust", is_flag=True, help="Use it without a path to a trusted authority: you vouch for it.")
@settings_option
def add(
    *, files: tuple[Path, ...], addresses: tuple[str, ...], domains: tuple[str, ...], trust: bool, path: Path
) -> None:
    """Keep the certificates in FILES (PEM or DER) for the addresses that they certify.

    Authorities' certificates in the files are kept to find paths, and trusted no more for it.  Without
    --for and --domain, a certificate that certifies no address is an error.  Each is judged as mail
    would be; what is wrong is told.
    """
    search = smime(path)
    found = [(place, one) for file in files for place, one in read(file)]
    issuers = [one for _, one in found if purpose.is_authority(one)]
    people = [(place, one) for place, one in found if not purpose.is_authority(one)]
    if not people:
        hint = "those that you trust belong into the folder smime.trust"
        bad(str(files[0]), "there is nobody's certificate in it, only authorities'", hint)
    extra = [*map(key, addresses), *(f"@{domain_key(domain)}" for domain in domains)]
    wanted = [(one, extra or [key(address) for address in search.trust.addresses(one)]) for _, one in people]
    for (place, _), (_, named) in zip(people, wanted, strict=True):
        if not named:
            bad(
                str(place),
                "the certificate certifies no mail address",
                "say --for ADDRESS or --domain DOMAIN",
            )
    store, at = certificates(path), datetime.now(UTC)
    for issuer in issuers:
        store.add(new(issuer), [ISSUERS], at=at)
    background = search.finder.background()
    for one, named in wanted:
        store.add(new(one), named, at=at, word=Word.TRUSTED if trust else Word.NOTHING)
        click.echo(f"added {line(one)} for {', '.join(named)}")
        judge = search.trust.vouched if trust else search.trust.judge
        verdict = judge(one, background.issuers, at=at, distrusted=background.distrusted)
        if verdict.rule:
            warning = click.style("warning", fg="yellow")
            click.echo(f"{warning}: it cannot be used now: {described(str(verdict))}", err=True)


@certs.command()
@click.argument("fingerprint")
@settings_option
def remove(*, fingerprint: str, path: Path) -> None:
    """Forget the certificate FINGERPRINT and whom it was used for."""
    store = certificates(path)
    one = _one(store, fingerprint)
    store.remove(one.fingerprint)
    click.echo(f"removed {one.fingerprint.hex()}")


@certs.command()
@click.argument("fingerprint")
@click.argument("address", required=False)
@settings_option
def approve(*, fingerprint: str, address: str | None, path: Path) -> None:
    """Use the pending certificate FINGERPRINT for ADDRESS, in place of the one that was pinned before."""
    store = certificates(path)
    waiting = [
        one
        for one in _alike(store, fingerprint)
        if one.pending and (address is None or one.address == key(address))
    ]
    if not waiting:
        bad(
            fingerprint,
            "no such certificate is pending",
            "`postseal certs list --pending` prints those that are",
        )
    for one in waiting:
        store.approve(one.address, one.fingerprint)
        click.echo(f"approved {one.fingerprint.hex()[:16]} for {described(one.address)}")


@certs.command()
@click.argument("certificate")
@settings_option
def trust(*, certificate: str, path: Path) -> None:
    """Vouch for CERTIFICATE: use it without a path to a trusted authority."""
    _say(certificate, path, Word.TRUSTED)


@certs.command()
@click.argument("certificate")
@settings_option
def distrust(*, certificate: str, path: Path) -> None:
    """Never use CERTIFICATE, wherever it is found, nor any that it issued."""
    _say(certificate, path, Word.DISTRUSTED)


@certs.command()
@click.argument("certificate")
@settings_option
def neutral(*, certificate: str, path: Path) -> None:
    """Take back what `trust` or `distrust` said of CERTIFICATE."""
    _say(certificate, path, Word.NOTHING)


def _say(certificate: str, path: Path, word: Word) -> None:
    store = certificates(path)
    if Path(certificate).is_file():
        (_, found), *_ = read(Path(certificate))
        store.add(new(found), [], at=datetime.now(UTC))
        fingerprint = new(found).fingerprint
    else:
        fingerprint = _one(store, certificate).fingerprint
    store.say(fingerprint, word)
    click.echo(f"{word.value or 'neutral'}: {fingerprint.hex()}")


def _one(store: "Certificates", fingerprint: str) -> Kept:
    """The one certificate that *fingerprint* names."""
    found = {one.fingerprint: one for one in _alike(store, fingerprint)}
    if len(found) != 1:
        what = "several certificates begin so" if found else "there is no such certificate in the store"
        bad(fingerprint, what, "`postseal certs list` prints them")
    return next(iter(found.values()))


def _alike(store: "Certificates", fingerprint: str) -> tuple[Kept, ...]:
    digits = fingerprint.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{4,64}", digits):
        bad(fingerprint, "neither a file nor the beginning of a fingerprint", "give at least four hex digits")
    return store.alike(digits)


for command in (list_command, show, verify, find, publish, revocations):
    certs.add_command(command)
