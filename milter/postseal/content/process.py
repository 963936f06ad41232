"""Has foreign files read by processes that may die of them.

A `Pool` keeps a few processes (see `child`) that are started when they are first needed and serve one
file after another.  One that answers too late, too much, or not at all is killed; the next file gets a
new one.  The file then counts as beyond the limits; if no process can be had, as failed.  Never raises.
"""

import contextlib
import dataclasses
import json
import os
import queue
import select
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from postseal.content import kind
from postseal.content.child import HEAD
from postseal.content.item import Item, State
from postseal.settings_extraction import Extraction

_START_SECONDS: Final = 20.0
_JOBS: Final = 500
"""Files after which a process is replaced, as its memory may have grown."""
_LENGTH: Final = struct.Struct(">Q")


class _Lost(Exception):
    """The process died, or must."""


class _Died(_Lost):
    """The process is no more."""

    def __init__(self) -> None:
        super().__init__("the process died")


class _Process:
    """One child."""

    def __init__(self, limits: Extraction) -> None:
        """Start it.  Raises OSError or _Lost."""
        self.jobs = 0
        self._answer_limit = 8 * limits.text + 4096 * limits.files + (1 << 20)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "postseal.content.child", json.dumps(dataclasses.asdict(limits))],
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
            self.confined = self._ask(b"", time.monotonic() + _START_SECONDS)["confined"]
        except (_Lost, KeyError):
            self.kill()
            raise _Lost("it does not start") from None

    def inspect(self, head: Mapping[str, object], octets: bytes, seconds: float) -> dict[str, object]:
        """The answer to one job.  Raises _Lost; then the process must be killed."""
        self.jobs += 1
        written = json.dumps(head).encode()
        job = HEAD.pack(len(written), len(octets)) + written + octets
        return self._ask(job, time.monotonic() + seconds)

    def _ask(self, job: bytes, deadline: float) -> dict[str, object]:
        rest = memoryview(job)
        answer = bytearray()
        wanted = _LENGTH.size
        while len(answer) < wanted:
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
                        rest = rest[os.write(self._in, rest[: 1 << 16]) :]
                    except BrokenPipeError:
                        raise _Died from None
                elif event & (select.POLLIN | select.POLLHUP):
                    piece = os.read(self._out, 1 << 16)
                    if not piece:
                        raise _Died
                    answer += piece
                    if wanted == _LENGTH.size <= len(answer):
                        wanted = _LENGTH.size + _LENGTH.unpack_from(answer)[0]
                        if wanted > self._answer_limit:
                            raise _Lost("it says too much")
        try:
            facts = json.loads(answer[_LENGTH.size :])
        except ValueError:
            raise _Lost("it talks nonsense") from None
        if not isinstance(facts, dict):
            raise _Lost("it talks nonsense")
        return facts

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


class Pool:
    """At most *limits.processes* processes; each serves one thread at a time."""

    def __init__(self, limits: Extraction) -> None:
        self.limits = limits
        self._owner = os.getpid()
        self._idle: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._refill()
        weakref.finalize(self, Pool._end, self._owner, self._idle)

    def _refill(self) -> None:
        self._idle = queue.LifoQueue()  # the warm one first
        for _ in range(self.limits.processes):
            self._idle.put(None)  # a place for one

    def inspect(
        self, path: str, octets: bytes, budget: "Budget", *, charset: str = "", declared: str = ""
    ) -> list[Item]:
        """The file and all within it; the first item is the file itself.

        *charset*, *declared*: what the message says of the file, for text only.
        """
        self._after_fork()
        whole = Item(path, kind.kind(octets), len(octets), State.LIMIT, opens=True)
        if budget.seconds <= 0 or budget.files <= 0 or budget.unpacked <= 0 or budget.text <= 0:
            whole.detail = "the files before it took all that may be spent"
            return [whole]
        try:
            process = self._idle.get(timeout=budget.seconds)
        except queue.Empty:
            whole.detail = "all processes were busy"
            return [whole]
        head: dict[str, object] = {"path": path, "charset": charset, "declared": declared}
        try:
            # One that waited for long may have been ended from outside; that is not the file's fault.
            for fresh in (process is None, True):
                try:
                    process = process or _Process(self.limits)
                    items = self._ask(process, head, octets, budget)
                except _Died:
                    if fresh:
                        raise
                    _end(process)
                    process = None
                else:
                    if process.jobs >= _JOBS:
                        _end(process)
                        process = None
                    return items
        except (_Lost, ValueError, KeyError, TypeError) as error:
            whole.state = State.LIMIT if process else State.FAILED
            whole.detail = f"reading it was given up: {error}" if process else "no process could be started"
            _end(process)
            process = None
        except OSError as error:
            whole.state, whole.detail = State.FAILED, f"no process could be started: {error.strerror}"
            _end(process)
            process = None
        finally:
            self._idle.put(process)
        return [whole]

    def _ask(self, process: _Process, head: dict[str, object], octets: bytes, budget: "Budget") -> list[Item]:
        begin = time.monotonic()
        seconds = max(1, round(budget.seconds))
        spending = {
            "seconds": seconds,
            "files": budget.files,
            "unpacked": budget.unpacked,
            "text": budget.text,
        }
        try:
            answer = process.inspect(head | spending, octets, seconds)
        finally:
            budget.seconds -= time.monotonic() - begin
        facts = answer["items"]
        if not isinstance(facts, list) or not facts:
            raise TypeError("no items")
        items = [Item.of(fact) for fact in facts]
        budget.files -= len(items)
        budget.text -= sum(len(item.text) for item in items)
        budget.unpacked -= abs(int(str(answer["unpacked"])))
        return items

    @property
    def idle(self) -> list[int]:
        """The process ids of those that wait for a file."""
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


@dataclasses.dataclass(slots=True)
class Budget:
    """What the files of one message may still cost together."""

    files: int
    unpacked: int
    text: int
    seconds: float

    @classmethod
    def of(cls, limits: Extraction) -> "Budget":
        """All of *limits*."""
        return cls(limits.files, limits.unpacked, limits.text, limits.seconds)


@lru_cache(maxsize=4)
def pool(limits: Extraction) -> Pool:
    """The pool of this process for these *limits*: policies come and go, the processes stay warm."""
    return Pool(limits)
