"""`make faults`: everything dies at every step, and everybody gets his mail, once, as policy asks.

Prints a table and ends with 0 only if nothing was lost, in clear or twice without evidence that SMTP
leaves no way to tell (`ledger.py`).  The steps are those that were met (`launcher.py`): each is a message
at which a worker is stopped just there.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace

import postgres as private
from demo.place import open_directory
from faults import faults
from faults.lab import Lab, lab
from faults.ledger import Verdict, judge, table
from faults.listener import KINDS
from faults.mails import ALONE, RICH, Sent, some
from postgres import Postgres

_AT_ONCE = 4
"""Messages that are posted together; then a moment passes, so that a fault meets them at work."""


def steps_of(lab: Lab, mail: Sent) -> int:
    """How many steps the work on *mail* has when nothing happens to it."""
    identity = f"count.{mail.identity}.{time.monotonic_ns()}"
    lab.post([replace(mail, identity=identity)])
    lab.settle()
    return max(int(line.split()[3]) for line in lab.attempts() if line.startswith(f"{identity} "))


def at_each_step(lab: Lab, kind: str, mail: Sent, *, every: int = 1) -> Verdict:
    """A message for each step of *mail*, at which *kind* happens."""
    count = steps_of(lab, mail)
    name = f"{kind}.{mail.identity}"
    mails = [
        replace(mail, identity=f"{name}.{step}", fault=f"{kind} {step}")
        for step in range(1, count + 1, every)
    ]
    # Whoever dies takes all messages of his process along; alone, it is known what became of which.
    with lab.one_at_a_time() if kind in {"kill", "raise"} else nullcontext():
        lab.post(mails)
        lab.settle()
    verdict = judge(f"{kind} at each of {count} steps ({mail.identity})", mails, lab)
    verdict.missed = sum(not (lab.trace / "fired" / each.identity).exists() for each in mails)
    return verdict


def at_random_steps(lab: Lab, mails: Sequence[Sent], kinds: Sequence[str]) -> Verdict:
    """Something happens to each message, somewhere."""
    stopped = [
        replace(mail, identity=f"any.{mail.identity}", fault=f"{kinds[n % len(kinds)]} {1 + n * 37 % 150}")
        for n, mail in enumerate(mails)
    ]
    lab.post(stopped)
    lab.settle()
    return judge(f"{', '.join(kinds)} at any step", stopped, lab)


def while_it_lasts(lab: Lab, name: str, fault: faults.Fault, mails: Sequence[Sent]) -> Verdict:
    """*fault* goes on for as long as *mails* are posted, and happens at least once."""
    posted = threading.Thread(target=_post, args=(lab, mails))
    posted.start()
    turns = iter([True])
    fault(lab, lambda: next(turns, False) or posted.is_alive())
    posted.join()
    lab.settle()
    return judge(name, mails, lab)


def _post(lab: Lab, mails: Sequence[Sent]) -> None:
    for start in range(0, len(mails), _AT_ONCE):
        lab.post(mails[start : start + _AT_ONCE])
        time.sleep(0.2)


def at_each_reply(lab: Lab, mails: Sequence[Sent], kinds: Sequence[str] = KINDS) -> Verdict:
    """The listener fails at each reply of a conversation, in each way."""
    for number in range(1, lab.listener.longest + 1):
        for kind in kinds:
            lab.listener.plan(kind, number)
    planned = lab.listener.planned
    lab.post(mails)
    lab.settle()
    left = lab.listener.planned
    lab.listener.forget()
    return judge(f"listener fails at {planned - left} of {planned} replies", mails, lab)


@contextmanager
def database() -> Iterator[Postgres]:
    """A PostgreSQL of our own."""
    with open_directory() as directory, Postgres(directory) as server:
        yield server


def campaign(count: int) -> Iterator[Verdict]:
    """All of it; *count*: messages to which something happens at any step, a tenth for each other fault."""
    few = max(20, count // 10)
    with lab(disk=64) as place:
        yield while_it_lasts(place, "none", faults.nothing, some("none", few, 1))
        for mail in (RICH, ALONE):
            for kind in ("kill", "raise", "hang", "stall"):
                yield at_each_step(place, kind, mail)
        yield at_random_steps(place, some("random", count, 2), ("kill", "raise", "kill", "stall"))
        yield at_each_reply(place, some("reply", max(few, 100), 3))
        for number, (name, fault) in enumerate(
            {
                "worker killed": faults.worker_killed,
                "finishers and workers killed": faults.finisher_killed,
                "worker stopped for longer than a lease": faults.worker_stopped,
                "supervisor killed": faults.supervisor_killed,
                "smtpd and cleanup killed": faults.smtpd_killed,
                "listener down": faults.listener_down,
                "SQLite locked": faults.sqlite_locked,
                "disk full (store)": faults.disk_full("store"),
                "disk full (spool)": faults.disk_full("spool"),
            }.items()
        ):
            yield while_it_lasts(place, name, fault, some(f"fault{number}", few, 10 + number))
    if private.programs() is None:
        return
    with ExitStack() as running:
        server = running.enter_context(database())
        place = running.enter_context(lab(store=server.new_database()))
        for number, (name, fault) in enumerate(
            {
                "PostgreSQL restarted": faults.postgres_restarted(server),
                "PostgreSQL hanging": faults.postgres_hanging(server),
                "worker killed (PostgreSQL)": faults.worker_killed,
            }.items()
        ):
            yield while_it_lasts(place, name, fault, some(f"pg{number}", few, 20 + number))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description="Everything dies at every step of the work on a message.")
    parser.add_argument("--messages", type=int, default=1000, help="to which something happens at any step")
    options = parser.parse_args()
    verdicts = []
    for verdict in campaign(options.messages):
        verdicts.append(verdict)
        print(f"{time.strftime('%H:%M:%S')} {verdict.fault}: {'good' if verdict.good else 'BAD'}", flush=True)
        if verdict.missed:
            print(f"    nothing happened to {verdict.missed} of them", flush=True)
        for line in verdict.told[:10]:
            print(f"    {line}", flush=True)
    print("\n" + table(verdicts))
    return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
