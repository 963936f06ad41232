"""Mail servers of every kind of TLS, each the MX of a domain, in signed zones; and a validating resolver.

Each server has an address of 127.0.0.0/8 for itself, so that it can have port 25, and so has the resolver.
"""

import hashlib
import random
import select
import socket
import socketserver
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

import sts_host
from demo.pki import key_pem, pem
from demo.sink import Sink
from signed_zone import Zones

KINDS = (
    *("plain", "stripped", "old", "selfsigned", "expired", "wrongname", "right"),
    *("danevalid", "daneinvalid", "danebogus", "daneauthority", "danename"),
)
"""The domains, without `.test`."""

POLICIES = {
    "right": ("enforce", "mx.right.test"),
    "wrongname": ("enforce", "mx.wrongname.test"),
    "stripped": ("enforce", "*.stripped.test"),
    "danevalid": ("enforce", "mx.else.test"),
    "selfsigned": ("testing", "mx.selfsigned.test"),
    "plain": ("none", ""),
    "expired": ("enforce", "mx.expired.test"),
}
"""The domains with an MTA-STS policy: its mode, and the server that it names."""

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Lab:
    """*sinks* by kind; *resolver*: the name server's address; *authorities*: a file of the trusted ones.

    *fingerprint*: SHA-256 of the certificate of `right`.
    """

    sinks: dict[str, Sink]
    addresses: dict[str, str]
    resolver: str
    authorities: Path
    fingerprint: str


def certificate(
    *names: str, issuer: tuple[x509.Certificate, Key] | None = None, ended: bool = False
) -> tuple[x509.Certificate, Key]:
    """A certificate for *names*, by itself or *issuer*; without names it is an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "TLS Lab Root")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=-1 if ended else 30))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        made = made.add_extension(alternative, critical=False)
    return made.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def server(
    directory: Path, pair: tuple[x509.Certificate, Key], *, old: bool = False, more: bytes = b""
) -> ssl.SSLContext:
    """A context for a server with this certificate; *old*: that knows nothing newer than TLS 1.1.

    *more*: certificates (PEM) that it sends along.
    """
    file = directory / f"{pair[0].serial_number:x}.pem"
    file.write_bytes(pem(pair[0]) + more + key_pem(pair[1]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):  # it is old on purpose
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(file)
    return context


@contextmanager
def lab(directory: Path) -> Iterator[Lab]:
    """All servers, running."""
    subnet = f"127.{random.randint(20, 250)}.{random.randint(1, 250)}"
    addresses = {kind: f"{subnet}.{number}" for number, kind in enumerate(KINDS, 1)}
    root, other = certificate(), certificate()
    own = {kind: certificate(f"mx.{kind}.test") for kind in KINDS}
    own |= {
        "right": certificate("mx.right.test", issuer=root),
        "wrongname": certificate("mx.other.example", issuer=root),
        "expired": certificate("mx.expired.test", issuer=root, ended=True),
        # By an authority that nobody trusts, but for what the domain publishes.
        "daneauthority": certificate("mx.daneauthority.test", issuer=other),
        "danename": certificate("mx.other.example", issuer=other),
    }
    authorities = directory / "authorities.pem"
    authorities.write_bytes(pem(root[0]))
    with ExitStack() as running:
        sinks = {}
        for kind, pair in own.items():
            more = pem(other[0]) if kind in ("daneauthority", "danename") else b""
            context = None if kind == "plain" else server(directory, pair, old=kind == "old", more=more)
            place = {"port": 0} if kind == "stripped" else {"address": addresses[kind], "port": 25}
            sinks[kind] = running.enter_context(Sink(tls=context, **place))  # type: ignore[arg-type]
        running.enter_context(_stripping(addresses["stripped"], sinks["stripped"].port))
        signed = {f"{kind}.test": _records(addresses[kind]) for kind in KINDS}
        hosts = {kind: f"{subnet}.{number}" for number, kind in enumerate(POLICIES, 60)}
        for kind, address in hosts.items():
            signed[f"{kind}.test"] += sts_host.records(address)
            # A host of policies shows a certificate for its name; but that of `expired` shows another's.
            pair = own["wrongname"] if kind == "expired" else certificate(f"mta-sts.{kind}.test", issuer=root)
            running.enter_context(sts_host.serving(address, POLICIES[kind], server(directory, pair)))
        signed["danevalid.test"] += _tlsa(own["danevalid"][0])
        signed["daneinvalid.test"] += _tlsa(own["right"][0])
        authority = other[0].fingerprint(hashes.SHA256()).hex()
        for kind in ("daneauthority", "danename"):
            signed[f"{kind}.test"] += f"_25._tcp.mx IN TLSA 2 0 1 {authority}\n"
        zones = Zones(directory, signed=signed, plain={}, address=f"{subnet}.53", port=53)
        zones.forge("danebogus.test", _tlsa(own["danebogus"][0]))
        running.enter_context(zones)
        fingerprint = own["right"][0].fingerprint(hashes.SHA256()).hex(":").upper()
        yield Lab(sinks, addresses, f"{subnet}.53", authorities, fingerprint)


def _records(address: str) -> str:
    return f"@ IN MX 10 mx\nmx IN A {address}\n"


def _tlsa(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"_25._tcp.mx IN TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}\n"


class _Stripping(socketserver.BaseRequestHandler):
    """Somebody on the way who makes STARTTLS unreadable."""

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection(self.server.behind) as behind:
            ends = {self.request: behind, behind: self.request}
            while True:
                for each in select.select(list(ends), [], [], 120)[0]:
                    octets = each.recv(65536)
                    if not octets:
                        return
                    ends[each].sendall(octets.replace(b"STARTTLS", b"XXXXXXXA"))


@contextmanager
def _stripping(address: str, port: int) -> Iterator[None]:
    with socketserver.ThreadingTCPServer((address, 25), _Stripping) as between:
        between.behind = ("127.0.0.1", port)
        between.daemon_threads = True
        thread = threading.Thread(target=between.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield
        between.shutdown()
        thread.join()
