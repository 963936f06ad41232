"""What is counted, and how many processes count together.

Every worker writes its counters to small memory-mapped files in one private directory; the exporter
adds them up at each scrape.  A worker that is gone, however it died, is *buried*: its counts are
added to those of all the dead and its files removed, so a thousand reloads leave no more files than
one.  Labels hold words of ours, names of rules and names of methods; never an address.
"""

import fcntl
import itertools
import logging
import os
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from postseal.errors import Cause
from postseal.notice import Kind

_log = logging.getLogger(__name__)

_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
RESULTS: Final = ("accepted", "held", "rejected", "deferred")
MOST_RULES: Final = 2000
"""Rules with a counter of their own in one process; the others share one, called `OTHER_RULES`."""
OTHER_RULES: Final = "(other rules)"
STAGES: Final = ("receive", "decide", "protect", "answer")


class Metrics:
    """The counters of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "postseal_messages",
            "Messages answered at end-of-message, by result.",
            ["result"],
            registry=registry,
        )
        self.copies = Counter(
            "postseal_copies",
            "Copies that left, by method of protection.",
            ["method", "signed"],
            registry=registry,
        )
        self.required_tls = Counter(
            "postseal_required_tls",
            "Copies that must not travel without TLS, by level.",
            ["level"],
            registry=registry,
        )
        self.rule_hits = Counter(
            "postseal_rule_hits", "Recipients for whom a rule matched.", ["rule", "mode"], registry=registry
        )
        self.overridden = Counter(
            "postseal_overridden",
            "Recipients for whom a sender has passed by the refusal of a rule.",
            registry=registry,
        )
        self.deleted = Counter(
            "postseal_deleted", "Recipients from whom a rule has kept a message.", registry=registry
        )
        self.notices = Counter(
            "postseal_notices", "Reports and notes of rules, by kind.", ["kind"], registry=registry
        )
        self.errors = Counter(
            "postseal_errors", "Messages not treated as policy asks, by cause.", ["cause"], registry=registry
        )
        self.seconds = Histogram(
            "postseal_stage_seconds",
            "Time spent on a message, by stage; receive is the MTA's and the client's time too.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.seals = Counter(
            "postseal_seals",
            "Sealed texts of ours met in mail that came in, by what they turned out to be.",
            ["kind", "verdict"],
            registry=registry,
        )
        self._rules: set[tuple[str, str]] = set()
        for result in RESULTS:  # a counter that is not there yet cannot be alerted on
            self.messages.labels(result)
        for kind in Kind:
            self.notices.labels(kind.value)
        for cause in Cause:
            self.errors.labels(cause.value)
        for stage in STAGES:
            self.seconds.labels(stage)

    @classmethod
    def local(cls) -> "Metrics":
        """Counters that nobody else sees: for one process without an exporter."""
        return cls(CollectorRegistry())

    @classmethod
    def shared(cls, directory: Path, *, methods: Collection[str], rules: Mapping[str, str]) -> "Metrics":
        """Counters of this process in *directory*, where the exporter finds them.  Call after the fork.

        *methods*, *rules* (the mode by the name): what shows from the start.  Raises OSError if there is
        no room.
        """
        # A write through a memory map that the disk has no room for is no error but a deadly signal.
        room = (1 << 16) + sum(6 * len(rule) + 256 for rule in rules)
        for kind in ("counter", "histogram"):
            _reserve(directory / f"{kind}_{os.getpid()}.db", room)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
        values.ValueClass = values.MultiProcessValue()  # the library looks it up at each use
        metrics = cls(CollectorRegistry())
        for method in methods:
            for signed in ("false", "true"):
                metrics.copies.labels(method, signed)
        for rule, mode in rules.items():
            metrics.rule_hit(rule, mode, 0)
        return metrics

    def rule_hit(self, rule: str, mode: str, count: int) -> None:
        """Count a rule that matched for *count* recipients."""
        if (rule, mode) not in self._rules:
            if len(self._rules) >= MOST_RULES:
                rule = OTHER_RULES
            self._rules.add((rule, mode))
        self.rule_hits.labels(rule, mode).inc(count)


def _reserve(path: Path, octets: int) -> None:
    """Make *path* with that many zero octets, in one step: a scrape must not meet half a file."""
    aside = path.with_suffix(".new")
    try:
        with aside.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, octets)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


class Shared(Collector):
    """All processes' counters of *directory*, the dead ones' included."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """One metric after the other, added up."""
        with _locked(self._directory):
            # Read inside the lock: a worker is counted either among the living or among the dead.
            metrics = list(MultiProcessCollector(None, str(self._directory)).collect())
        yield from metrics


def bury(directory: Path, pid: int) -> None:
    """Add the counts of the dead process *pid* to those of all the dead, and remove its files.

    Raises OSError; then nothing is lost, and it can be tried again.
    """
    with _locked(directory):
        for file in directory.glob(f"*_{pid}.db"):
            dead = directory / f"{file.name.removesuffix(f'_{pid}.db')}_0.db"
            try:
                counts = _counts(file)
            except (RuntimeError, ValueError, struct.error) as error:
                _log.warning("the counts of dead worker %d are lost: %s", pid, error)
            else:
                aside = dead.with_suffix(".new")
                try:
                    aside.write_bytes(_sum(_counts(dead) if dead.exists() else [], counts))
                    aside.replace(dead)
                except OSError:
                    aside.unlink(missing_ok=True)
                    raise
            file.unlink()


def _counts(file: Path) -> list[tuple[str, float]]:
    return [(name, value) for name, value, _, _ in MmapedDict.read_all_values_from_file(str(file))]


def _sum(*parts: list[tuple[str, float]]) -> bytes:
    """The file that holds the sum of all *parts*; made in memory, see `Metrics.shared`."""
    with os.fdopen(os.memfd_create("postseal-counts"), "r+b") as memory:
        total = MmapedDict(f"/proc/self/fd/{memory.fileno()}")
        for name, value in itertools.chain(*parts):
            total.write_value(name, total.read_value(name)[0] + value, 0.0)
        total.close()
        octets = memory.read()
        return octets[: int.from_bytes(octets[:4], sys.byteorder)]  # the length stands at the beginning


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
