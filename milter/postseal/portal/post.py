"""Hands passcodes to the mail server, after the visitor has his answer.

A mail is tried for as long as its code is of use, then given up; the log says so, and the visitor can ask
for another.  It goes to the listener without the milter, which would seal it otherwise.  A queue in
memory is enough: a code that is lost with this process is asked for again.
"""

import logging
import queue
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from postseal import log
from postseal.portal.count import Count

_log = logging.getLogger(__name__)

_MOST: Final = 1000
_THREADS: Final = 4
_PAUSES: Final = (1.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds between tries: the code is good for ten minutes."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one person.  *since*: of `time.monotonic`.

    *message* makes it, and *sent* is called when the mail server has it: both after the visitor's answer.
    """

    message: Callable[[], EmailMessage] = field(repr=False)
    sender: str
    recipient: str
    sent: Callable[[], object]
    since: float = field(default_factory=time.monotonic)


class Post:
    """Submits to *host*:*port*, each step within *timeout* seconds; *name*: who we say we are."""

    def __init__(self, host: str, port: int, *, timeout: float, name: str, count: Count) -> None:
        self._where = (host, port)
        self._timeout = timeout
        self._name = name
        self._count = count
        self._letters: queue.Queue[Letter | None] = queue.Queue(_MOST)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_THREADS)]

    def start(self) -> None:
        """Begin to submit what is handed in."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Submit what waits, without patience, and end within about *seconds*."""
        self._stopping.set()
        for _ in self._threads:
            self._letters.put(None)
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def send(self, letter: Letter) -> None:
        """Submit *letter* soon; returns at once."""
        try:
            self._letters.put_nowait(letter)
        except queue.Full:
            self._give_up("given_up", "too many passcodes wait to be sent")

    def reachable(self) -> bool:
        """Whether the mail server answers now."""
        try:
            with smtplib.SMTP(*self._where, self._name, timeout=self._timeout) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _work(self) -> None:
        while (letter := self._letters.get()) is not None:
            try:
                self._deliver(letter)
            except Exception as error:  # noqa: BLE001 (the next letter is somebody else's)
                self._give_up("given_up", log.trace(error))

    def _deliver(self, letter: Letter) -> None:
        message = letter.message()
        why = ""
        for pause in (*_PAUSES, None):
            try:
                with smtplib.SMTP(*self._where, self._name, timeout=self._timeout) as client:
                    client.send_message(message, letter.sender, [letter.recipient])
            except smtplib.SMTPResponseException as error:
                why, final = f"{error.smtp_code}", error.smtp_code >= 500
            except smtplib.SMTPRecipientsRefused as error:
                codes = {code for code, _ in error.recipients.values()}
                why, final = " ".join(map(str, sorted(codes))), min(codes, default=0) >= 500
            except (OSError, smtplib.SMTPException) as error:
                why, final = type(error).__name__, False
            else:
                self._count.mails.labels("accepted").inc()
                self._count.mail_seconds.observe(time.monotonic() - letter.since)
                letter.sent()
                return
            if final:
                self._give_up("refused", why)
                return
            if pause is None or self._stopping.wait(pause):
                break
        self._give_up("given_up", why)

    def _give_up(self, result: str, why: str) -> None:
        self._count.mails.labels(result).inc()
        _log.warning("%s", log.line(event="passcode_not_sent", why=why))
