"""The envelope of a message (RFC 5321 §2.3.1): who sends it, to whom, from which client.

Addresses are kept as the MTA gave them, without the angle brackets; `key` is the form to compare.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import idna

from postseal.locks import NO_LOCKS, Locks
from postseal.smime_state import NO_SMIME, SmimeState


def split(address: str) -> tuple[str, str]:
    """The local part and the domain of *address*, as written; the domain is "" if there is none."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def domain_key(domain: str) -> str:
    """*domain* as it is compared: lower case, A-labels (RFC 5890), no final dot."""
    domain = domain.strip().rstrip(".").lower()
    # What is no domain by its length alone is not remembered: header fields hold what strangers like.
    return domain if domain.isascii() or len(domain) > _LONGEST_DOMAIN else a_labels(domain)


@lru_cache(maxsize=4096)
def a_labels(domain: str) -> str:
    """*domain* with each U-label as A-label; a label that has none stays."""
    try:
        labels = idna.uts46_remap(domain, std3_rules=False).split(".")
    except idna.IDNAError:
        labels = domain.split(".")
    return ".".join(map(_a_label, labels))


def key(address: str) -> str:
    """*address* as it is compared: the domain as `domain_key`, the local part in lower case.

    RFC 5321 §2.4 leaves the case of the local part to the receiving host; no host that our users
    write to tells Bob from bob, and people type both.  An é is one, however it is
    put together (RFC 6532 §3.1).
    """
    local, domain = split(address)
    if _DOT_ATOM.fullmatch(content := _unquoted(local)):
        local = content  # the quotes mean nothing (RFC 5321 §4.1.2)
    local = local.lower()
    local = local if local.isascii() else unicodedata.normalize("NFC", local)
    return f"{local}@{domain_key(domain)}" if domain else local


def destinations(address: str) -> tuple[str, ...]:
    """All addresses that an MTA may take *address* for, the address itself first.

    Where the domain is its own, Postfix routes by what stands in the local part: `user%host`,
    `host!user`, and `user@host` even within quotes (allow_percent_hack, swap_bangpath,
    resolve_dequoted_address: all of them on by default).
    """
    found = [address]
    while True:
        local = _unquoted(split(found[-1])[0])
        if "@" in local:
            found.append(local)
        elif "!" in local:
            host, _, user = local.partition("!")
            found.append(f"{user}@{host}")
        elif "%" in local:
            user, _, host = local.rpartition("%")
            found.append(f"{user}@{host}")
        else:
            return tuple(found)


def unambiguous(address: str) -> bool:
    """Whether every MTA reads the same mailbox in *address*: one quoted or plain local part, one domain.

    In front of SMTP's grammar many MTAs forgive comments, blanks, a display name and stray marks; they take
    the mail for an address that nobody has judged.  Dots anywhere, as people have them, are no doubt.
    """
    return _UNAMBIGUOUS.fullmatch(address) is not None


_LONGEST_DOMAIN = 1000
"""Characters of a domain; DNS takes 255 octets, but some characters vanish when it is prepared."""

_PLAIN = r"[^\x00-\x20\x7f\"(),:;<>\[\\\]]"
_UNAMBIGUOUS = re.compile(
    rf'(?:{_PLAIN}+|"(?:[^\x00-\x1f\x7f"\\]|\\[^\x00-\x1f\x7f])*")'
    rf"(?:@(?:{_PLAIN}+|\[[0-9A-Za-z.:-]+\]))?"
)

_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\].]++(?:\.[^\s\"(),:;<>@\[\\\].]++)*+")


def _unquoted(local: str) -> str:
    if len(local) > 1 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1])
    return local


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label


MACROS: Final = (
    *("auth_author", "auth_type", "cert_issuer", "cipher_bits", "client_connections", "client_name"),
    *("client_ptr", "daemon_addr", "daemon_name", "daemon_port", "v"),
)
"""What the MTA is asked to tell about a client beside what has a field of its own (MILTER_README)."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The TLS session between the client and our MTA, in the MTA's words."""

    version: str
    cipher: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Who handed the message to our MTA.

    *address*: IPv4 or IPv6 address as text, "" where there is none (a Unix socket, an unknown
    family).  *login*: the authenticated identity, an opaque string (RFC 4954), None without one.
    *macros*: what else the MTA tells about it, names without braces.
    """

    address: str = ""
    name: str = ""
    login: str | None = None
    tls: Tls | None = None
    macros: tuple[tuple[str, str], ...] = ()

    def within(self, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]) -> bool:
        """Whether the client's address lies in one of *networks*; an IPv4-mapped address counts as IPv4."""
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in networks)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO: the address without brackets, and its ESMTP parameters as given."""

    address: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail transaction.  *sender* is "" for the null reverse-path.

    *released*: rules that had the message held; an administrator has looked at it and let it go.
    *smime*: what the message came in, if that was looked at.  *locks*: what its sender asks of its readers.
    """

    sender: str
    recipients: tuple[Recipient, ...]
    client: Client = Client()
    parameters: tuple[str, ...] = ()
    queue_id: str = ""
    released: frozenset[str] = frozenset()
    smime: SmimeState = NO_SMIME
    locks: Locks = NO_LOCKS
