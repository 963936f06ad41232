"""What an administrator sets for S/MIME: certificates, whom to believe, where to look, who signs."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.binding import Name, Reader
from postseal.document import Node, bad
from postseal.errors import Place
from postseal.pkcs11_uri import Pkcs11Uri, parse

CIPHERS = ("aes-128-cbc", "aes-256-cbc")
"""Content encryption that every mail program in use can read, by the words of postseal.yaml."""

PEER_CIPHERS = (*CIPHERS, "aes-128-gcm", "aes-256-gcm")
"""Content encryption that a peer may insist on."""

KEY_TRANSPORTS = ("rsa-pkcs1", "rsa-oaep")
"""How RSA keys get the content-encryption key."""

SIGNATURES = ("rsa-pkcs1", "rsa-pss")
"""How RSA keys sign."""


NAMES = {
    "cipher": CIPHERS,
    "cipher of peers": PEER_CIPHERS,
    "key transport": KEY_TRANSPORTS,
    "signature": SIGNATURES,
}
"""The words that settings choose from."""


class Revocation(StrEnum):
    """What is asked about revocation, and what it means if nobody knows."""

    OFF = "off"  # nothing is asked
    SOFT = "soft"  # what is known to be revoked is refused
    HARD = "hard"  # what is not known to be good is refused


class KeyChange(StrEnum):
    """What becomes of a new key for an address that has one pinned."""

    PENDING = "pending"  # it waits for the administrator
    SAME_ISSUER = "same_issuer"  # used at once if the issuer of the pinned one issued it; else it waits


class SignedForm(StrEnum):
    """How mail that is signed and not encrypted travels."""

    CLEAR = "clear"  # the signature beside the text, which every program shows
    OPAQUE = "opaque"  # around it, so nothing on the way changes it; only S/MIME programs show it


class Subject(StrEnum):
    """Whether the subject of encrypted mail can be read outside; inside it is always."""

    VISIBLE = "visible"
    HIDDEN = "hidden"  # [...] stands there


class Source(StrEnum):
    """Where a recipient's certificate is looked for."""

    STORE = "store"  # what was imported, by `postseal certs add`
    DIRECTORY = "directory"  # the folder of files
    HARVESTED = "harvested"  # what came with signed mail
    LDAP = "ldap"
    DNS = "dns"  # SMIMEA records
    HTTP = "http"
    DOMAIN = "domain"  # one certificate for all of a domain, by `postseal certs add --domain`


LOCAL = (Source.STORE, Source.DIRECTORY, Source.HARVESTED, Source.DOMAIN)
"""Sources that need no setting of their own."""


def sender(node: Node, reader: Reader) -> str:
    """An address, or a domain for all addresses in it."""
    written = scalar.text(node)
    if "@" not in written:
        return scalar.domain(node)
    local, _, domain = written.rpartition("@")
    if not local or not domain or re.search(r"[\s<>]", written):
        raise bad(node.place, f"expected an address or a domain, found '{written}'", "write ann@example.com")
    return written


def private_key(node: Node, _reader: object = None) -> Path | Pkcs11Uri:
    """A private key: the path of its file, or `pkcs11:…` (RFC 7512) for one on a token."""
    written = scalar.text(node)
    if not written.startswith("pkcs11:"):
        return scalar.path(node)
    try:
        return parse(written)
    except ValueError as error:
        hint = "write pkcs11:token=NAME;object=LABEL?module-path=/PATH.so&pin-source=file:/PATH"
        raise bad(node.place, f"bad PKCS #11 URI: {error}", hint) from None


def ldap_url(node: Node, _reader: object = None) -> str:
    """An LDAP server: `ldaps://HOST`, `ldap://HOST:PORT` or `ldapi:///PATH`."""
    written = scalar.text(node)
    if not re.fullmatch(r"ldaps?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:[0-9]{1,5})?/?|ldapi://[\w%./-]+", written):
        raise bad(node.place, f"bad LDAP server '{written}'", "write ldaps://HOST or ldap://HOST:PORT")
    return written


def ldap_filter(node: Node, _reader: object = None) -> str:
    """An LDAP search filter (RFC 4515) with `{address}` where the recipient's address belongs."""
    written = scalar.text(node)
    if "{address}" not in written or written.count("(") != written.count(")") or written[:1] != "(":
        raise bad(node.place, f"bad filter '{written}'", "write it as (mail={address})")
    return written


def lookup_url(node: Node, _reader: object = None) -> str:
    """A URL with `{address}`, `{local}` or `{domain}` in it, as `https://certs.example.com/{address}`."""
    written = scalar.text(node)
    if not re.match(r"https?://[^/{}]+/", written) or not re.search(r"\{(address|local)\}", written):
        hint = "write it as https://certs.example.com/lookup?mail={address}"
        raise bad(node.place, f"bad URL '{written}'", hint)
    return written


def resolver(node: Node, _reader: object = None) -> str:
    """A DNS resolver on this host that validates: `127.0.0.1`, `127.0.0.1:PORT` or `[::1]:PORT`."""
    written = scalar.text(node)
    # Its word that an answer was validated is one bit, which anybody on the way could set.
    if not re.fullmatch(r"127\.[0-9.]{5,11}(:[0-9]{1,5})?|::1|\[::1\](:[0-9]{1,5})?", written):
        hint = "install one, as unbound, on this host, and write 127.0.0.1"
        raise bad(node.place, f"'{written}' is not a resolver on this host", hint)
    return written


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may be signed for: addresses or domains; their certificate chain; the key, a file or on a token."""

    senders: tuple[Annotated[str, sender], ...]
    certificate: Path
    key: Annotated[Path | Pkcs11Uri, private_key]


@dataclass(frozen=True, slots=True)
class Decryption:
    """Whose mail is opened at the gateway: addresses or domains; certificate, and key: a file, or on a token.

    *certificate*: may hold several that were issued for the key, expired ones too.
    """

    place: Place
    recipients: tuple[Annotated[str, sender], ...]
    certificate: Path
    key: Annotated[Path | Pkcs11Uri, private_key]


@dataclass(frozen=True, slots=True)
class Peer:
    """How mail to *recipients*, addresses or domains, is encrypted; what is left out is chosen as for others.

    *key_transport* is for RSA keys.
    """

    recipients: tuple[Annotated[str, sender], ...]
    cipher: Annotated[str, Name("cipher of peers")] = ""
    key_transport: Annotated[str, Name("key transport")] = ""
    subject: Subject | None = None
    legacy_display: bool | None = None
    triple_wrap: bool | None = None


@dataclass(frozen=True, slots=True)
class Ldap:
    """A directory of people with certificates.

    *bind_dn*, *password_file*: who asks, nobody in particular if left out.  *certificate_authority*: a
    file that the server's certificate is checked with, in place of the system's.
    """

    url: Annotated[str, ldap_url]
    base: str
    filter: Annotated[str, ldap_filter] = "(mail={address})"
    bind_dn: str = ""
    password_file: Path | None = None
    certificate_authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where certificates are looked for, in this order; the first with a usable one is the last asked.

    *timeout*: for each source.  *keep*: how long an answer of a source elsewhere counts; *keep_nothing*:
    the same for the answer that there is none.
    """

    sources: tuple[Source, ...] = LOCAL
    timeout: Annotated[float, scalar.duration] = 4.0
    keep: Annotated[float, scalar.duration] = 12 * 3600.0
    keep_nothing: Annotated[float, scalar.duration] = 3600.0
    ldap: Ldap | None = None
    dns: Annotated[str, resolver] = "127.0.0.1"
    http: Annotated[str, lookup_url] = ""


@dataclass(frozen=True, slots=True)
class Smime:
    """S/MIME: recipients' certificates, whom to believe, the cipher, who signs.

    *identities*: who signs for whom.  *decryption*: keys to open mail with that comes in.
    *legacy_ciphers*: whether mail that is encrypted with 3DES or RC2 is opened too.
    *certificates*: a folder of files that the administrator vouches for.  *trust*: the folder of
    authorities for all others.  *subject_addresses*: whether an address in the subject counts where the
    subjectAltName has none.
    *header_protection*: whether From, To, Subject and the like go inside too (RFC 9788).  *subject*: whether
    the subject of encrypted mail can be read outside; *legacy_display*: where it cannot, whether the text
    begins with it, for programs that do not find it inside.  *signature*: how RSA keys sign.
    *signed_form*: how signed mail travels.  *triple_wrap*: whether what was signed and encrypted is signed
    once more outside, so that a gateway can tell who encrypted it.
    *peers*: those of whom more is known; the first that names the address, else its domain, counts.
    """

    certificates: Path | None = None
    cipher: Annotated[str, Name("cipher")] = "aes-256-cbc"
    identities: tuple[Identity, ...] = ()
    decryption: tuple[Decryption, ...] = ()
    legacy_ciphers: bool = False
    trust: Path | None = None
    revocation: Revocation = Revocation.SOFT
    subject_addresses: bool = False
    key_change: KeyChange = KeyChange.PENDING
    lookup: Lookup = field(default_factory=Lookup)
    signature: Annotated[str, Name("signature")] = "rsa-pkcs1"
    signed_form: SignedForm = SignedForm.CLEAR
    triple_wrap: bool = False
    header_protection: bool = True
    subject: Subject = Subject.VISIBLE
    legacy_display: bool = True
    peers: tuple[Peer, ...] = ()
