"""Certificates in the DNS: SMIMEA records (RFC 8162), and only answers that DNSSEC has validated.

The resolver on this host validates and says so in one bit (AD, RFC 4035 §3.2.3); without it, an answer
counts as none.  Only whole certificates with usage 3 (DANE-EE) are taken: the domain's own word, which
needs no authority.  The local part is hashed in lower case, as senders of mail write it in all cases.
"""

import hashlib
import ipaddress

from cryptography import x509

from postseal.certificates.purpose import MALFORMED
from postseal.envelope import a_labels, split
from postseal.errors import BadInput, Cause, Failure, Place, Problem
from postseal.store.kept import Origin

_HASHED = 28
"""Octets of the SHA-256 of a local part that stand in the name (RFC 8162 §3)."""
_DANE_EE, _WHOLE, _EXACT = 3, 0, 0


def owner(address: str) -> str:
    """Where the DNS keeps the certificates of *address*, without a final dot."""
    local, domain = split(address)
    return f"{hashlib.sha256(local.encode()).digest()[:_HASHED].hex()}._smimecert.{a_labels(domain)}"


class DnsSource:
    """Asks the *resolver*, `ADDRESS` or `ADDRESS:PORT`.  Raises BadInput without the library for it."""

    origin = Origin.DNS
    vouches = True

    def __init__(self, resolver: str) -> None:
        try:
            import dns.query  # noqa: PLC0415, F401 (only who asks the DNS needs it)
        except ImportError:
            hint = "install postseal[dns], or take dns out of smime.lookup.sources"
            raise BadInput([Problem(Place("smime.lookup"), "dnspython is not installed", hint)]) from None
        self._host, self._port = _place(resolver)

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        """The validated certificates of *address*.  Raises Failure(LOOKUP)."""
        import dns.exception  # noqa: PLC0415
        import dns.flags  # noqa: PLC0415
        import dns.message  # noqa: PLC0415
        import dns.query  # noqa: PLC0415
        import dns.rcode  # noqa: PLC0415
        import dns.rdatatype  # noqa: PLC0415

        try:
            question = dns.message.make_query(
                owner(address), dns.rdatatype.SMIMEA, flags=dns.flags.RD | dns.flags.AD, payload=1232
            )
            answer, _ = dns.query.udp_with_fallback(
                question, self._host, timeout=seconds, port=self._port, ignore_unexpected=True
            )
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Failure(Cause.LOOKUP, f"dns: {str(error) or type(error).__name__}") from None
        code = answer.rcode()
        if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            # SERVFAIL is also what a validating resolver says of a forged answer.
            raise Failure(Cause.LOOKUP, f"dns: the resolver answers {dns.rcode.to_text(code)}")
        if not answer.flags & dns.flags.AD:
            return ()  # an unsigned domain, or a resolver that does not validate: nobody's word
        found = []
        for records in answer.answer:
            for record in records if records.rdtype == dns.rdatatype.SMIMEA else ():
                if (record.usage, record.selector, record.mtype) != (_DANE_EE, _WHOLE, _EXACT):
                    continue
                try:
                    found.append(x509.load_der_x509_certificate(record.cert))
                except MALFORMED:
                    continue
        return tuple(found)


def _place(resolver: str) -> tuple[str, int]:
    try:
        return str(ipaddress.ip_address(resolver)), 53
    except ValueError:
        host, _, port = resolver.rpartition(":")
        return host.strip("[]"), int(port)
