"""Processes that work for us on what strangers wrote, and may die of it.

`Workers` keeps a few processes of one module (see `child.serve`), started when they are first needed, each
of which serves one job after another.  One that answers too late, too much, or not at all is killed; the
next job gets a new one.  Whatever goes wrong with a job is `GivenUp`; nothing else is raised.
"""

import contextlib
import dataclasses
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from postseal.body import Body
from postseal.content.child import ANSWER, HEAD
from postseal.content.item import State
from postseal.settings.extraction import Extraction

_START_SECONDS: Final = 20.0
_JOBS: Final = 500
"""Jobs after which a process is replaced, as its memory may have grown."""

Facts = dict[str, object]
Understood = TypeVar("Understood")


class GivenUp(Exception):
    """A job that nobody finished: it is beyond the limits, or (State.FAILED) no process could be had."""

    def __init__(self, state: State, detail: str) -> None:
        self.state = state
        self.detail = detail
        super().__init__(detail)


class _Lost(Exception):
    """The process died, or must."""


class _Died(_Lost):
    """The process is no more."""

    def __init__(self) -> None:
        super().__init__("the process died")


class _Process:
    """One child."""

    def __init__(self, module: str, limits: Extraction, answer_limit: int) -> None:
        """Start it.  Raises OSError or _Lost."""
        self.jobs = 0
        self._answer_limit = answer_limit
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", module, json.dumps(dataclasses.asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LANG": "C.UTF-8"},  # what stands in ours is nobody's business
            start_new_session=True,
        )
        assert self._process.stdin  # noqa: S101 (they are pipes)
        assert self._process.stdout  # noqa: S101
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        for end in (self._in, self._out):
            os.set_blocking(end, False)
        try:
            self.confined = self._ask(iter(()), time.monotonic() + _START_SECONDS)[0]["confined"]
        except (_Lost, KeyError):
            self.kill()
            raise _Lost("it does not start") from None

    def work(self, head: Mapping[str, object], octets: Body, seconds: float) -> tuple[Facts, bytes]:
        """The answer to one job.  Raises _Lost; then the process must be killed."""
        self.jobs += 1

        def job() -> Iterator[bytes]:
            written = json.dumps(head).encode()
            yield HEAD.pack(len(written), octets.size) + written
            yield from octets.pieces()

        return self._ask(job(), time.monotonic() + seconds)

    def _ask(self, job: Iterator[bytes], deadline: float) -> tuple[Facts, bytes]:
        rest = memoryview(next(job, b""))
        answer = bytearray()
        size = length = 0
        while len(answer) < ANSWER.size + size + length:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Lost("it took too long")
            poll = select.poll()
            poll.register(self._out, select.POLLIN)
            if rest:
                poll.register(self._in, select.POLLOUT)
            for descriptor, event in poll.poll(1000 * left):
                if descriptor == self._in:
                    try:
                        rest = rest[os.write(self._in, rest) :] or memoryview(next(job, b""))
                    except BrokenPipeError:
                        raise _Died from None
                elif event & (select.POLLIN | select.POLLHUP):
                    piece = os.read(self._out, 1 << 16)
                    if not piece:
                        raise _Died
                    answer += piece
                    if len(answer) >= ANSWER.size and not size:
                        size, length = ANSWER.unpack_from(answer)
                        if size + length > self._answer_limit:
                            raise _Lost("it says too much")
        try:
            facts = json.loads(answer[ANSWER.size : ANSWER.size + size])
        except ValueError:
            raise _Lost("it talks nonsense") from None
        if not isinstance(facts, dict):
            raise _Lost("it talks nonsense")
        del answer[: ANSWER.size + size]
        return facts, bytes(answer)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    def forget(self) -> None:
        """Let go of what another process, our parent, has started."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.returncode = 0  # it is not ours to wait for


def _end(process: _Process | None) -> None:
    if process:
        process.kill()


class Workers:
    """At most *limits.processes* processes of *module*; each serves one thread at a time.

    *answer_limit*: octets of the longest answer that is believed.
    """

    def __init__(self, module: str, limits: Extraction, answer_limit: int) -> None:
        self.limits = limits
        self._module = module
        self._answer_limit = answer_limit
        self._owner = os.getpid()
        self._idle: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._refill()
        weakref.finalize(self, Workers._end, self._owner, self._idle)

    def _refill(self) -> None:
        self._idle = queue.LifoQueue()  # the warm one first
        for _ in range(self.limits.processes):
            self._idle.put(None)  # a place for one

    def ask(
        self,
        head: Mapping[str, object],
        octets: Body,
        understood: Callable[[Facts, bytes], Understood],
        *,
        seconds: float,
    ) -> Understood:
        """What *understood* makes of the answer to a job.  Raises GivenUp.

        A process whose answer makes it raise ValueError, KeyError or TypeError is killed as well.
        """
        self._after_fork()
        try:
            process = self._idle.get(timeout=max(seconds, 0))
        except queue.Empty:
            raise GivenUp(State.LIMIT, "all processes were busy") from None
        try:
            # One that waited for long may have been ended from outside; that is not the job's fault.
            for fresh in (process is None, True):
                try:
                    process = process or _Process(self._module, self.limits, self._answer_limit)
                    answer = understood(*process.work(head, octets, seconds))
                except _Died:
                    if fresh:
                        raise
                    _end(process)
                    process = None
                else:
                    if process.jobs >= _JOBS:
                        _end(process)
                        process = None
                    return answer
            raise _Died
        except (_Lost, ValueError, KeyError, TypeError) as error:
            began = process is not None
            _end(process)
            process = None
            if began:
                raise GivenUp(State.LIMIT, f"reading it was given up: {error}") from None
            raise GivenUp(State.FAILED, "no process could be started") from None
        except OSError as error:
            _end(process)
            process = None
            raise GivenUp(State.FAILED, f"no process could be started: {error.strerror}") from None
        finally:
            self._idle.put(process)

    @property
    def idle(self) -> list[int]:
        """The process ids of those that wait for a job."""
        with self._idle.mutex:
            return [process.pid for process in self._idle.queue if process]

    def close(self) -> None:
        """End the processes that are idle; more are started when needed."""
        with self._lock:
            for _ in range(self._end(self._owner, self._idle)):
                self._idle.put(None)

    @staticmethod
    def _end(owner: int, idle: "queue.LifoQueue[_Process | None]") -> int:
        """End those that wait; how many places there are now."""
        places = 0
        with contextlib.suppress(queue.Empty):
            while True:
                process = idle.get_nowait()
                places += 1
                if process:
                    process.kill() if owner == os.getpid() else process.forget()
        return places

    def _after_fork(self) -> None:
        """Processes that our parent started speak to our parent."""
        with self._lock:
            if self._owner != os.getpid():
                self._end(self._owner, self._idle)
                self._owner = os.getpid()
                self._refill()
