"""Hands passcodes to the mail server, or to the gateway for text messages, after the visitor has his answer.

It is tried for about two minutes, then given up; the log says so, and the visitor can ask for another.  A
mail goes to the listener without the milter, which would seal it otherwise.  A queue in memory is enough: a
code that is lost with this process is asked for again.
"""

import logging
import queue
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Final

from prometheus_client import Counter

from postseal import log
from postseal.portal.count import Count
from postseal.portal.telephone import Telephones, Unsent

_log = logging.getLogger(__name__)

_MOST: Final = 1000
_THREADS: Final = 4
_PAUSES: Final = (1.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds between tries: who waits longer than that asks again."""


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


@dataclass(frozen=True, slots=True)
class Text:
    """A text message to one person's telephone; as `Letter`."""

    message: str = field(repr=False)
    number: str = field(repr=False)
    sent: Callable[[], object]
    since: float = field(default_factory=time.monotonic)


class Post:
    """Submits to *host*:*port*, each step within *timeout* seconds; *name*: who we say we are.

    *telephones*: takes text messages.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout: float,
        name: str,
        count: Count,
        telephones: Telephones | None = None,
    ) -> None:
        self._telephones = telephones
        self._where = (host, port)
        self._timeout = timeout
        self._name = name
        self._count = count
        self._letters: queue.Queue[Letter | Text | None] = queue.Queue(_MOST)
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

    def send(self, letter: Letter | Text) -> None:
        """Submit *letter* soon; returns at once."""
        try:
            self._letters.put_nowait(letter)
        except queue.Full:
            self._give_up(letter, "given_up", "too many passcodes wait to be sent")

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
                self._give_up(letter, "given_up", log.trace(error))

    def _deliver(self, letter: Letter | Text) -> None:
        submit = self._submission(letter)
        why = ""
        for pause in (*_PAUSES, None):
            try:
                submit()
            except Unsent as error:
                why = str(error)
                if error.final:
                    self._give_up(letter, "refused", why)
                    return
            else:
                self._counter(letter).labels("accepted").inc()
                if isinstance(letter, Letter):
                    self._count.mail_seconds.observe(time.monotonic() - letter.since)
                letter.sent()
                return
            if pause is None or self._stopping.wait(pause):
                break
        self._give_up(letter, "given_up", why)

    def _submission(self, letter: Letter | Text) -> Callable[[], None]:
        """What hands *letter* over, or raises Unsent; it can be called again."""
        if isinstance(letter, Letter):
            return partial(self._mail, letter.message(), letter)
        assert self._telephones  # noqa: S101 (whoever has a number has it from there)
        return partial(self._telephones.send, letter.number, letter.message)

    def _mail(self, message: EmailMessage, letter: Letter) -> None:
        try:
            with smtplib.SMTP(*self._where, self._name, timeout=self._timeout) as client:
                client.send_message(message, letter.sender, [letter.recipient])
        except smtplib.SMTPResponseException as error:
            raise Unsent(f"{error.smtp_code}", final=error.smtp_code >= 500) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            final = min(codes, default=0) >= 500
            raise Unsent(" ".join(map(str, sorted(codes))), final=final) from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unsent(type(error).__name__, final=False) from None

    def _counter(self, letter: Letter | Text) -> Counter:
        return self._count.mails if isinstance(letter, Letter) else self._count.texts

    def _give_up(self, letter: Letter | Text, result: str, why: str) -> None:
        self._counter(letter).labels(result).inc()
        _log.warning("%s", log.line(event="passcode_not_sent", why=why))
