"""All connectors, found by domain in constant time, and what they say about mail that comes in."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from postseal import document
from postseal.binding import Reader
from postseal.document import Problems
from postseal.envelope import Client, Envelope, domain_key, split
from postseal.errors import Place
from postseal.outcome import Reply
from postseal.policy.connectors.connector import ConnectorFile, Inbound, Mode, MtaSts, Outbound
from postseal.required_tls import Level, RequiredTls
from postseal.scalar import Network

T = TypeVar("T", Inbound, Outbound)

_NO_TLS: Final = Reply(550, "5.7.10", "Mail from this domain is only accepted over TLS.")
_CERTIFICATE: Final = Reply(550, "5.7.1", "Mail from this domain needs a client certificate that we know.")
_ADDRESS: Final = Reply(550, "5.7.1", "Mail from this domain is not accepted from this address.")


@dataclass(frozen=True, slots=True)
class Connectors:
    """*outbound* and *inbound* by domain, `.example.com` for all below it; *digest*: of what was read.

    *routes*: what mail needs that a rule sends by the smart host of a connector, by the connector's name.
    """

    outbound: Mapping[str, Outbound] = field(default_factory=dict)
    inbound: Mapping[str, Inbound] = field(default_factory=dict)
    digest: bytes = b""
    routes: Mapping[str, RequiredTls] = field(default_factory=dict)

    def joined(self, digest: str) -> str:
        """The *digest* of a policy with that of the connectors, twelve digits."""
        return hashlib.sha256(digest.encode() + self.digest).hexdigest()[:12] if self.digest else digest

    def to(self, domain: str) -> Outbound | None:
        """The connector to *domain* that is enforced."""
        found = self.found(domain)
        return found if found and found.mode is Mode.ENFORCE else None

    def found(self, domain: str) -> Outbound | None:
        """The connector to *domain*, also one on trial."""
        return _found(self.outbound, domain)

    def refusal(self, envelope: Envelope, ours: tuple[Network, ...]) -> tuple[Inbound, Reply] | None:
        """Why mail of *envelope* does not come as its sender's domain must; None if it does.

        *ours*: networks of clients that are not asked.
        """
        client = envelope.client
        if not self.inbound or client.login or client.within(ours):
            return None
        connector = _found(self.inbound, split(envelope.sender)[1])
        reply = connector and _objection(connector, client)
        return (connector, reply) if connector and reply else None


NONE: Final = Connectors()


def load(folder: Path, problems: Problems) -> Connectors:
    """The connectors in *folder*, if there is one; what is wrong goes to *problems*."""
    digest = hashlib.sha256()
    files = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        with problems.collect():
            octets = document.read(path)
            digest.update(b"%b\0%d\0%b" % (path.name.encode(), len(octets), octets))
            files.append(Reader().bind(document.parse(octets, str(path)), ConnectorFile))
    outbound = [each for file in files for each in file.outbound]
    inbound = [each for file in files for each in file.inbound]
    _check_names([*outbound, *inbound], problems)
    found = Connectors(
        _by_domain(outbound, problems),
        _by_domain(inbound, problems),
        digest.digest() if files else b"",
        {
            each.name: replace(each.tls, next_hop=each.smart_host)
            for each in outbound
            if each.smart_host and each.mode is Mode.ENFORCE
        },
    )
    for each in outbound:
        if not each.domains and not each.smart_host:
            what = f"connector '{each.name}' leads nowhere"
            problems.add(each.place, what, "name domains, or a smart_host for rules that say 'route'")
    _check_smart_hosts(outbound, problems)
    _check_sts(outbound, problems)
    return found


def _found(table: Mapping[str, T], domain: str) -> T | None:
    """The entry for *domain*, or for the nearest domain above it that stands for all below."""
    domain = domain_key(domain)
    if not domain:
        return None
    if found := table.get(domain):
        return found
    while "." in domain:
        domain = domain.partition(".")[2]
        if found := table.get(f".{domain}"):
            return found
    return None


def _by_domain(connectors: Iterable[T], problems: Problems) -> dict[str, T]:
    table: dict[str, T] = {}
    for connector in connectors:
        if connector.mode is Mode.OFF:
            continue
        for domain in connector.domains:
            first = table.setdefault(domain.removeprefix("*"), connector)
            if first is not connector:
                what = f"there is a connector for {domain} at {first.place} already"
                problems.add(connector.place, what, "leave the domain to one of them")
    return table


def _check_names(connectors: Iterable[Inbound | Outbound], problems: Problems) -> None:
    seen: dict[str, Place] = {}
    for each in connectors:
        first = seen.setdefault(each.name, each.place)
        if first is not each.place:
            what = f"connector '{each.name}' has the name of the connector at {first}"
            problems.add(each.place, what, "rename one")


def _check_smart_hosts(connectors: Iterable[Outbound], problems: Problems) -> None:
    seen: dict[str, Outbound] = {}
    for each in connectors:
        first = seen.setdefault(each.smart_host, each) if each.smart_host else each
        if first.tls != each.tls:
            what = f"connector '{each.name}' asks other TLS of {each.smart_host} than that at {first.place}"
            problems.add(each.place, what, "Postfix knows one policy for each server: write the same")


def _check_sts(connectors: Iterable[Outbound], problems: Problems) -> None:
    for each in connectors:
        if each.mta_sts is not MtaSts.OPPORTUNISTIC:
            continue
        if each.smart_host:
            what = f"'{each.name}': the domain's MTA-STS policy is about its MX, and not {each.smart_host}"
            problems.add(each.place, what, "leave out mta_sts")
        elif each.tls.level not in (Level.ENCRYPT, Level.VERIFY):
            what = f"'{each.name}': MTA-STS would take the place of {each.tls.level}, which asks for more"
            problems.add(each.place, what, "leave out mta_sts; it goes with encrypt and verify")


def _objection(connector: Inbound, client: Client) -> Reply | None:
    """What is wrong about how *client* brings the mail."""
    if connector.client_ip and not client.within(connector.client_ip):
        return _ADDRESS
    if (connector.tls or connector.certificate) and client.tls is None:
        return _NO_TLS
    if connector.certificate and not _shown(connector.certificate, client):
        return _CERTIFICATE
    return None


def _shown(names: Iterable[str], client: Client) -> bool:
    """Whether the client's certificate has one of *names*; the MTA tells the name of a trusted one only."""
    subject = client.tls.subject.lower().removesuffix(".") if client.tls else ""
    return bool(subject) and any(
        subject.endswith(name) if name.startswith(".") else subject == name for name in names
    )
