"""Recipients' certificates: a folder of files, read once, asked by address.

A file that cannot be used never stops the daemon: nobody's mail shall wait for somebody else's
certificate.  It is reported as a warning, and mail that must be encrypted with it does not leave.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from postseal.certificates import purpose, read
from postseal.envelope import key
from postseal.errors import BadInput, Place, Problem

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})

SOON = timedelta(days=30)
"""A certificate that expires within this time is reported as expiring."""

_PRIVATE_KEY = (
    "a private key stands among the certificates of recipients",
    "move it away; if others could read it, have the certificate replaced",
)


class State(StrEnum):
    """The state of a recipient's certificate; the word of metrics."""

    USABLE = "usable"
    EXPIRING = "expiring"  # usable, but not for long
    EXPIRED = "expired"
    REFUSED = "refused"  # never usable for encryption, or not yet


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate of the folder, with all that is asked about it when mail arrives."""

    place: Place
    certificate: x509.Certificate = field(repr=False)
    addresses: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    never: str  # why it cannot be used at any time, "" if it can

    def refusal(self, at: datetime) -> str:
        """Why it cannot be used at the time *at*, "" if it can."""
        return self.never or purpose.time_refusal(self.not_before, self.not_after, at)

    def state(self, at: datetime) -> State:
        """Its state at the time *at*."""
        if self.never or at < self.not_before:
            return State.REFUSED
        if at > self.not_after:
            return State.EXPIRED
        return State.EXPIRING if at > self.not_after - SOON else State.USABLE


@dataclass(frozen=True, slots=True)
class CertificateDirectory:
    """All certificates of a folder, the newest first for each address."""

    warnings: tuple[Problem, ...] = ()
    _by_address: Mapping[str, tuple[Known, ...]] = field(default_factory=dict, repr=False)
    _all: tuple[Known, ...] = field(default=(), repr=False)

    def usable(self, address: str, at: datetime) -> tuple[x509.Certificate, ...]:
        """The certificates that mail to *address* can be encrypted with at the time *at*, best first."""
        return tuple(known.certificate for known in self.of(address) if not known.refusal(at))

    def refusals(self, address: str, at: datetime) -> tuple[Problem, ...]:
        """Why the certificates of *address* that cannot be used cannot."""
        return tuple(
            Problem(known.place, f"the certificate cannot be used: {refusal}")
            for known in self.of(address)
            if (refusal := known.refusal(at))
        )

    def states(self, at: datetime) -> dict[str, int]:
        """How many certificates are in each state at the time *at*; every state is there."""
        counted = Counter(known.state(at) for known in self._all)
        return {state.value: counted[state] for state in State}

    def of(self, address: str) -> tuple[Known, ...]:
        """All certificates of *address*, usable or not, the newest first."""
        return self._by_address.get(key(address), ())


def load(folder: Path, at: datetime) -> CertificateDirectory:
    """The certificates in the files of *folder*; what is wrong with them at the time *at* is a warning.

    Files are those with a suffix of SUFFIXES; folders within are not looked at.
    Raises BadInput if the folder itself cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        what = f"the folder of certificates cannot be read: {error.strerror}"
        hint = "create it, or correct smime.certificates"
        raise BadInput([Problem(Place(str(folder)), what, hint)]) from None
    warnings: list[Problem] = []
    all_known: dict[x509.Certificate, Known] = {}
    for path in files:
        file = read.certificates(path)
        warnings += file.problems
        warnings += [Problem(place, *_PRIVATE_KEY) for place in file.private_keys]
        for place, certificate in file.certificates:
            known = _known(place, certificate)
            if isinstance(known, Problem):
                warnings.append(known)
            elif known is not None:
                all_known.setdefault(certificate, known)
    by_address = _by_address(all_known.values())
    warnings += _useless(all_known.values(), by_address, at)
    return CertificateDirectory(tuple(sorted(warnings)), by_address, tuple(all_known.values()))


def _known(place: Place, certificate: x509.Certificate) -> Known | Problem | None:
    """What there is to know about *certificate*; None if it is an issuer's, which may stand beside."""
    try:
        found = purpose.addresses(certificate)
        if not found and purpose.is_authority(certificate):
            return None
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except purpose.MALFORMED as error:
        return Problem(place, f"the certificate is malformed: {error}", "have it issued anew")
    if not found:
        return Problem(place, "the certificate names no mail address", "it needs a subjectAltName rfc822Name")
    return Known(place, certificate, found, not_before, not_after, purpose.encryption_refusal(certificate))


def _by_address(all_known: Iterable[Known]) -> dict[str, tuple[Known, ...]]:
    by_address: dict[str, list[Known]] = {}
    for known in all_known:
        for address in dict.fromkeys(map(key, known.addresses)):
            by_address.setdefault(address, []).append(known)
    return {
        address: tuple(sorted(known, key=lambda one: one.not_before, reverse=True))
        for address, known in by_address.items()
    }


def _useless(
    all_known: Iterable[Known], by_address: Mapping[str, tuple[Known, ...]], at: datetime
) -> Iterable[Problem]:
    """A warning for each certificate that cannot be used, unless it is old and has been replaced."""
    for known in all_known:
        refusal = known.refusal(at)
        unreached = [
            address
            for address in known.addresses
            if not any(not other.refusal(at) for other in by_address[key(address)])
        ]
        if refusal and (known.never or unreached):
            hint = "renew it or remove the file"
            if unreached:
                hint += f"; until then nothing can be encrypted to {', '.join(unreached)}"
            yield Problem(known.place, f"the certificate cannot be used: {refusal}", hint)
