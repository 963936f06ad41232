"""Has foreign files read by processes that may die of them (see `worker` and `child`).

A file whose process must be killed counts as beyond the limits; if no process can be had, as failed.
Never raises.
"""

import dataclasses
import time
from functools import lru_cache

from postseal.body import Body
from postseal.content import kind
from postseal.content.item import Item, State
from postseal.content.worker import Facts, GivenUp, Workers
from postseal.settings.extraction import Extraction


class Pool(Workers):
    """At most *limits.processes* processes; each serves one thread at a time."""

    def __init__(self, limits: Extraction) -> None:
        answer_limit = 8 * limits.text + 4096 * limits.files + (1 << 20)
        super().__init__("postseal.content.child", limits, answer_limit)

    def inspect(
        self, path: str, octets: bytes, budget: "Budget", *, charset: str = "", declared: str = ""
    ) -> list[Item]:
        """The file and all within it; the first item is the file itself.

        *charset*, *declared*: what the message says of the file, for text only.
        """
        whole = Item(path, kind.kind(octets), len(octets), State.LIMIT, opens=True)
        if budget.seconds <= 0 or budget.files <= 0 or budget.unpacked <= 0 or budget.text <= 0:
            whole.detail = "the files before it took all that may be spent"
            return [whole]
        seconds = max(1, round(budget.seconds))
        head: dict[str, object] = {"path": path, "charset": charset, "declared": declared}
        head |= {
            "seconds": seconds,
            "files": budget.files,
            "unpacked": budget.unpacked,
            "text": budget.text,
        }
        begin = time.monotonic()
        try:
            items, unpacked = self.ask(head, Body.of(octets), _items, seconds=seconds)
        except GivenUp as given_up:
            whole.state, whole.detail = given_up.state, given_up.detail
            return [whole]
        finally:
            budget.seconds -= time.monotonic() - begin
        budget.files -= len(items)
        budget.text -= sum(len(item.text) for item in items)
        budget.unpacked -= unpacked
        return items


def _items(answer: Facts, _: bytes) -> tuple[list[Item], int]:
    """The items of an answer, and how much was unpacked."""
    facts = answer["items"]
    if not isinstance(facts, list) or not facts:
        raise TypeError("no items")
    return [Item.of(fact) for fact in facts], abs(int(str(answer["unpacked"])))


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
