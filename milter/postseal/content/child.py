"""The process that reads foreign files: `python -m postseal.content.child LIMITS`, started by `worker`.

A job comes over standard input: the length of its head and of its octets, the head in JSON, the octets.
The answer goes to standard output in the same way: facts in JSON, and octets where there are any.  The
process ends when its input does, and when a job takes longer than it may, whoever is still there to notice.
Other rooms have processes of their own, which `serve` in the same way.
"""

import contextlib
import dataclasses
import json
import logging
import os
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from postseal.content import confinement, kind
from postseal.content.inspection import Exhausted, Inspection, Reader
from postseal.content.item import Item, State
from postseal.settings.extraction import Extraction

HEAD = struct.Struct(">IQ")
ANSWER = struct.Struct(">IQ")

Job = dict[str, object]
Work = Callable[[Job, bytes], tuple[dict[str, object], bytes]]
"""Does one job: the facts and the octets of the answer."""


def main() -> None:
    """Serve jobs until there are no more."""
    limits = Extraction(**json.loads(sys.argv[1]))

    def reading() -> Work:
        from postseal.content.formats import READERS  # noqa: PLC0415 (after the warnings are off)

        return lambda job, octets: _inspected(limits, READERS, job, octets)

    serve(limits, reading)


def serve(limits: Extraction, loaded: Callable[[], Work]) -> None:
    """Be the process: load the libraries, confine yourself to *limits*, do job after job."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the thread that started us may have blocked it
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # rather this process than a worker
    logging.disable()  # libraries would quote the file
    warnings.simplefilter("ignore")
    work = loaded()
    held = confinement.confine(limits)
    jobs, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    _answer(answers.fileno(), {"confined": held}, b"")
    while head := jobs.read(HEAD.size):
        size, length = HEAD.unpack(head)
        job = json.loads(jobs.read(size))
        octets = jobs.read(length)
        _hurry(job["seconds"])
        facts, more = work(job, octets)
        del octets
        signal.alarm(0)
        _answer(answers.fileno(), facts, more)


def _inspected(
    limits: Extraction, readers: Mapping[str, Reader], job: Job, octets: bytes
) -> tuple[dict[str, object], bytes]:
    files, unpacked, text = (int(str(job[word])) for word in ("files", "unpacked", "text"))
    path = str(job["path"])
    inspection = Inspection(dataclasses.replace(limits, files=files, unpacked=unpacked, text=text), readers)
    try:
        inspection.look(path, octets, charset=str(job["charset"]), declared=str(job["declared"]))
    except Exhausted as exhausted:
        if not inspection.items:
            whole = Item(
                path, kind.kind(octets), len(octets), State.LIMIT, detail=exhausted.detail, opens=True
            )
            inspection.items.append(whole)
    return {"items": [item.facts() for item in inspection.items], "unpacked": inspection.octets}, b""


def _hurry(seconds: int) -> None:
    """Let the kernel end this process if a job takes longer."""
    signal.alarm(seconds + 1)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, hard))


def _answer(descriptor: int, facts: object, octets: bytes) -> None:
    written = json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")
    for rest in (ANSWER.pack(len(written), len(octets)) + written, octets):
        while rest:
            rest = rest[os.write(descriptor, rest) :]  # noqa: PLW2901 (what is left of it)


if __name__ == "__main__":
    main()
