"""What an administrator sets for TLS between mail servers."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from postseal import scalar
from postseal.document import Node, bad

ROUTE: Final = "route"
"""Beside levels of TLS: that mail is led to the server that a rule names."""
_EVERYWHERE: Final = frozenset({"encrypt", "verify"})
_BY_POSTFIX: Final = frozenset({"secure", "fingerprint", "dane-only", ROUTE})


class Mta(StrEnum):
    """Which mail server keeps to what rules require, and how it is told."""

    POSTFIX = "postfix"  # by a field of the message, for which it has transports
    SENDMAIL = "sendmail"  # by the name in EHLO with which a copy is submitted


def configuration(node: Node, _reader: object = None) -> Path | None:
    """The folder of a Postfix's main.cf, or `none`."""
    return None if scalar.text(node) == "none" else scalar.path(node)


def name_server(node: Node, _reader: object = None) -> str:
    """An IP address, or `none`."""
    written = scalar.text(node)
    if written == "none":
        return ""
    try:
        return str(ipaddress.ip_address(written))
    except ValueError:
        raise bad(node.place, f"expected an IP address, found '{written}'", "write it as 127.0.0.1") from None


def unix_socket(node: Node, _reader: object = None) -> str:
    """A Unix socket, `unix:/PATH`, or `none`."""
    written = scalar.text(node)
    if written == "none":
        return ""
    if not written.startswith("unix:/") or len(written) > len("unix:") + 107:  # unix(7)
        raise bad(node.place, f"bad Unix socket '{written}'", "write unix:/PATH, at most 107 characters")
    return written


@dataclass(frozen=True, slots=True)
class Tls:
    """*enforced*: whether the MTA does what we tell it (contrib); without it no rule may require TLS,
    for the mail would go without.  *mta*: which one that is.  *postfix*: the configuration of the Postfix
    that is asked about that at every start and reload; None: it is on another host, and is believed.
    *connectors*: the Unix socket at which Postfix asks for connectors, "" for none; mode and group are the
    milter's.
    *resolver*: the validating name server that is asked about servers of others, "" for this host's.
    *requiretls*: whether copies that need TLS with a certificate ask for REQUIRETLS (RFC 8689), if the MTA
    announces it; such mail comes back from where a next server does not."""

    enforced: bool = False
    mta: Mta = Mta.POSTFIX
    postfix: Annotated[Path | None, configuration] = Path("/etc/postfix")
    connectors: Annotated[str, unix_socket] = ""
    resolver: Annotated[str, name_server] = ""
    requiretls: bool = False

    @property
    def kept(self) -> frozenset[str]:
        """What rules may require, because somebody sees to it: levels of TLS, and ROUTE."""
        if not self.enforced:
            return frozenset()
        if self.mta is Mta.SENDMAIL:
            return _EVERYWHERE
        # Postfix has to ask us whether a domain publishes something.
        return _EVERYWHERE | _BY_POSTFIX | ({"dane"} if self.connectors else set())
