"""What a mail server shows of TLS: asked as a client would, up to STARTTLS and no further.

Nothing is sent that could be taken for mail.  What cannot be found out is said so, never guessed.
"""

import hashlib
import smtplib
import ssl
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from postseal.errors import Cause, Failure
from postseal.required_tls import Level, RequiredTls

_DANE_TA, _DANE_EE = 2, 3
_NEW_ENOUGH: Final = ("TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A TLSA record (RFC 6698) that DNSSEC has validated."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def usable(self) -> bool:
        """Whether mail can go by it (RFC 7672 §3.1): an authority or a server, in a form that is known."""
        sizes = {0: len(self.data), 1: 32, 2: 64}
        known = self.usage in (_DANE_TA, _DANE_EE) and self.selector in (0, 1) and self.matching in sizes
        return known and len(self.data) == sizes[self.matching] > 0

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether it is about *certificate*."""
        if self.selector == 0:
            octets = certificate.public_bytes(Encoding.DER)
        else:
            octets = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = {0: lambda: octets, 1: hashlib.sha256(octets).digest, 2: hashlib.sha512(octets).digest}
        return self.matching in digest and digest[self.matching]() == self.data


@dataclass(frozen=True, slots=True)
class Server:
    """A server that takes mail of a domain.  *secure*: whether DNSSEC vouches for its name and address.

    *tlsa*: what the domain publishes about it; *bogus*: why DNSSEC says that this is forged, "" if not.
    """

    name: str
    address: str
    secure: bool = False
    tlsa: tuple[Tlsa, ...] = ()
    bogus: str = ""

    @property
    def vouched(self) -> tuple[Tlsa, ...]:
        """What the domain publishes about it.  Raises Failure(LOOKUP) if that cannot be known."""
        if self.bogus:
            raise Failure(Cause.LOOKUP, f"{self.name}: {self.bogus}")
        return self.tlsa


@dataclass(frozen=True, slots=True)
class Shown:
    """What *server* showed.  *failure*: why there is no TLS; "" if there is.  *names*: of the certificate.

    *chain*: why no authority that we trust vouches for it, *dane*: why it is not what DNSSEC says; "" if it
    is good.
    """

    server: Server
    failure: str = ""
    version: str = ""
    cipher: str = ""
    certificate: x509.Certificate | None = field(default=None, repr=False)
    names: tuple[str, ...] = ()
    chain: str = ""
    dane: str = ""

    def obstacle(self, required: RequiredTls, domain: str) -> str:
        """Why mail for *domain* that needs *required* would not go to this server; "" if it would."""
        if required.level is Level.DANE:
            return self.server.bogus or ((self.failure or self.dane) if self.server.tlsa else "")
        if self.failure or self.certificate is None:
            return self.failure or "it shows no certificate"
        if self.version not in _NEW_ENOUGH:
            return f"{self.version} is too old"
        obstacles = {
            Level.VERIFY: self.chain or self._unnamed((self.server.name,)),
            Level.SECURE: self.chain or self._unnamed(required.match or (domain, f".{domain}")),
            Level.FINGERPRINT: _unpinned(self.certificate, required.match),
            Level.DANE_ONLY: self.dane,
        }
        return obstacles.get(required.level, "")

    def _unnamed(self, wanted: Sequence[str]) -> str:
        if any(_matches(name, each) for name in self.names for each in wanted):
            return ""
        return f"its certificate is for {', '.join(self.names) or 'nobody'}"


def probed(server: Server, *, port: int, authorities: Path | None, seconds: float) -> Shown:
    """What *server* shows.  *authorities*: a file of those that are trusted, None for the system's."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    anybody.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # what is old is to be seen as well
        anybody.minimum_version = ssl.TLSVersion.TLSv1
    try:
        version, cipher, *chain_shown = _session(server, anybody, port=port, seconds=seconds)
    except (OSError, smtplib.SMTPException) as error:
        return Shown(server, failure=str(error) or type(error).__name__)
    if not chain_shown:
        return Shown(server, failure="it shows no certificate", version=version, cipher=cipher)
    certificates = [x509.load_der_x509_certificate(octets) for octets in chain_shown]
    certificate = certificates[0]
    strict = ssl.create_default_context(cafile=authorities)
    strict.check_hostname = False
    chain = _distrust(server, strict, port=port, seconds=seconds)
    dane = server.bogus or _dane(server, certificates, port=port, seconds=seconds)
    return Shown(server, "", version, cipher, certificate, _names(certificate), chain, dane)


def _distrust(server: Server, context: ssl.SSLContext, *, port: int, seconds: float) -> str:
    """Why *context* does not take the certificate of *server*; "" if it does."""
    try:
        _session(server, context, port=port, seconds=seconds)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return ""


def _session(
    server: Server, context: ssl.SSLContext, *, port: int, seconds: float
) -> tuple[str, str, *tuple[bytes, ...]]:
    """Version, cipher and certificates (DER), its own first, of a session with *server*.

    Raises what prevents it.
    """
    with smtplib.SMTP(timeout=seconds) as client:
        client.connect(server.address, port)
        client.ehlo_or_helo_if_needed()
        if not client.has_extn("STARTTLS"):
            raise smtplib.SMTPException("it offers no STARTTLS")
        code, text = client.docmd("STARTTLS")
        if code != 220 or client.sock is None:
            raise smtplib.SMTPException(f"STARTTLS was answered {code} {text.decode('latin-1')}")
        with context.wrap_socket(client.sock, server_hostname=server.name) as session:
            client.sock = None
            client.close()
            cipher = session.cipher()
            return session.version() or "", cipher[0] if cipher else "", *_chain(session)


def _chain(session: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The certificates that the other side sent, its own first."""
    if sys.version_info >= (3, 13):
        return tuple(session.get_unverified_chain())
    sent = session._sslobj.get_unverified_chain()  # type: ignore[attr-defined] # public from 3.13 on
    return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in sent or ())


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names of a server that *certificate* has; the common name only if there are no others."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(name.lower() for name in found.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(each.value).lower() for each in common)


def _matches(name: str, wanted: str) -> bool:
    """Whether *name* of a certificate is *wanted*; `.example.com` stands for all below it."""
    if wanted.startswith("."):
        return name.endswith(wanted)
    return name == wanted or (name.startswith("*.") and wanted.partition(".")[2] == name[2:])


def _unpinned(certificate: x509.Certificate, fingerprints: Sequence[str]) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    octets = certificate.public_bytes(Encoding.DER)
    found = (hashlib.sha256(each).digest().hex(":").upper() for each in (octets, key))
    return "" if set(fingerprints).intersection(found) else "it has another fingerprint"


def _dane(server: Server, shown: Sequence[x509.Certificate], *, port: int, seconds: float) -> str:
    """Why what *server* has *shown* is not what its domain publishes (RFC 7672 §3.1); "" if it is."""
    records = [each for each in server.tlsa if each.usable]
    if not records:
        return (
            "the domain publishes no record that DNSSEC vouches for"
            if not server.tlsa
            else "no usable record"
        )
    if any(each.usage == _DANE_EE and each.matches(shown[0]) for each in records):
        return ""
    named = [each for each in records if each.usage == _DANE_TA]
    for authority in (each for each in shown if any(record.matches(each) for record in named)):
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is published need not be a root
        trusting.load_verify_locations(cadata=authority.public_bytes(Encoding.DER))
        if distrust := _distrust(server, trusting, port=port, seconds=seconds):
            return distrust
        names = _names(shown[0])
        if not any(_matches(name, server.name) for name in names):
            return f"its certificate is for {', '.join(names) or 'nobody'}"
        return ""
    return "its record is about another certificate"
