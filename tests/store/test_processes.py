"""Many processes at one journal: each key is claimed once, whoever is killed."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from postseal.store.engine import Store
from postseal.store.journal import Claim, Count, Journal
from store.claimant import KEEP, LEASE, NOON, key

CLAIMANT = Path(__file__).parent / "claimant.py"
PROCESSES = 8
KEYS = 1_000


class Claimant:
    """A process of claimant.py."""

    def __init__(self, dsn: str, owner: str, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, CLAIMANT, dsn, owner, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def await_ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def mine(self) -> list[int]:
        assert self._process.stdout
        numbers: list[int] = json.loads(self._process.stdout.readline())
        return numbers

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def claimants(dsn: str) -> Iterator[Callable[[int, int], list[Claimant]]]:
    """Starts processes that are ready to claim: `claimants(how many, keys)`."""
    with ExitStack() as running:

        def start(many: int, count: int) -> list[Claimant]:
            started = [Claimant(dsn, f"process {number}", count) for number in range(many)]
            for claimant in started:
                running.callback(claimant.kill)
            for claimant in started:
                claimant.await_ready()
            return started

        yield start


def test_many_processes_claim_the_same_keys_each_is_claimed_once(
    dsn: str, opened: Callable[..., Store], claimants: Callable[[int, int], list[Claimant]]
) -> None:
    started = claimants(PROCESSES, KEYS)

    for claimant in started:
        claimant.go()
    claims = Counter(number for claimant in started for number in claimant.mine())

    assert claims == Counter(range(KEYS))
    count = Journal(opened(dsn)).count()
    assert count.claimed + count.done == KEYS


def test_process_killed_after_claim_its_keys_are_free_after_the_lease(
    dsn: str, opened: Callable[..., Store], claimants: Callable[[int, int], list[Claimant]]
) -> None:
    (claimant,) = claimants(1, 2)
    claimant.go()
    left, done = sorted(claimant.mine(), key=lambda number: number in claimant_done(dsn, opened))
    claimant.kill()
    journal = Journal(opened(dsn))

    assert journal.count() == Count(claimed=1, done=1)
    for at, expected in ((NOON, Claim.BUSY), (NOON + LEASE, Claim.MINE)):
        claims = journal.claim([key(left), key(done)], owner="next", at=at, lease=LEASE)
        assert claims == {key(left): expected, key(done): Claim.DONE}
    assert not journal.done([key(left)], owner="next", at=NOON + LEASE, keep=KEEP)


def claimant_done(dsn: str, opened: Callable[..., Store]) -> set[int]:
    """The numbers of the keys that are done."""
    claims = Journal(opened(dsn)).claim([key(0), key(1)], owner="looks", at=NOON, lease=LEASE)
    return {number for number in (0, 1) if claims[key(number)] is Claim.DONE}
