"""What an administrator sets for TLS between mail servers."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from postseal import scalar
from postseal.document import Node, bad

TLS: Final = "TLS"
DANE: Final = "DANE"
"""What an MTA keeps to if it is wired for it."""


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
    """*enforced*: whether the MTA does what our field asks for (contrib/postfix); without it no rule may
    require TLS, for the mail would go without.  *postfix*: the configuration of the Postfix that is asked
    about that at every start and reload; None: it is on another host, and is believed.  *connectors*: the
    Unix socket at which Postfix asks for connectors, "" for none; mode and group are the milter's.
    *resolver*: the validating name server that is asked about servers of others, "" for this host's.
    *requiretls*: whether copies that need TLS with a certificate ask for REQUIRETLS (RFC 8689), if the MTA
    announces it; such mail comes back from where a next server does not."""

    enforced: bool = False
    postfix: Annotated[Path | None, configuration] = Path("/etc/postfix")
    connectors: Annotated[str, unix_socket] = ""
    resolver: Annotated[str, name_server] = ""
    requiretls: bool = False

    @property
    def kept(self) -> frozenset[str]:
        """What rules may require, because somebody sees to it: TLS; DANE, if Postfix asks us where it is."""
        found = {TLS: self.enforced, DANE: self.enforced and bool(self.connectors)}
        return frozenset(name for name, is_kept in found.items() if is_kept)
