"""`postseal ca`: a small authority for an organisation that has none."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import click
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from postseal.certificates import purpose
from postseal.certificates.authority import PERSON_BITS, Authority, PublicKey
from postseal.certificates.authority_folder import AuthorityFolder, Issued, now
from postseal.cli.certificate_text import described, line
from postseal.cli.common import Telling, bad
from postseal.envelope import key as address_key

F = TypeVar("F", bound=Callable[..., None])

_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/var/lib/postseal/ca"),
    show_default=True,
    help="The folder of the authority; keep it away from the mail server if you can.",
)
_passphrase = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the passphrase of the authority's key; asked for if left out.",
)


@click.group(cls=Telling)
def ca() -> None:
    """A small authority: certificates that Thunderbird and Outlook take, and the list of the revoked.

    Whoever is to believe them needs root.pem of its folder: partners in their trust store, you in
    smime.trust.
    """


@ca.command()
@click.option("--name", required=True, help="What the authority is called: 'Example Ltd. Mail CA'.")
@click.option(
    "--domain", "domains", multiple=True, help="Certify addresses in DOMAIN alone; repeat it for more."
)
@click.option("--days", type=click.IntRange(1, 36500), default=3650, show_default=True)
@_passphrase
@_directory
def init(
    *, name: str, domains: tuple[str, ...], days: int, passphrase_file: Path | None, directory: Path
) -> None:
    """Make the authority."""
    secret = _secret(passphrase_file, "Passphrase of the authority's key", confirm=True)
    authority = Authority.new(name, domains=domains, at=now(), lasts=timedelta(days=days))
    AuthorityFolder(directory).create(authority, secret)
    click.echo(f"made {directory}/root.pem: {line(authority.certificate)}")


@ca.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--name", default="", help="The person's name; the first address if left out.")
@click.option("--days", type=click.IntRange(1, 36500), default=730, show_default=True)
@click.option("--list-url", default="", help="Where the output of `postseal ca crl` will be found: http://…")
@click.option(
    "--csr", type=click.Path(path_type=Path, dir_okay=False), help="A request, for a key made elsewhere."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to make."
)
@click.option(
    "--p12-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the passphrase of the PKCS #12 file to make; asked for if left out.",
)
@_passphrase
@_directory
def issue(
    *,
    addresses: tuple[str, ...],
    name: str,
    days: int,
    list_url: str,
    csr: Path | None,
    out: Path,
    p12_passphrase_file: Path | None,
    passphrase_file: Path | None,
    directory: Path,
) -> None:
    """Certify ADDRESSES, of one person: into a PKCS #12 file with a new key, or with --csr into PEM."""
    folder = AuthorityFolder(directory)
    with folder.locked():
        authority = folder.authority(_secret(passphrase_file, "Passphrase of the authority's key"))
        private = None if csr else rsa.generate_private_key(65537, PERSON_BITS)
        public = _requested(csr) if csr else private.public_key() if private else None
        if os.path.lexists(out):
            bad(str(out), "it exists", "nothing is overwritten; choose another name")
        at = now()
        try:
            assert public  # noqa: S101 (of the request or new)
            certificate = authority.issue(
                public,
                addresses,
                name=name or addresses[0],
                list_url=list_url,
                at=at,
                lasts=timedelta(days=days),
            )
        except ValueError as error:
            bad("certificate", str(error))
        if refusal := purpose.signing_key_refusal(certificate):
            bad(str(csr), f"no certificate for this key: {refusal}")
        folder.note_issued(certificate, addresses, at)
    if private is None:
        _create(out, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    else:
        secret = _secret(p12_passphrase_file, "Passphrase of the new file", confirm=True)
        sealed = serialization.BestAvailableEncryption(secret)
        label = (name or addresses[0]).encode()
        octets = pkcs12.serialize_key_and_certificates(
            label, private, certificate, [authority.certificate], sealed
        )
        _create(out, octets, mode=0o600)
    click.echo(f"issued {line(certificate)}")


@ca.command()
@click.argument("which")
@_directory
def revoke(*, which: str, directory: Path) -> None:
    """Revoke WHICH: an address (all of its certificates), or the beginning of a fingerprint.

    It takes effect when the next list is made (`postseal ca crl`) and fetched by others.
    """
    folder = AuthorityFolder(directory)
    with folder.locked():
        found = [one for one in folder.issued() if _is(one, which) and not one.revoked]
        if not found or ("@" not in which and len(found) > 1):
            what = (
                "several certificates begin so"
                if found
                else "no such certificate was issued and is not revoked"
            )
            bad(which, what, "`postseal ca list` prints them")
        for one in found:
            folder.note_revoked(one.serial, now())
            click.echo(f"revoked {one.fingerprint[:16]}  {', '.join(one.addresses)}")


@ca.command()
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file; replaced."
)
@click.option("--days", type=click.IntRange(1, 366), default=8, show_default=True, help="How long it counts.")
@_passphrase
@_directory
def crl(*, out: Path, days: int, passphrase_file: Path | None, directory: Path) -> None:
    """Make the list of the revoked, DER, to be served at the --list-url of the certificates.

    Make it anew well before it ends, by a timer.
    """
    folder = AuthorityFolder(directory)
    with folder.locked():
        authority = folder.authority(_secret(passphrase_file, "Passphrase of the authority's key"))
        revoked = [(one.serial, one.revoked) for one in folder.issued() if one.revoked]
        at = now()
        folder.note_listed(at)
        octets = authority.revocation_list(revoked, number=folder.lists(), at=at, lasts=timedelta(days=days))
    aside = out.with_name(f".{out.name}.new")
    aside.unlink(missing_ok=True)
    _create(aside, octets, mode=0o644)
    aside.replace(out)
    click.echo(f"{out}: {len(revoked)} revoked, until {at + timedelta(days=days):%Y-%m-%d}")


@ca.command(name="list")
@_directory
def list_issued(*, directory: Path) -> None:
    """Print what was issued."""
    folder = AuthorityFolder(directory)
    with folder.locked():
        for one in folder.issued():
            state = f"revoked {one.revoked:%Y-%m-%d}" if one.revoked else f"until {one.ends:%Y-%m-%d}"
            click.echo(f"{one.fingerprint[:16]}  {state}  {described(', '.join(one.addresses))}")


def _is(one: Issued, which: str) -> bool:
    if "@" in which:
        return address_key(which) in map(address_key, one.addresses)
    digits = which.replace(":", "").lower()
    return len(digits) >= 4 and one.fingerprint.startswith(digits)


def _requested(file: Path) -> PublicKey:
    """The key of a request that is signed with it."""
    try:
        octets = file.read_bytes()
        pem = octets.lstrip().startswith(b"-----BEGIN")
        request = x509.load_pem_x509_csr(octets) if pem else x509.load_der_x509_csr(octets)
        key, good = request.public_key(), request.is_signature_valid
    except OSError as error:
        bad(str(file), f"cannot be read: {error.strerror}")
    except purpose.MALFORMED as error:
        bad(str(file), f"not a certificate request: {error}")
    if not good or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        bad(str(file), "the request is not signed with its key, or its key is neither RSA nor EC")
    return key


def _secret(file: Path | None, what: str, *, confirm: bool = False) -> bytes:
    if file is None:
        return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm)).encode()
    try:
        secret = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        bad(str(file), f"the passphrase cannot be read: {error.strerror}")
    if not secret:
        bad(str(file), "the passphrase is empty")
    return secret


def _create(path: Path, octets: bytes, *, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(octets)
    except OSError as error:
        bad(str(path), f"cannot be written: {error.strerror}")
