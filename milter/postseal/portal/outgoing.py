"""The threads that carry out what waits in the store: at once when it comes, then again what was not done.

They have no queue: what is to be done stands in the store, so nothing is lost with this process, and what
another portal has left undone is done here.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from postseal import log
from postseal.errors import Failure
from postseal.portal.count import Count
from postseal.replying.dispatch import Dispatch
from postseal.replying.forwards import Forwards
from postseal.replying.replies import Replies

_log = logging.getLogger(__name__)

_LOOK: Final = 5.0
"""Seconds between two looks at what is due."""
_AFTER_FAILURE: Final = 15.0


class Round:
    """Calls *turn* until it finds nothing to do, then *after*, again and again.  *name*: for the log."""

    def __init__(self, name: str, turn: Callable[[], bool], after: Callable[[], object]) -> None:
        self._name = name
        self._do = turn
        self._after = after
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin to carry out what waits."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def stop(self, seconds: float) -> None:
        """Take up nothing new, and wait for what is under way."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(self._turn())
            self._woken.clear()

    def _turn(self) -> float:
        """Carry out what is due; seconds until the next look."""
        try:
            while not self._stopping.is_set() and self._do():
                pass
            self._after()
        except Failure as failure:
            line = log.line(event=f"{self._name}_wait", cause=failure.cause, why=failure.detail)
            _log.warning("%s", line)
            return _AFTER_FAILURE
        except Exception as error:  # noqa: BLE001 (a bug of ours: it must not be the end of sending)
            _log.error("%s", log.line(event="outgoing_fault", of=self._name, trace=log.trace(error)))
            return _AFTER_FAILURE
        return _LOOK


class Outgoing(Round):
    """*replies* and *forwards* take what visitors write, *dispatch* carries it out."""

    def __init__(self, replies: Replies, forwards: Forwards, dispatch: Dispatch, count: Count) -> None:
        super().__init__("replies", dispatch.turn, lambda: count.outbox(*dispatch.waiting()))
        self.replies = replies
        self.forwards = forwards
