"""A process that works with the journal: claims all of COUNT keys, some at a time and in an order of its own.

Says `ready`, waits for a line, claims, marks each other one of its own done, prints the numbers of the
keys that were its own, and then waits to be ended.

    claimant.py DSN OWNER COUNT
"""

import json
import random
import sys
from datetime import UTC, datetime, timedelta

from postseal.store.engine import Store
from postseal.store.journal import Claim, Journal

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
KEEP = timedelta(days=5)
SOME = 50


def key(number: int) -> bytes:
    """The key of this number."""
    return number.to_bytes(32)


def main(dsn: str, owner: str, count: int) -> None:
    journal = Journal(Store(dsn, timeout=60))
    journal.count()
    order = list(range(count))
    random.shuffle(order)
    print("ready", flush=True)
    sys.stdin.readline()
    mine = []
    for start in range(0, count, SOME):
        keys = {key(number): number for number in order[start : start + SOME]}
        claims = journal.claim(list(keys), owner=owner, at=NOON, lease=LEASE)
        won = [key for key, claim in claims.items() if claim is Claim.MINE]
        assert not journal.done(won[::2], owner=owner, at=NOON, keep=KEEP)
        mine += [keys[key] for key in won]
    print(json.dumps(mine), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
