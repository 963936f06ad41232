"""The servers that take mail of a domain, and what the DNS says about their TLS (RFC 5321 §5.1, RFC 7672).

A validating resolver is asked, which says by one bit (AD) that DNSSEC vouches for an answer; what it finds
forged it does not give at all.
"""

import ipaddress
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from postseal.envelope import a_labels
from postseal.errors import Cause, Failure
from postseal.tls.probe import Server, Tlsa


@dataclass(frozen=True, slots=True)
class _Answer:
    records: tuple[str, ...] = ()
    secure: bool = False
    bogus: bool = False


@dataclass(frozen=True, slots=True)
class Resolver:
    """The name server at *address* and *port*; an answer must come within *seconds*."""

    address: str
    port: int = 53
    seconds: float = 5.0

    def servers(self, domain: str, port: int = 25) -> Iterator[Server]:
        """The servers of *domain*, the preferred ones first, at each address.  Raises Failure(LOOKUP)."""
        domain = a_labels(domain)
        found = self._ask(domain, "MX")
        if found.bogus:
            raise Failure(
                Cause.LOOKUP, f"the resolver gives no answer about MX of {domain}: DNSSEC, or a fault"
            )
        pairs = sorted((int(preference), name) for preference, name in map(str.split, found.records))
        for _, name in pairs or [(0, f"{domain}.")]:
            if name == ".":
                raise Failure(Cause.LOOKUP, f"{domain} takes no mail (RFC 7505)")
            yield from self._addresses(name.rstrip(".").lower(), secure=found.secure, port=port)

    def host(self, name: str, port: int) -> Iterator[Server]:
        """The server *name*, or that with this address, at each of its addresses."""
        with suppress(ValueError):
            yield Server(name, str(ipaddress.ip_address(name)))
            return
        yield from self._addresses(name.rstrip(".").lower(), secure=True, port=port)

    def texts(self, name: str) -> Iterator[str]:
        """The TXT records of *name*, each in one piece.  Raises Failure(LOOKUP)."""
        found = self._ask(a_labels(name), "TXT")
        if found.bogus:
            raise Failure(
                Cause.LOOKUP, f"the resolver gives no answer about TXT of {name}: DNSSEC, or a fault"
            )
        for record in found.records:
            yield "".join(shlex.split(record))

    def _addresses(self, name: str, *, secure: bool, port: int) -> Iterator[Server]:
        for kind in ("A", "AAAA"):
            found = self._ask(name, kind)
            secure_name = secure and found.secure
            records = (
                self._ask(f"_{port}._tcp.{name}", "TLSA") if secure_name and found.records else _Answer()
            )
            bogus = "its record is forged, or the resolver fails" if records.bogus else ""
            tlsa = tuple(_tlsa(each) for each in records.records) if records.secure else ()
            for address in found.records:
                yield Server(name, address, secure_name, tlsa, bogus)

    def _ask(self, name: str, kind: str) -> _Answer:
        """Raises Failure(LOOKUP)."""
        try:
            import dns.exception  # noqa: PLC0415 (only who asks the DNS needs it)
            import dns.flags  # noqa: PLC0415
            import dns.message  # noqa: PLC0415
            import dns.query  # noqa: PLC0415
            import dns.rcode  # noqa: PLC0415
            import dns.rdatatype  # noqa: PLC0415
        except ImportError:
            raise Failure(Cause.LOOKUP, "dnspython is not installed: install postseal[dns]") from None
        wanted = dns.rdatatype.from_text(kind)
        try:
            question = dns.message.make_query(name, wanted, flags=dns.flags.RD | dns.flags.AD, payload=1232)
            answer, _ = dns.query.udp_with_fallback(
                question, self.address, timeout=self.seconds, port=self.port, ignore_unexpected=True
            )
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Failure(Cause.LOOKUP, f"{name}: {str(error) or type(error).__name__}") from None
        if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            return _Answer(bogus=True)
        texts = (str(each) for rrset in answer.answer if rrset.rdtype == wanted for each in rrset)
        return _Answer(tuple(texts), bool(answer.flags & dns.flags.AD))


def of_this_host(file: Path = Path("/etc/resolv.conf")) -> str:
    """The first name server of *file*; "" if there is none."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return next(
        (line.split()[1] for line in lines if line.startswith("nameserver ") and line.split()[1:]), ""
    )


def _tlsa(text: str) -> Tlsa:
    usage, selector, matching, *data = text.split()
    return Tlsa(int(usage), int(selector), int(matching), bytes.fromhex("".join(data)))
