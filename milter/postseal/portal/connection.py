"""Connections that do nothing, or next to nothing, keep nobody out.

The server's library bounds how many there are, and how long one may rest between two requests; not how long
somebody may take for the first, or for the body of one, or to read an answer.  Here, whoever is slower than
any line of today is cut off; and where there is no room for one more, the one that has waited longest without
a request makes room.  So only requests under way take room, and of one network not more than a part of it.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Collection
from typing import ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from postseal.scalar import Network
from postseal.store.passcode_limits import network_of

MOST: Final = 500
"""Connections at the same time."""
OF_ONE: Final = 100
"""The same, of one network, where browsers come without a web server in front."""
HANDSHAKE: Final = 10.0
"""Seconds for agreeing on TLS."""
PATIENCE: Final = 30.0
"""Seconds for the header of a request, and between two looks at whether its body or its answer moves."""
_SLOWEST: Final = 400
"""Octets of a request's body in a second."""


def bounded(
    proxies: Collection[Network], dropped: Callable[[str], None], *, seconds: float = PATIENCE
) -> type[H11Protocol]:
    """The kind of connections to a portal behind *proxies*; *dropped* is told why one was cut off."""

    class Bounded(_Connection):
        trusted, patience = tuple(proxies), seconds

        def tell(self, why: str) -> None:
            dropped(why)

    return Bounded


class _Connection(H11Protocol):
    trusted: ClassVar[tuple[Network, ...]] = ()
    patience: ClassVar[float] = PATIENCE

    def tell(self, why: str) -> None:
        """Somebody wants to know *why* this one was cut off."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the library
        """Make room for this one, and watch it from now on."""
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._octets = 0
        self._last: tuple[RequestResponseCycle | None, int, int] = (None, 0, -1)
        self._looking = self.loop.call_later(self.patience, self._look)
        self._network = self._counts_for()
        own = [one for one in self._others() if one._network == self._network] if self._network else []
        if len(own) > OF_ONE - 1:
            self._make_room(own)
        elif len(self.connections) >= MOST:
            self._make_room(self._others())

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no more."""
        self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes."""
        self._octets += len(data)
        super().data_received(data)

    def on_response_complete(self) -> None:
        """From now on it waits for the next request."""
        self._waits_since = self.loop.time()
        super().on_response_complete()

    @property
    def _waits(self) -> bool:
        """Whether there is no request under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or (cycle.response_complete and not cycle.more_body)

    def _others(self) -> "list[_Connection]":
        return [one for one in self.connections if isinstance(one, _Connection) and one is not self]

    def _counts_for(self) -> str:
        """The network of the browser, "" where a web server in front knows it."""
        try:
            address = ipaddress.ip_address(self.client[0] if self.client else "")
        except ValueError:
            return ""
        trusted = any(address in network for network in self.trusted)
        return "" if trusted else network_of(str(address))

    def _make_room(self, crowd: "list[_Connection]") -> None:
        waiting = [one for one in crowd if one._waits and not one.transport.is_closing()]
        # Without any, it is this one that came too late.
        min(waiting, key=lambda one: one._waits_since, default=self)._cut("crowded")

    def _look(self) -> None:
        waited = self.loop.time() - self._waits_since
        if waited >= self.patience if self._waits else self._stands():
            self._cut("slow")
        else:
            self._looking = self.loop.call_later(self.patience, self._look)

    def _stands(self) -> bool:
        """Whether the request under way has not moved since the last look."""
        cycle, octets, left = self._last
        paused = self.flow.write_paused
        self._last = (self.cycle, self._octets, self.transport.get_write_buffer_size() if paused else -1)
        if cycle is not self.cycle:
            return False
        if paused:
            return left == self._last[2]
        coming = self.cycle.more_body and not self.flow.read_paused
        if not coming or self.cycle.waiting_for_100_continue:
            return False
        return self._octets - octets < _SLOWEST * self.patience

    def _cut(self, why: str) -> None:
        if not self.transport.is_closing():
            self.tell(why)
            self.connections.discard(self)  # a request may come before the loop tells us of this one's end
            self.transport.abort()
