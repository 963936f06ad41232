"""What Postfix is answered: from the tables, or, about DANE, from what a domain publishes at this moment.

`dane` is no answer to mail that needs TLS: Postfix would send it in clear where the domain publishes
nothing.  So the records are looked for here, by a validating resolver: where DNSSEC vouches for one, the
answer is `dane-only`; where it vouches for none, there is no answer, and the next table is asked; and where
that cannot be found out, the mail waits.
"""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from postseal.errors import Failure
from postseal.required_tls import Level
from postseal.tls.mail_exchanger import Resolver
from postseal.tls.published import Published, Unpublished
from postseal.tls.table import AFTER_STS, CONNECTORS, DANE

_AT_ONCE: Final = 32
"""Domains that are looked at at the same time; each takes no longer than some answers of the resolver."""
_NONE: Final = b"NOTFOUND "


class Lookup:
    """*published*: the tables; *resolver*: the validating name server that is asked about DANE."""

    def __init__(self, published: Published, resolver: Resolver) -> None:
        self._published = published
        self._resolver = resolver
        self._pool = ThreadPoolExecutor(_AT_ONCE)

    def reply(self, question: bytes) -> bytes | Awaitable[bytes]:
        """The reply to `NAME KEY`, or what will be the reply."""
        name, space, key = question.partition(b" ")
        try:
            table, wanted = name.decode("ascii"), key.decode("utf-8")
            found = self._published.tables.find(table, wanted)
        except Unpublished as error:
            return b"TEMP " + str(error).encode("utf-8", "replace")
        except UnicodeDecodeError:
            return _NONE if name.isascii() else b"PERM no such table"
        except KeyError:
            return b"PERM no such table"
        if not space:
            return b"PERM no key"
        if (found == DANE and table not in (CONNECTORS, AFTER_STS)) or (found is None and table == DANE):
            return _NONE if wanted.startswith(".") else self._of_dane(wanted)
        return _NONE if found is None else b"OK " + found.encode("utf-8")

    async def _of_dane(self, next_hop: str) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            vouched = await loop.run_in_executor(self._pool, publishes, self._resolver, next_hop)
        except Failure as failure:
            return b"TEMP " + failure.detail.encode("utf-8", "replace")
        return b"OK %b protocols=>=TLSv1.2" % Level.DANE_ONLY.encode() if vouched else _NONE


def publishes(resolver: Resolver, next_hop: str) -> bool:
    """Whether DNSSEC vouches for a usable TLSA record of a server of *next_hop*, as Postfix writes it.

    One server that has one is enough, or who can keep mail from it would get it at another.  Raises
    Failure(LOOKUP).
    """
    host, _, port = next_hop.removeprefix("[").partition("]" if next_hop.startswith("[") else ":")
    number = int(port.removeprefix(":") or 25) if port.removeprefix(":").isdecimal() or not port else 25
    if next_hop.startswith("["):
        servers = list(resolver.host(host.removeprefix("ipv6:"), number))
    else:
        servers = list(resolver.servers(host, number))
    return any(each.usable for server in servers for each in server.vouched)
