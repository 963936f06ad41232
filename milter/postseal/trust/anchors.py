"""The folder of authorities that S/MIME certificates are believed for; not the TLS bundle of the system.

A self-signed certificate in it is an anchor; any other authority is an intermediate that helps to
find a path and is believed no more than its own path.  A certificate that cannot be used is a
warning and counts as not there: fewer certificates are believed, never more.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from postseal.certificates import purpose, read
from postseal.errors import BadInput, Place, Problem

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})


@dataclass(frozen=True, slots=True)
class Anchors:
    """Those whose word counts, and those who may stand between them and a certificate."""

    roots: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    intermediates: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()


def load(folder: Path, at: datetime) -> Anchors:
    """The authorities in the files of *folder*; what is wrong with one at the time *at* is a warning.

    Raises BadInput if the folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        what = f"the folder of trusted authorities cannot be read: {error.strerror}"
        raise BadInput([Problem(Place(str(folder)), what, "create it, or correct smime.trust")]) from None
    roots: dict[x509.Certificate, None] = {}
    intermediates: dict[x509.Certificate, None] = {}
    warnings: list[Problem] = []
    for path in files:
        file = read.certificates(path)
        warnings += file.problems
        for place, certificate in file.certificates:
            if problem := _problem(place, certificate, at):
                warnings.append(problem)
            elif self_signed(certificate):
                roots[certificate] = None
            else:
                intermediates[certificate] = None
    if not roots:
        what = "there is no self-signed authority in the folder of trusted authorities"
        hint = "put the root of your partners' authority there; until then only what you vouch for is used"
        warnings.append(Problem(Place(str(folder)), what, hint))
    return Anchors(tuple(roots), tuple(intermediates), tuple(sorted(warnings)))


def self_signed(certificate: x509.Certificate) -> bool:
    """Whether *certificate* is signed with the key that it certifies."""
    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, TypeError, *purpose.MALFORMED):
        return False
    return True


def _problem(place: Place, certificate: x509.Certificate, at: datetime) -> Problem | None:
    try:
        authority = purpose.is_authority(certificate)
        refusal = purpose.time_refusal(certificate.not_valid_before_utc, certificate.not_valid_after_utc, at)
    except purpose.MALFORMED as error:
        return Problem(place, f"the certificate is malformed: {error}", "replace or remove it")
    if not authority:
        hint = "people's certificates belong into smime.certificates, or `postseal certs add --trust`"
        return Problem(place, "not the certificate of an authority", hint)
    return (
        Problem(place, f"the authority cannot be used: {refusal}", "renew or remove it") if refusal else None
    )
