"""What the form of `message.html` posts, on its way into the store: the container, as it came.

Nothing here has an effect but to keep ciphertext for a while.  A container that never becomes whole is
never found, and is tidied away.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from postseal.portal.refusal import Reason, Refused
from postseal.sealed.container import HEADER_OCTETS, Head, Tampered
from postseal.store.containers import PIECE, Containers, posted

_MOST: Final = 20
"""Of one message: who presses the button again and again must not fill the disk."""


class Posting:
    """The sink of a `field.Container`; what is posted *at* that time is kept *until* then.

    *wanted* is given the message's id before anything is kept; what it raises goes through.
    *crowded*: whether an older post of the message had to go.
    """

    def __init__(
        self, containers: Containers, wanted: Callable[[bytes], object], *, at: datetime, until: datetime
    ) -> None:
        self._containers = containers
        self._wanted = wanted
        self.message = b""
        self.crowded = False
        self._at = at
        self._until = until
        self._held = bytearray()
        self._container = b""
        self._number = self._size = 0

    def __call__(self, octets: bytes) -> None:
        """Keep *octets*, the next ones.  Raises Refused if they are no container's, Failure(STORE)."""
        self._held += octets
        self._size += len(octets)
        if not self._container and len(self._held) >= HEADER_OCTETS:
            try:
                head = Head.of(bytes(self._held[:HEADER_OCTETS]))
            except Tampered:
                raise Refused(Reason.NOT_SEALED) from None
            self._wanted(head.id)
            self.message = head.id
            self._container = self._containers.begin(head.id, at=self._at, until=self._until)
        while self._container and len(self._held) >= PIECE:
            self._append(PIECE)

    def end(self) -> bytes:
        """The handle by which what was posted is found (`store.containers.posted`).  Raises as before."""
        if not self._container:
            raise Refused(Reason.NOT_SEALED)
        self._append(len(self._held))
        handle = secrets.token_bytes(16)
        self._containers.complete(self._container, posted(handle), self._size)
        self.crowded = self._containers.spare(self.message, most=_MOST) > 0
        return handle

    def drop(self) -> None:
        """Forget what came, as not all did."""
        if self._container:
            self._containers.drop(self._container)

    def _append(self, count: int) -> None:
        self._containers.append(self._container, self._number, bytes(self._held[:count]))
        del self._held[:count]
        self._number += 1
