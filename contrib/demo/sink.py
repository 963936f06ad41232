"""Where mail ends in tests and demo: an SMTP server on loopback that keeps the exact octets it is sent.

One thread per connection.  It takes any size, any line length, SMTPUTF8, 8BITMIME and the DSN
parameters, and it can be told to refuse, or to hang up.  It never forwards anything.
"""

import ssl
import threading
import time
from collections import deque
from typing import Self

from demo.place import LOOPBACK
from demo.sink_session import Delivery, Server

_MOMENT = 0.5
"""Seconds without a connection until nobody is coming."""


class Sink:
    """The server: a context manager, or `start` and `stop`.

    *answers*: recipient → the reply to its RCPT TO in place of 250.  *at_end_of_data*: replies to the
    next mails, one each, in place of 250; a mail answered otherwise is not kept.  `HANG_UP` serves.
    *tls*: offers STARTTLS with this server context.  *extensions*: more to
    announce after STARTTLS.  *address*, *port*: where to listen; 0: any free port.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        extensions: tuple[str, ...] = (),
        address: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        self.answers: dict[str, str] = {}
        self.at_end_of_data: deque[str] = deque()
        self.tls = tls
        self.extensions = extensions
        self._arrived = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._server = Server(self, address, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The loopback port on which the sink listens."""
        return int(self._server.server_address[1])

    @property
    def next_hop(self) -> str:
        """The sink as Postfix names a next hop."""
        return f"[{LOOPBACK}]:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """What has arrived and was not taken, in order."""
        with self._arrived:
            return tuple(self._deliveries)

    def take(self, count: int = 1, *, seconds: float = 60.0) -> tuple[Delivery, ...]:
        """The next *count* mails, waiting until they are here.  Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._deliveries) >= count, seconds):
                raise TimeoutError(f"{len(self._deliveries)} of {count} mails arrived in {seconds} s")
            taken, self._deliveries[:count] = tuple(self._deliveries[:count]), []
            return taken

    def take_one(self, *, seconds: float = 60.0) -> Delivery:
        """The next mail, waiting until it is here.  Raises TimeoutError."""
        return self.take(seconds=seconds)[0]

    def is_quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing waits here and nothing arrives within *seconds*."""
        with self._arrived:
            return not self._arrived.wait_for(lambda: self._deliveries, seconds)

    def hung_up(self, seconds: float = 60.0) -> None:
        """Wait until nobody is connected: what has come in is in `deliveries`.  Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        quiet_since = time.monotonic()  # who was accepted by the kernel gets a thread a moment later
        while time.monotonic() - quiet_since < _MOMENT:
            if self._server.connections:
                quiet_since = time.monotonic()
            if time.monotonic() > deadline:
                raise TimeoutError(f"still connected after {seconds} s")
            time.sleep(0.01)

    def keep(self, delivery: Delivery) -> None:
        """Add *delivery* to what has arrived."""
        with self._arrived:
            self._deliveries.append(delivery)
            self._arrived.notify_all()
