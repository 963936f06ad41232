"""A zone signed with DNSSEC, its server, and dnsmasq as the resolver that validates; all on loopback."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.DS
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from demo.place import free_port

HEAD = "$TTL 60\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A 127.0.0.1\n"


def installed() -> bool:
    return shutil.which("dnsmasq", path="/usr/sbin:/usr/bin") is not None


class Zones:
    """*signed* and *plain*: zone names, each with its records.  `resolver`: *address* and *port*."""

    def __init__(
        self,
        directory: Path,
        *,
        signed: dict[str, str],
        plain: dict[str, str],
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        texts = {**signed, **plain}
        self._zones = {
            name: dns.zone.from_text(HEAD + text, f"{name}.", relativize=False)
            for name, text in texts.items()
        }
        anchors = {name: _sign(self._zones[name]) for name in signed}
        delegations = "".join(f"{name} IN NS ns.{name}\n" for name in texts)
        secure = "".join(f"{name} IN DS {anchor.to_text()}\n" for name, anchor in anchors.items())
        # dnsmasq believes nothing without a root; so we are the root, too.
        self._root = dns.zone.from_text(HEAD + delegations + secure, ".", relativize=False)
        anchor = _sign(self._root)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._streams = socket.socket()
        self._streams.bind(("127.0.0.1", 0))
        self._streams.listen()
        self._socket.bind(self._streams.getsockname())
        self._stop = threading.Event()
        server = f"127.0.0.1#{self._socket.getsockname()[1]}"
        self._address, self._port = address, port or free_port()
        self.resolver = f"{address}:{self._port}"
        words = f"{anchor.key_tag},{int(anchor.algorithm)},{int(anchor.digest_type)},{anchor.digest.hex()}"
        lines = [
            *("no-resolv", "no-hosts", "dnssec", "dnssec-no-timecheck", "keep-in-foreground"),
            *(
                "bind-interfaces",
                f"listen-address={address}",
                f"port={self._port}",
                "user=root",
                "group=root",
            ),
            *(f"server={server}", f"trust-anchor=.,{words}"),
        ]
        self._conf = directory / "dnsmasq.conf"
        self._conf.write_text("\n".join(lines) + "\n")

    def forge(self, name: str, text: str) -> None:
        """Put records into a signed zone without signing them."""
        zone = self._zones[name]
        for node, rdataset in dns.zone.from_text(
            HEAD + text, f"{name}.", relativize=False
        ).iterate_rdatasets():
            if rdataset.rdtype not in {dns.rdatatype.SOA, dns.rdatatype.NS, dns.rdatatype.A}:
                zone.replace_rdataset(node, rdataset)

    def __enter__(self) -> Self:
        for serve in (self._serve, self._serve_streams):
            threading.Thread(target=serve, daemon=True).start()
        self._process = subprocess.Popen(
            ["/usr/sbin/dnsmasq", f"--conf-file={self._conf}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                question = dns.message.make_query(f"ns.{next(iter(self._zones))}", "A")
                dns.query.udp(question, self._address, timeout=1, port=self._port)
            except (OSError, dns.exception.DNSException):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("dnsmasq did not come up") from None
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
        self._stop.set()
        for one in (self._socket, self._streams):
            one.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                octets, whence = self._socket.recvfrom(65535)
                answer = self._answer(dns.message.from_wire(octets))
                try:
                    self._socket.sendto(answer.to_wire(), whence)
                except dns.exception.TooBig:
                    answer.answer.clear()
                    answer.flags |= dns.flags.TC
                    self._socket.sendto(answer.to_wire(), whence)

    def _serve_streams(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._streams.accept()
                threading.Thread(target=self._serve_stream, args=(connection,), daemon=True).start()

    def _serve_stream(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream, contextlib.suppress(OSError):
            while length := stream.read(2):
                question = dns.message.from_wire(stream.read(int.from_bytes(length, "big")))
                octets = self._answer(question).to_wire(max_size=65535)
                stream.write(len(octets).to_bytes(2, "big") + octets)
                stream.flush()

    def _answer(self, question: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        asked = question.question[0]
        zone = self._root
        for one in self._zones.values():
            if asked.name.is_subdomain(one.origin) and (asked.name, asked.rdtype) != (
                one.origin,
                dns.rdatatype.DS,
            ):
                zone = one
        if not self._put(answer.answer, zone, asked.name, asked.rdtype):
            self._put(answer.authority, zone, zone.origin, dns.rdatatype.SOA)
            if zone.get_node(asked.name) is not None:
                self._put(answer.authority, zone, asked.name, dns.rdatatype.NSEC)
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
                before = max(one for one in zone.nodes if one <= asked.name)
                for cover in {before, zone.origin}:
                    self._put(answer.authority, zone, cover, dns.rdatatype.NSEC)
        return answer

    def _put(
        self, section: list[dns.rrset.RRset], zone: dns.zone.Zone, name: dns.name.Name, kind: int
    ) -> bool:
        node = zone.get_node(name)
        found = node.get_rdataset(1, kind) if node else None
        if not found:
            return False
        section.append(dns.rrset.from_rdata_list(name, found.ttl, list(found)))
        signatures = node.get_rdataset(1, dns.rdatatype.RRSIG, kind)
        if signatures:
            section.append(dns.rrset.from_rdata_list(name, signatures.ttl, list(signatures)))
        return True


def _sign(zone: dns.zone.Zone) -> "dns.rdtypes.ANY.DS.DS":
    """Sign *zone*; the digest of its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
    now = datetime.now(UTC)
    dns.dnssec.sign_zone(
        zone, keys=[(private, key)], inception=now - timedelta(days=1), expiration=now + timedelta(days=30)
    )
    return dns.dnssec.make_ds(zone.origin, key, "SHA256")
