"""A connector as it is written in `policies/connectors/*.yaml`, and the types of its values."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from postseal import scalar
from postseal.document import Node, Problems, Scalar, bad
from postseal.envelope import domain_key
from postseal.errors import Place
from postseal.policy import rule_values as values
from postseal.policy.tls_values import requirement
from postseal.policy.values import some
from postseal.required_tls import RequiredTls
from postseal.scalar import Network

_SERVER = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:]+)\]|(?P<host>[0-9A-Za-z.-]+))(?::(?P<port>[0-9]{1,5}))?")


class Mode(StrEnum):
    """Whether a connector acts."""

    ENFORCE = "enforce"
    TEST = "test"
    OFF = "off"


class MtaSts(StrEnum):
    """What the MTA-STS policy of a domain (RFC 8461) counts for, which a map of Postfix's own knows."""

    NONE = "none"  # the connector alone says how mail travels
    OPPORTUNISTIC = "opportunistic"  # what the domain enforces holds; if it enforces nothing, the connector


def domains(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Domains: `partner.example`; `*.partner.example` stands for all below it, and not for itself."""
    problems = Problems()
    found = []
    for value in some(node):
        with problems.collect():
            found.append(_domain(value))
    problems.settle()
    return tuple(found)


def certificates(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Names in certificates (CN): `mail.partner.example`; `*.partner.example` stands for all below it."""
    return tuple(each.removeprefix("*") for each in domains(node))


def server(node: Node, _reader: object = None) -> str:
    """A server: `mail.partner.example`, `mail.partner.example:587`, `192.0.2.7`, `[2001:db8::7]:587`."""
    written = scalar.text(node)
    found = _SERVER.fullmatch(written)
    if not found or not 1 <= int(found["port"] or 25) <= 65535:
        hint = "write mail.partner.example or mail.partner.example:587"
        raise bad(node.place, f"expected a server, found '{written}'", hint)
    host = f"ipv6:{found['six']}" if found["six"] else found["host"]
    return f"[{host.lower()}]:{found['port'] or 25}"


def level(node: Node, _reader: object = None) -> RequiredTls:
    """`encrypt`, `verify`, `secure`, `dane`, `dane-only`, `{secure: [NAMES]}`, `{fingerprint: [SHA-256]}`."""
    return requirement(node)


def _domain(value: Scalar) -> str:
    bare = value.text.removeprefix("*.")
    if not scalar.is_domain(bare):
        hint = "write partner.example, or *.partner.example for all below it"
        raise bad(value.place, f"expected a domain, found '{value.text}'", hint)
    return ("*." if bare != value.text else "") + domain_key(bare)


Domains = Annotated[tuple[str, ...], domains]


@dataclass(frozen=True, slots=True)
class Outbound:
    """How mail to a partner travels, whatever the mail.

    *name*: for logs and reports, and for rules that send mail this way (`route`).  *domains*: of recipients;
    none: it is for rules alone.  *tls*: what the partner's server must show;
    `dane` asks for it where the domain publishes it, and takes what it gets where it does not.  *smart_host*:
    where the mail goes in place of the domain's MX.  *mta_sts*: `opportunistic` lets the domain's MTA-STS
    policy hold where it enforces one, and *tls* where it does not.  *mode*: `test` and `off` change nothing;
    `test` is still looked at by commands.  *comment*: for people.
    """

    place: Place
    name: Annotated[str, values.name]
    tls: Annotated[RequiredTls, level]
    domains: Domains = ()
    smart_host: Annotated[str, server] = ""
    mta_sts: MtaSts = MtaSts.NONE
    mode: Mode = Mode.ENFORCE
    comment: Annotated[str, values.comment] = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """How mail from a partner must come; what does not is refused, 5.7.x.

    *name*: for logs and reports.  *domains*: of envelope senders.  *tls*: whether it must come over TLS.
    *certificate*: the client must show a trusted certificate with one of these names.  *client_ip*: it must
    come from one of these networks.  Clients that have logged in, and those of `trusted_networks`, are ours,
    and not asked.  *mode*: `test` is told in the log and refuses nothing; `off` is left out.  *comment*: for
    people.
    """

    place: Place
    name: Annotated[str, values.name]
    domains: Domains
    tls: bool = True
    certificate: Annotated[tuple[str, ...], certificates] = ()
    client_ip: tuple[Network, ...] = ()
    mode: Mode = Mode.ENFORCE
    comment: Annotated[str, values.comment] = ""


@dataclass(frozen=True, slots=True)
class ConnectorFile:
    """What stands in one file.  *outbound*: connectors to partners.  *inbound*: connectors from partners."""

    outbound: tuple[Outbound, ...] = ()
    inbound: tuple[Inbound, ...] = ()
