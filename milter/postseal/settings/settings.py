"""What an administrator sets once for a host: the values of postseal.yaml, with their defaults.

`load` reads the file; every field below is a key of that name, or of its `word`.  Policies are not
here; they have a folder of their own.  A `Settings` never changes; a reload makes another one.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import document, scalar
from postseal.binding import Reader
from postseal.document import Mapping, Node, Problems, bad
from postseal.scalar import Network
from postseal.settings import admin as settings_admin
from postseal.settings import sign_in as settings_sign_in
from postseal.settings.admin import Admin
from postseal.settings.extraction import Extraction
from postseal.settings.judging import Authentication, Directory
from postseal.settings.ome import Ome
from postseal.settings.portal import Portal
from postseal.settings.sign_in import SignIn
from postseal.settings.smime import NAMES, Smime
from postseal.settings.tls import Tls

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

Count = Annotated[int, scalar.count]
Size = Annotated[int, scalar.size]
Seconds = Annotated[float, scalar.duration]
Domain = Annotated[str, scalar.domain]


def milter_socket(node: Node, _reader: object = None) -> str:
    """A milter socket: `unix:/PATH` or `inet:PORT@HOST`."""
    written = scalar.text(node)
    kind, _, rest = written.partition(":")
    if kind == "unix":
        if len(rest) > 107 or not rest.startswith("/"):  # unix(7): 108 octets with the final NUL
            raise bad(node.place, f"bad Unix socket '{written}'", "write unix:/PATH, at most 107 characters")
    elif kind == "inet" and re.fullmatch(r"[0-9]{1,5}@[^@\s]+", rest):
        port, _, host = rest.partition("@")
        scalar.check_port(node, port)
        scalar.check_host(node, host)
    else:
        raise bad(node.place, f"bad socket '{written}'", "write unix:/PATH or inet:PORT@HOST")
    return written


def database(node: Node, _reader: object = None) -> str:
    """A database: `sqlite:////PATH` or `postgresql+psycopg://USER@HOST/DATABASE`."""
    written = scalar.text(node)
    if not re.fullmatch(r"sqlite:////[^?]+|postgresql\+psycopg://.+", written):
        # Not quoted: it may hold a password.
        hint = "write sqlite:////PATH or postgresql+psycopg://USER@HOST/DATABASE"
        raise bad(node.place, "no such kind of database", hint)
    return written


def patience(node: Node, _reader: object = None) -> float:
    """A time span of at least a second."""
    if (seconds := scalar.duration(node)) < 1:
        raise bad(
            node.place, "expected a time span of at least a second", "leave the key out for the default"
        )
    return seconds


@dataclass(frozen=True, slots=True)
class Listen:
    """The milter socket: `unix:PATH` or `inet:PORT@HOST`; *mode* and *group* are for a Unix socket.

    *beyond_loopback*: whether an address that other hosts can reach may be listened on, here and for
    metrics; neither is encrypted.
    """

    socket: Annotated[str, milter_socket] = "unix:/run/postseal/milter.sock"
    mode: Annotated[int, scalar.mode] = 0o660
    group: str = ""
    beyond_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest message that is taken; what is larger is refused with a reply that says so.

    *headers*: fields.  *header_bytes*: octets of all fields together.  *message_bytes*: the whole message.
    *inspect_bytes*: decoded text that conditions look at; a message with more cannot be inspected.
    *hops*: trace fields (Received), of which a message that goes round in circles has many.
    """

    headers: Count = 20_000
    header_bytes: Size = 4 << 20
    recipients: Count = 10_000
    message_bytes: Size = 256 << 20
    inspect_bytes: Size = 4 << 20
    hops: Count = 50


@dataclass(frozen=True, slots=True)
class Guard:
    """How we know our own mail again.  *secret*: the file that is made at the first start; hosts that serve
    the same senders may share it.  *age*: seconds for which a copy that comes back is known."""

    secret: Path = Path("/var/lib/postseal/secret")
    age: Annotated[float, patience] = 86400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything of postseal.yaml.

    *accepted_domains*: those whose mail is ours; a subdomain is another domain.  *trusted_networks*:
    clients that need no login to be inside.
    *workers*: processes; 0 means one per CPU.  *memory_body*: octets up to which a body stays in
    memory.  *stop_seconds*: how long a stop waits for messages under way; *drain_seconds*: the
    same for the workers that a reload replaced.  *metrics*: `HOST:PORT`, "" for none.
    *notices_from*: the address that reports and notes come from, "" for postmaster at the first of
    `accepted_domains`, or at the host.
    *submit_to*: `HOST:PORT` of the MTA's listener without this milter, "" for none; *submit_timeout*:
    seconds for each step of a submission.
    *store*: the data source name of the database, in SQLAlchemy's words; *store_timeout*: seconds within
    which it answers or counts as down.
    *acquainted*: how long, after his last mail to somebody, a sender's mail is not the first to him any more;
    only while a rule asks for `first_mail`.
    *held_mail_returns*: whether the MTA gives back to us what an administrator releases from quarantine; it
    would leave unprotected otherwise, so without this nothing is held.
    """

    policies: Path = Path("/etc/postseal/policies")
    accepted_domains: tuple[Domain, ...] = ()
    trusted_networks: tuple[Network, ...] = LOOPBACK
    listen: Listen = field(default_factory=Listen)
    limits: Limits = field(default_factory=Limits)
    extraction: Extraction = field(default_factory=Extraction)
    smime: Smime = field(default_factory=Smime)
    authentication: Authentication = field(default_factory=Authentication)
    directory: Directory = field(default_factory=Directory)
    ome: Ome = field(default_factory=Ome)
    portal: Portal = field(default_factory=Portal)
    sign_in: SignIn = field(default_factory=SignIn)
    admin: Admin = field(default_factory=Admin)
    workers: int = 0
    runtime_directory: Path = Path("/run/postseal")
    spool_directory: Path = Path("/var/lib/postseal/spool")
    memory_body: Size = 1 << 20
    notices_from: Annotated[str, scalar.author] = ""
    submit_to: Annotated[str, scalar.http_address] = "127.0.0.1:10027"
    submit_timeout: Annotated[float, patience] = 60.0
    store: Annotated[str, database] = field(default="sqlite:////var/lib/postseal/store.sqlite", repr=False)
    store_timeout: Annotated[float, patience] = 5.0
    acquainted_seconds: Seconds = field(default=31_536_000.0, metadata={"word": "acquainted"})
    guard: Guard = field(default_factory=Guard)
    held_mail_returns: bool = False
    tls: Tls = field(default_factory=Tls)
    stop_seconds: Seconds = field(default=25.0, metadata={"word": "stop"})
    drain_seconds: Seconds = field(default=900.0, metadata={"word": "drain"})
    metrics: Annotated[str, scalar.http_address] = "127.0.0.1:9817"


def notices_from(settings: Settings, host: str) -> str:
    """The address that reports and notes come from."""
    return settings.notices_from or f"postmaster@{next(iter(settings.accepted_domains), host)}"


def replies_from(settings: Settings, host: str) -> str:
    """The address that replies from the portal come from; what comes back to it stays with us."""
    found = settings.portal.replies.sender or notices_from(settings, host)
    ours = _accepted(found, settings) or not settings.accepted_domains
    return found if ours else f"postmaster@{settings.accepted_domains[0]}"


def load(path: Path) -> Settings:
    """The settings in the file *path*.  Raises BadInput with every problem of the file."""
    node = document.load(path)
    settings = Reader(NAMES).bind(node, Settings)
    problems = Problems()
    replies = settings.portal.replies
    if replies.sender and not _accepted(replies.sender, settings):
        problems.add(
            _found(node, "portal", "replies", "sender").place,
            f"'{replies.sender}' is not in one of accepted_domains",
            "what comes back because it cannot be delivered must not leave",
        )
    for problem in settings_sign_in.problems(
        settings.sign_in, _found(node, "sign_in").place, portal=settings.ome.portal
    ):
        problems.add(problem.place, problem.what, problem.hint)
    for problem in settings_admin.problems(
        settings.admin,
        _found(node, "admin").place,
        portal=settings.ome.portal,
        providers=[provider.name for provider in settings.sign_in.providers],
    ):
        problems.add(problem.place, problem.what, problem.hint)
    for what, hint in _senders(settings):
        problems.add(_found(node, "portal", "senders").place, what, hint)
    if not settings.listen.beyond_loopback:
        for words, written, host in (
            (("listen", "socket"), settings.listen.socket, _socket_host(settings.listen.socket)),
            (("metrics",), settings.metrics, _http_host(settings.metrics)),
            (("submit_to",), settings.submit_to, _http_host(settings.submit_to)),
            (("portal", "listen"), settings.portal.listen, _http_host(settings.portal.listen)),
            (("admin", "listen"), settings.admin.listen, _http_host(settings.admin.listen)),
            (("portal", "metrics"), settings.portal.metrics, _http_host(settings.portal.metrics)),
            (("portal", "replies", "submit_to"), replies.submit_to, _http_host(replies.submit_to)),
        ):
            if host and not _loopback(host):
                problems.add(
                    _found(node, *words).place,
                    f"other hosts can reach '{written}'",
                    "listen on loopback, or set beyond_loopback: true below listen",
                )
    problems.settle()
    return settings


def _senders(settings: Settings) -> Iterator[tuple[str, str]]:
    senders = settings.portal.senders
    if senders is None:
        return
    if not settings.accepted_domains:
        yield "nobody is a sender inside", "list your domains in accepted_domains"
    known = settings_sign_in.ways_of_senders(settings.sign_in)
    for word in senders.sign_in:
        if word not in known:
            yield f"'{word}' is no way to sign in here", f"write of these: {', '.join(known)}"


def _accepted(address: str, settings: Settings) -> bool:
    return address.rpartition("@")[2].lower() in settings.accepted_domains


def _socket_host(socket: str) -> str:
    return socket.rpartition("@")[2] if socket.startswith("inet:") else ""


def _http_host(address: str) -> str:
    return "" if address.startswith("unix:") else address.rpartition(":")[0].strip("[]")


def _loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def _found(node: Node, *words: str) -> Node:
    """The value below *node* that *words* lead to, or the last one on the way."""
    for word in words:
        if isinstance(node, Mapping):
            node = next((entry.value for entry in node.entries if entry.key.text == word), node)
    return node
