"""`postseal smime`: what S/MIME mail is made of, and what is to be said of it."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click
from cryptography import x509

from postseal import message_file
from postseal.body import Spool
from postseal.certificates import private_key
from postseal.cli.certificate_text import described, fingerprint, line, read
from postseal.cli.common import Exit, Telling, bad, settings_option, smime
from postseal.cms.decryption import Facts, Legacy
from postseal.cms.keyring import DecryptionKey, KeyRing, PrivateKey, RecipientId
from postseal.cms.layer import Broken, Compressed, Encrypted, Layer, Opened, Signed
from postseal.cms.opening import Opener
from postseal.trust.authorship import Judgement, Signing, Standing, judge
from postseal.trust.trust import Use
from postseal.trust.verdict import Verdict


@click.group("smime", cls=Telling)
def smime_group() -> None:
    """Look at S/MIME mail."""


@smime_group.command()
@click.argument("message", type=click.File("rb"))
@click.option(
    "--open-with",
    "pairs",
    nargs=2,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="CERTIFICATE KEY",
    help="Files of a certificate and its private key, to decrypt with.",
)
@click.option("--legacy", is_flag=True, help="Decrypt 3DES and RC2 too.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@settings_option
def inspect(
    *, message: IO[bytes], pairs: Sequence[tuple[Path, Path]], legacy: bool, as_json: bool, path: Path
) -> None:
    """Say what S/MIME has done to MESSAGE ("-" for standard input), and what is to be said of it.

    Printed are its layers with signers, recipients and algorithms, and the verdict; never the content.
    Exit code 4: something stays closed, or a signature does not pass.
    """
    search, at = smime(path), datetime.now(UTC)
    distrusted = search.opening.shelf().distrusted()

    def believe(certificate: x509.Certificate, sent: Sequence[x509.Certificate], owner: str) -> Verdict:
        return search.trust.judge(
            certificate, sent, at=at, use=Use.VERIFY, owner=owner, distrusted=distrusted
        )

    given = message_file.read(message, Spool())
    ring = KeyRing(_pair(*pair) for pair in pairs)
    opened = Opener(Spool(), ring, Legacy.READ if legacy else Legacy.REFUSED).open(given)
    judgement = judge(given, opened, believe)
    if as_json:
        click.echo(json.dumps(_facts(opened, judgement), indent=2))
    else:
        for text in _told(opened, judgement):
            click.echo(text)
    good = judgement.standing in {Standing.NONE, Standing.PASS} and not opened.faults
    sys.exit(Exit.DONE if good else Exit.REFUSED)


def _pair(certificate: Path, key: Path) -> DecryptionKey:
    private, _ = private_key.load(key)
    own = [one for _, one in read(certificate) if one.public_key() == private.public_key()]
    if not own or not isinstance(private, PrivateKey):
        bad(str(certificate), f"none of the certificates belongs to the key {key}")
    return DecryptionKey(own[0], private)


def _told(opened: Opened, judgement: Judgement) -> Iterator[str]:
    signings = iter(judgement.signings)
    for layer in opened.layers:
        yield from _layer(layer, signings)
    if not opened.layers:
        yield "no S/MIME"
    colour = {Standing.PASS: "green", Standing.NONE: None}.get(judgement.standing, "red")
    why = f": {described(judgement.why)}" if judgement.why else ""
    yield f"verdict: {click.style(judgement.standing, fg=colour)}{why}"
    if judgement.encrypted and not judgement.authenticated:
        yield "  the encryption does not show whether the content was changed"


def _layer(layer: Layer, signings: Iterator[Signing]) -> Iterator[str]:
    match layer:
        case Encrypted():
            yield f"encrypted with {layer.facts.cipher}"
            for recipient, way in layer.facts.recipients:
                yield f"  to {recipient} by {way}"
            if layer.certificate is not None:
                yield f"  opened with {line(layer.certificate)}"
        case Signed():
            where = "beside" if layer.clear else "around"
            yield f"signed, {len(layer.signatures)} signature(s) {where} the content"
            for signing, _ in zip(signings, layer.signatures, strict=False):
                yield from _signing(signing)
        case Compressed():
            yield "compressed"
        case Broken():
            yield "claims to be S/MIME"
    if layer.fault:
        yield f"  {click.style(described(layer.fault), fg='red')}"


def _signing(signing: Signing) -> Iterator[str]:
    one = signing.signature
    at = f", at {one.signed_at:%Y-%m-%d %H:%M:%S} as it says" if one.signed_at else ""
    yield f"  by {line(one.certificate) if one.certificate else 'an unknown certificate'}"
    yield f"    {one.hash_name or 'unknown hash'}{at}"
    if one.capabilities:
        yield f"    decrypts {', '.join(sorted(one.capabilities))}"
    if one.prefers:
        yield f"    prefers to be encrypted to {one.prefers}"
    yield f"    {signing.standing}" + (f": {described(signing.why)}" if signing.why else "")


def _facts(opened: Opened, judgement: Judgement) -> dict[str, object]:
    return {
        "verdict": judgement.standing,
        "why": judgement.why,
        "result": judgement.result,
        "encrypted": judgement.encrypted,
        "authenticated": judgement.authenticated,
        "layers": [_layer_facts(layer) for layer in opened.layers],
        "signatures": [
            {
                "standing": signing.standing,
                "why": signing.why,
                "certificate": _named(signing.signature.certificate),
                "hash": signing.signature.hash_name,
                "signed_at": signing.signature.signed_at.isoformat() if signing.signature.signed_at else None,
                "decrypts": sorted(signing.signature.capabilities),
            }
            for signing in judgement.signings
        ],
    }


def _layer_facts(layer: Layer) -> dict[str, object]:
    found: dict[str, object] = {"layer": type(layer).__name__.lower(), "fault": layer.fault}
    if isinstance(layer, Encrypted):
        found |= {"cipher": layer.facts.cipher, "recipients": _recipients(layer.facts)}
        found["opened_with"] = _named(layer.certificate)
    if isinstance(layer, Signed):
        found |= {"signatures": len(layer.signatures), "clear": layer.clear}
    return found


def _recipients(facts: Facts) -> list[dict[str, str]]:
    def one(recipient: RecipientId, way: str) -> dict[str, str]:
        if recipient.key_identifier:
            return {"key_identifier": recipient.key_identifier.hex(), "way": way}
        return {"serial": f"{recipient.serial_number:x}", "way": way}

    return [one(*each) for each in facts.recipients]


def _named(certificate: x509.Certificate | None) -> str | None:
    return fingerprint(certificate) if certificate is not None else None
