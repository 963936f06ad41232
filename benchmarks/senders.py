"""What a page of a sender's messages costs in the store, for few messages and for many: `make bench-senders`.

The same questions about a sender of a hundred messages and about one of a hundred thousand, in the same
database and the same run; the ratio is what to compare.  Each message has three recipients, and one of them
has read it.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert

from postseal.sealed.master import LocalKeys
from postseal.store.audit import Event
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.overview import Mark, Overview
from postseal.store.registry import Search
from postseal.store.ring import Opened, opened
from postseal.store.schema_sealed import audit, sealed_messages, sealed_recipients
from postseal.store.sealed import State

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FEW, MANY = 100, 100_000
_AT_ONCE = 5000


def fill(store: Store, sender: str, count: int, numbers: Iterator[int]) -> None:
    """*count* messages of *sender*, one a minute."""
    for start in range(0, count, _AT_ONCE):
        messages, recipients, rows = [], [], []
        for number in range(start, min(start + _AT_ONCE, count)):
            id_, since = os.urandom(16), BEGIN + timedelta(minutes=number)
            named = {"id": id_, "message_id": f"<{number}@lab.test>", "sender": sender, "author": sender}
            messages.append({**named, "rights": "", "brand": "", "size": 1, "since": since})
            for who in (f"bob{number % 997}@one.test", f"cat{number % 89}@two.test", "dan@three.test"):
                whose = {"message": id_, "address": who}
                state = {"state": State.OPEN.value, "changed": since}
                recipients.append({**whose, "written": who, **state})
            for event in (Event.CODE_SENT, Event.AUTHENTICATED, Event.SHOWN):
                told = {"number": next(numbers), "at": since, "event": event.value, "message": id_}
                rows.append({**told, "address": "dan@three.test", "detail": "", "mac": bytes(32)})

        def work(connection: Connection, *, new: object = (messages, recipients, rows)) -> None:
            for table, values in zip((sealed_messages, sealed_recipients, audit), new, strict=True):  # type: ignore[call-overload] # three lists
                connection.execute(insert(table), values)

        store.write(work)


def milliseconds(ask: Callable[[], object], seconds: float) -> float:
    """The median of *ask*, done again and again for *seconds*, five times at least."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 5 or time.perf_counter() < end:
        before = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - before)
    return 1000 * statistics.median(taken)


def questions(ring: Opened, sender: str, count: int) -> dict[str, Callable[[], object]]:
    """What a sender asks."""
    overview = Overview(ring.store, ring.messages)
    middle = Mark(BEGIN + timedelta(minutes=count // 2), bytes(16))
    searches = {
        "to somebody rare": Search(sender=sender, recipient="bob13@one.test"),
        "to everybody's Dan": Search(sender=sender, recipient="dan@three.test"),
        "to nobody": Search(sender=sender, recipient="eve@else.test"),
        "of one day": Search(sender=sender, since=BEGIN, until=BEGIN + timedelta(days=1)),
        "to nobody's @domain": Search(sender=sender, recipient="@else.test"),
    }
    found: dict[str, Callable[[], object]] = {
        "the newest": lambda: overview.page(Search(sender=sender)),
        "in the middle": lambda: overview.page(Search(sender=sender), after=middle),
    }
    return found | {
        name: (lambda search=search: overview.page(search))  # type: ignore[misc] # bound at once
        for name, search in searches.items()
    }


def main() -> None:
    """Fill a store and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each question")
    parser.add_argument("--store", default="", help="a data source name, in place of SQLite's")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dsn = asked.store or f"sqlite:///{folder}/store/store.sqlite"
        migrate(dsn)
        store = Store(dsn, timeout=120)
        ring, numbers = opened(store, LocalKeys({"a": bytes(32)}, "a")), iter(range(1, 10**9))
        people = {"few@lab.test": FEW, "many@lab.test": MANY}
        for sender, count in people.items():
            fill(store, sender, count, numbers)
        store.write(lambda connection: connection.exec_driver_sql("ANALYZE"))  # PostgreSQL does it by itself
        if store_name := store.read(lambda connection: connection.dialect.name):
            print(f"{store_name}; milliseconds for a page of 25 messages, of {FEW:,} and of {MANY:,}")
        few, many = (questions(ring, sender, count) for sender, count in people.items())
        for name in few:
            one, other = milliseconds(few[name], asked.seconds), milliseconds(many[name], asked.seconds)
            print(f"{name:<22}{one:>9.2f}{other:>9.2f}   x {other / one:.1f}")
        store.close()


if __name__ == "__main__":
    main()
