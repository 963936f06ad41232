"""Postseal with numbered steps: every effect that the work on a message has outside, and what stops at one.

    launcher.py DIRECTORY run --settings FILE

Nothing of this is in Postseal: this program wraps what the work on a message calls (the verbs of the
journal, the statements of the database, the commands of the submission, the calls of the milter) and
then starts it.  So a new verb, command or edit is a new step, and nobody has to add it here.  Each step
is a line in `DIRECTORY/trace`:

    MESSAGE-ID PROCESS ATTEMPT NUMBER STEP

A message with a field `X-Fault: KIND NUMBER` has its worker stopped at that step, once.
"""

import contextvars
import itertools
import os
import re
import signal
import smtplib
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import Milter
from sqlalchemy import Engine, event

from postseal.cli.main import main
from postseal.daemon import backoff
from postseal.finisher import Finisher
from postseal.mta.session import Session
from postseal.store.journal import Journal

PAUSE = 8.0
"""Seconds for which a worker hangs: longer than the lease, which is five timeouts of one second."""


class Injected(Exception):
    """A bug of ours, as it were."""


@dataclass
class Attempt:
    """One try at one message; *at*: the step at which something happens, 0 for none."""

    identity: str
    kind: str
    at: int
    number: int
    steps: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tracer:
    """Numbers the steps, writes them down, and stops at one."""

    def __init__(self, directory: Path) -> None:
        self._fired = directory / "fired"
        self._trace = os.open(directory / "trace", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._current: contextvars.ContextVar[Attempt | None] = contextvars.ContextVar(
            "attempt", default=None
        )
        self._attempts = itertools.count(1)

    def step(self, name: str) -> None:
        """Note that the attempt at work is about to do, or has done, *name*; here it may end."""
        attempt = self._current.get()
        if attempt is None:
            return
        with attempt.lock:
            attempt.steps += 1
            number = attempt.steps
        line = f"{attempt.identity} {os.getpid()} {attempt.number} {number} {name}\n"
        os.write(self._trace, line.encode("ascii", "replace"))  # in one piece, whoever else writes
        if number == attempt.at and self._first(attempt):
            self._stop(attempt.kind)

    def around(self, name: str, real: Callable[..., Any], describe: Callable[..., str]) -> Callable[..., Any]:
        """*real*, with a step before and one after it."""

        @wraps(real)
        def traced(*arguments: Any, **options: Any) -> Any:
            if self._current.get() is None:
                return real(*arguments, **options)
            self.step(f"{name} {describe(*arguments)}".rstrip())
            result = real(*arguments, **options)
            told = {
                "reply": lambda: result[0],
                "journal.done": lambda: len(result),
                "finish": lambda: result.noted,
            }.get(name, str)()
            self.step(f"{name} done {told}".rstrip())
            return result

        return traced

    def session(self, real: Callable[[Session], int]) -> Callable[[Session], int]:
        """The work at end-of-message as an attempt."""

        @wraps(real)
        def eom(session: Session) -> int:
            fields = {header.name: header.value.decode() for header in session._collected().headers}
            identity = fields.get(b"Message-ID", "").strip(" <>").partition("@")[0]
            kind, _, at = fields.get(b"X-Fault", "").strip().partition(" ")
            attempt = Attempt(identity or "-", kind, int(at or 0), next(self._attempts))
            token = self._current.set(attempt)
            try:
                self.step("end of message")
                answer = real(session)
                self.step(f"answer {answer}")
                return answer
            finally:
                self._current.reset(token)

        return eom

    def thread(self, real: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
        """Threads that an attempt starts belong to it: the store works in one."""

        @wraps(real)
        def start(thread: threading.Thread) -> None:
            if self._current.get() is not None and thread.name == "store":
                context, run = contextvars.copy_context(), thread.run
                thread.run = lambda: context.run(run)  # type: ignore[method-assign]
            real(thread)

        return start

    def _first(self, attempt: Attempt) -> bool:
        try:
            os.close(os.open(self._fired / attempt.identity, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    @staticmethod
    def _stop(kind: str) -> None:
        if kind == "raise":
            raise Injected
        if kind in {"hang", "stall"}:
            time.sleep(PAUSE)
        if kind in {"kill", "hang"}:
            os.kill(os.getpid(), signal.SIGKILL)


def install(directory: Path) -> None:
    """Wrap all that has an effect outside."""
    tracer = Tracer(directory)
    nothing: Callable[..., str] = lambda *_: ""  # noqa: E731
    for name, verb in list(vars(Journal).items()):
        if callable(verb) and not name.startswith("_"):
            setattr(Journal, name, tracer.around(f"journal.{name}", verb, nothing))
    Finisher.finish = tracer.around("finish", Finisher.finish, nothing)  # type: ignore[method-assign]
    for name in ("before_cursor_execute", "after_cursor_execute"):
        when = name.partition("_")[0]
        event.listen(Engine, name, lambda *a, when=when: tracer.step(f"sql {when} {a[2].split()[0]}"))
    event.listen(Engine, "commit", lambda _: tracer.step("sql commit"))
    smtplib.SMTP.connect = tracer.around("connect", smtplib.SMTP.connect, nothing)  # type: ignore[method-assign]
    smtplib.SMTP.send = tracer.around("send", smtplib.SMTP.send, _command)  # type: ignore[method-assign]
    smtplib.SMTP.getreply = tracer.around("reply", smtplib.SMTP.getreply, nothing)  # type: ignore[method-assign]
    smtplib.SMTP.close = tracer.around("close", smtplib.SMTP.close, nothing)  # type: ignore[method-assign]
    for name, call in list(vars(Milter.Base).items()):
        if hasattr(call, "__code__") and "_ctx" in call.__code__.co_names:  # it speaks to the MTA
            setattr(Milter.Base, name, tracer.around(f"milter.{name}", call, nothing))
    Session.eom = tracer.session(Session.eom)  # type: ignore[method-assign]
    threading.Thread.start = tracer.thread(threading.Thread.start)  # type: ignore[method-assign]
    backoff._SHORT_LIFE = 0.0  # type: ignore[misc]  # dying young is what they are here for


def _command(_: object, octets: bytes | str) -> str:
    """A command as it stands, or that it is none."""
    line = octets.encode() if isinstance(octets, str) else octets
    if line == b".\r\n":
        return "."
    return line.decode("latin-1").strip() if re.match(rb"[A-Z]{4}\b[^\r]*\r\n\Z", line) else "octets"


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    main(prog_name="postseal")
