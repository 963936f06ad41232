"""`postseal identity`: the keys that sign and open mail, taken over and sealed on disk."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from postseal.certificates import purpose
from postseal.certificates.authority import PERSON_BITS, general_name
from postseal.certificates.identity import has_key, public_octets
from postseal.certificates.sealed_key import PrivateKey, SealedKey
from postseal.cli.certificate_text import addresses_of, described, line
from postseal.cli.common import Telling, bad, settings, settings_option
from postseal.sealed import source

_KINDS = ("rsa", "p256", "p384", "p521", "ed25519")
_out = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The files to make, without suffix: OUT.pem and OUT.key.",
)


@click.group(cls=Telling)
def identity() -> None:
    """Keys that sign and open mail: import them, ask for certificates, see when they end.

    A key is written sealed under the master keys (`ome: master_keys`), so a copy of its file opens
    nothing; the files are named in smime.identities and smime.decryption, and read at a reload.
    """


@identity.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the passphrase of FILE; asked for if FILE needs one.",
)
@_out
@settings_option
def import_key(*, file: Path, passphrase_file: Path | None, out: Path, path: Path) -> None:
    """Take over a key and its certificates from FILE: PKCS #12, or PEM with both."""
    private, certificates = _loaded(file, passphrase_file)
    own = [one for one in certificates if has_key(one, public_octets(private.public_key()))]
    if not own:
        bad(str(file), "none of the certificates belongs to the key", "export the key with its certificate")
    own.sort(key=lambda one: one.not_valid_before_utc, reverse=True)
    chain = [*own, *(one for one in certificates if one not in own)]
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    _write(out, ".key", SealedKey.of(private, source.load(settings(path).ome)).written(), mode=0o400)
    _write(out, ".pem", pem, mode=0o644)
    click.echo(f"imported {line(own[0])}")
    _tell(out, own[0])


@identity.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(_KINDS), default="rsa", show_default=True)
@_out
@settings_option
def csr(*, addresses: tuple[str, ...], kind: str, out: Path, path: Path) -> None:
    """Make a key and a request (OUT.csr) to have ADDRESSES certified by an authority elsewhere.

    Put what it sends back, with its chain, into OUT.pem.
    """
    private = _new_key(kind)
    try:
        names = x509.SubjectAlternativeName([general_name(address) for address in addresses])
    except ValueError as error:
        bad("request", str(error))
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, addresses[0][:64])])
    builder = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    )
    request = builder.sign(private, None if kind == "ed25519" else hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM
    )
    _write(out, ".key", SealedKey.of(private, source.load(settings(path).ome)).written(), mode=0o400)
    _write(out, ".csr", request, mode=0o644)
    click.echo(f"made {out}.csr and {out}.key; put the certificate with its chain into {out}.pem")


@identity.command(name="list")
@settings_option
def list_identities(path: Path) -> None:
    """Print the certificates of the settings that sign and open mail, and when they end."""
    from postseal.certificates import read  # noqa: PLC0415

    smime, at = settings(path).smime, datetime.now(UTC)
    named = [("signs", one.certificate) for one in smime.identities]
    named += [("opens", one.certificate) for one in smime.decryption]
    for what, file in named:
        for _, one in read.certificates(file).certificates:
            if purpose.is_authority(one):
                continue
            left = (one.not_valid_after_utc - at).days
            state = f"{left} days left" if left >= 0 else f"expired {-left} days ago"
            click.echo(f"{what}  {line(one)}  {state}  {described(', '.join(addresses_of(one)))}")


def _new_key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    if kind == "rsa":
        return rsa.generate_private_key(65537, PERSON_BITS)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def _loaded(file: Path, passphrase_file: Path | None) -> tuple[PrivateKey, list[x509.Certificate]]:
    try:
        octets = file.read_bytes()
        secret = passphrase_file.read_bytes().rstrip(b"\r\n") if passphrase_file else None
    except OSError as error:
        bad(error.filename or str(file), f"cannot be read: {error.strerror}")
    try:
        return _parsed(octets, secret)
    except TypeError:  # cryptography's word for a passphrase that was not given
        pass
    except (ValueError, UnsupportedAlgorithm) as error:
        # Of a PKCS #12 file only trying tells whether it has a passphrase.
        if secret is not None or b"-----BEGIN" in octets:
            bad(str(file), f"cannot be imported: {described(str(error)) or 'wrong passphrase'}")
    secret = str(click.prompt("Passphrase of the file", hide_input=True)).encode()
    try:
        return _parsed(octets, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        bad(str(file), f"cannot be imported: {described(str(error)) or 'wrong passphrase'}")


def _parsed(octets: bytes, secret: bytes | None) -> tuple[PrivateKey, list[x509.Certificate]]:
    """Raises ValueError, TypeError or UnsupportedAlgorithm."""
    if b"-----BEGIN" in octets:
        key: object = serialization.load_pem_private_key(octets, secret)
        certificates = x509.load_pem_x509_certificates(octets)
    else:
        bundle = pkcs12.load_pkcs12(octets, secret)
        key = bundle.key
        found = [bundle.cert, *bundle.additional_certs]
        certificates = [one.certificate for one in found if one]
    if not isinstance(key, PrivateKey):
        raise ValueError("there is no key in it that signs or opens mail")  # noqa: TRY004 (of the file, not of a caller)
    return key, certificates


def _tell(out: Path, certificate: x509.Certificate) -> None:
    addresses = described(", ".join(addresses_of(certificate))) or "ADDRESS"
    if purpose.signing_refusal(certificate) == "":
        click.echo(f"to sign, add to smime.identities:\n  - senders: [{addresses}]")
        click.echo(f"    certificate: {out}.pem\n    key: {out}.key")
    if purpose.encryption_refusal(certificate) == "":
        click.echo(f"to open mail, add to smime.decryption:\n  - recipients: [{addresses}]")
        click.echo(f"    certificate: {out}.pem\n    key: {out}.key")
    click.echo("then `postseal reload`; the file that was imported is no longer needed here")


def _write(out: Path, suffix: str, octets: bytes, *, mode: int) -> None:
    path = out.with_name(out.name + suffix)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        bad(str(path), f"cannot be written: {error.strerror}", "nothing is overwritten; choose another name")
