"""The process that reads foreign files: `python -m postseal.content.child LIMITS`, started by `process`.

A job comes over standard input: the length of its head and of its octets, the head in JSON, the octets.
The answer goes to standard output: its length, and the items in JSON.  The process ends when its input
does, and when a job takes longer than it may, whoever is still there to notice.
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
from pathlib import Path

from postseal.content import confinement, kind
from postseal.content.inspection import Exhausted, Inspection
from postseal.content.item import Item, State
from postseal.settings_extraction import Extraction

HEAD = struct.Struct(">IQ")


def main() -> None:
    """Serve jobs until there are no more."""
    limits = Extraction(**json.loads(sys.argv[1]))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the thread that started us may have blocked it
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # rather this process than a worker
    logging.disable()  # libraries would quote the file
    warnings.simplefilter("ignore")
    from postseal.content.formats import READERS  # noqa: PLC0415 (after the warnings are off)

    held = confinement.confine(limits)
    jobs, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    _answer(answers.fileno(), {"confined": held})
    while head := jobs.read(HEAD.size):
        size, length = HEAD.unpack(head)
        job = json.loads(jobs.read(size))
        octets = jobs.read(length)
        allowed = dataclasses.replace(limits, files=job["files"], unpacked=job["unpacked"], text=job["text"])
        _hurry(job["seconds"])
        inspection = Inspection(allowed, READERS)
        try:
            inspection.look(job["path"], octets, charset=job["charset"], declared=job["declared"])
        except Exhausted as exhausted:
            if not inspection.items:
                whole = Item(
                    job["path"], kind.kind(octets), length, State.LIMIT, detail=exhausted.detail, opens=True
                )
                inspection.items.append(whole)
        del octets
        signal.alarm(0)
        facts = [item.facts() for item in inspection.items]
        _answer(answers.fileno(), {"items": facts, "unpacked": inspection.octets})


def _hurry(seconds: int) -> None:
    """Let the kernel end this process if a job takes longer."""
    signal.alarm(seconds + 1)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, hard))


def _answer(descriptor: int, facts: object) -> None:
    octets = json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")
    octets = struct.pack(">Q", len(octets)) + octets
    while octets:
        octets = octets[os.write(descriptor, octets) :]


if __name__ == "__main__":
    main()
