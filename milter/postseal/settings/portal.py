"""What an administrator sets for the portal: where it listens, how long people stay signed in, its mail."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad
from postseal.scalar import Network
from postseal.settings.forwards import Forwards
from postseal.settings.lists import Lists
from postseal.settings.ome import paragraph
from postseal.settings.replies import Replies
from postseal.settings.super_users import SuperUsers


def portal_address(node: Node, _reader: object = None) -> str:
    """Where the portal listens: `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`."""
    written = scalar.text(node)
    if written.startswith("unix:"):
        # unix(7): 108 octets with the final NUL; the number of the instance follows.
        if not written.startswith("unix:/") or len(written) > 100:
            raise bad(node.place, f"bad Unix socket '{written}'", "write unix:/PATH, at most 100 characters")
        return written
    host, colon, port = written.rpartition(":")
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        host = host if host == "localhost" else ""
    if not host or not colon or not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65000:
        raise bad(node.place, f"bad address '{written}'", "write an IP address as HOST:PORT, or unix:/PATH")
    return written


@dataclass(frozen=True, slots=True)
class Senders:
    """The page of senders inside.

    *sign_in*: the ways to sign in that count there, none for all that there are.  *longest*: how long after
    it was sealed they may let a message be read of which no rule says it; 0 for ever.
    """

    sign_in: tuple[str, ...] = ()
    longest: Annotated[float, scalar.duration] = 0.0


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal's own process.

    *listen*, *metrics*: of the first instance; the next ones count up.  *certificate*, *key*: PEM files, to
    speak TLS without a web server in front.  *proxies*: whom we believe where a request comes from.
    *idle*, *longest*: a session ends after that without use, and that long after it began.
    *upload*: octets of the largest container that `message.html` may post.
    *posted*: how long what it has posted can be read without posting it again.
    *passcodes_from*: the address that passcodes come from, "" for that of notices.
    *help*: whom people can ask, for example a telephone number.
    *stop*: how long a stop waits for answers under way.  *replies*, *forwards*: what visitors may write, and
    send on.  *lists*: who may read as a member of a list.  *super_users*: who may open everything.
    *senders*: None without a page for them.
    """

    listen: Annotated[str, portal_address] = "127.0.0.1:8460"
    metrics: Annotated[str, portal_address] = "127.0.0.1:9818"
    certificate: Path | None = None
    key: Path | None = None
    proxies: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    spool_directory: Path = Path("/var/lib/postseal-portal")
    idle: Annotated[float, scalar.duration] = 1800.0
    longest: Annotated[float, scalar.duration] = 12 * 3600.0
    upload: Annotated[int, scalar.size] = 64 << 20
    posted: Annotated[float, scalar.duration] = 86400.0
    passcodes_from: Annotated[str, scalar.author] = ""
    help: Annotated[str, paragraph] = ""
    stop: Annotated[float, scalar.duration] = 25.0
    replies: Replies = field(default_factory=Replies)
    forwards: Forwards = field(default_factory=Forwards)
    lists: Lists = field(default_factory=Lists)
    super_users: SuperUsers = field(default_factory=SuperUsers)
    senders: Senders | None = None
