"""The labelled set: texts with a number of a type, and near-misses; made by a seeded program.

`python tests/sensitive/labelled.py` prints precision and recall of every type (`make types`).
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(HOUSE / "tests"))

from postseal.policy.pattern import seen  # noqa: E402
from postseal.policy.sensitive.library import Library  # noqa: E402
from sensitive.made_up import KINDS, Kind, number, prose  # noqa: E402

EACH = 10
"""Of every sort, for every type."""


@dataclass(frozen=True)
class Sample:
    """A text, and whether it holds a number of the type *name*.

    *certain*: whether only the highest confidence of the type counts: without its words near, a number of
    some types is still found, but less certain.
    """

    name: str
    text: str
    holds: bool
    sort: str
    certain: bool = False


def samples(seed: int = 20_261_124) -> Iterator[Sample]:
    """The whole set, always the same."""
    for name, kind in KINDS.items():
        chance = random.Random(f"{seed} {name}")
        for _ in range(EACH):
            yield from _of(name, kind, chance)


def _of(name: str, kind: Kind, chance: random.Random) -> Iterator[Sample]:
    before, after = prose(chance, 12), prose(chance, 12)
    good = number(kind, chance)
    yield Sample(name, f"{before} {kind.words}: {good}, {after}", holds=True, sort="plain")
    yield Sample(name, f"{before}\n{good}\n\n{after} {kind.words}.", holds=True, sort="words behind")
    if kind.valid:
        bad = number(kind, chance, good=False)
        yield Sample(name, f"{before} {kind.words}: {bad}, {after}", holds=False, sort="wrong check")
    if kind.words and name != "ip_address":
        far = prose(chance, 90)  # more than 300 characters
        yield Sample(
            name, f"{before}, {good}. {far} {kind.words}", holds=False, sort="words far away", certain=True
        )
    yield Sample(name, f"{before} {kind.words}: X{good}7Q, {after}", holds=False, sort="within a longer word")


def measured(set_of: Iterator[Sample]) -> dict[str, tuple[int, int, int, int]]:
    """For each type: right and missed ones, false alarms and near-misses passed by."""
    library = Library(HOUSE / "policies" / "types")
    types = {name: library[name][0] for name in KINDS}
    detector = library.detector()
    counts = {name: [0, 0, 0, 0] for name in KINDS}
    for sample in set_of:
        hits = detector.found(seen(sample.text)).get(sample.name, {})
        kind = types[sample.name]
        wanted = kind.ways[0].confidence if sample.certain else kind.recommended
        found = any(hit.confidence >= wanted for hit in hits.values())
        counts[sample.name][(0 if found else 1) if sample.holds else (2 if found else 3)] += 1
    return {name: (a, b, c, d) for name, (a, b, c, d) in counts.items()}


def table(counts: dict[str, tuple[int, int, int, int]]) -> str:
    """Precision and recall in lines."""
    lines = [f"{'type':28}{'found':>7}{'missed':>8}{'false':>7}{'passed':>8}{'precision':>11}{'recall':>8}"]
    for name, (right, missed, false, passed) in counts.items():
        precision, recall = right / max(1, right + false), right / max(1, right + missed)
        lines.append(f"{name:28}{right:7}{missed:8}{false:7}{passed:8}{precision:11.3f}{recall:8.3f}")
    right, missed, false, passed = (sum(column) for column in zip(*counts.values(), strict=True))
    precision, recall = right / (right + false), right / (right + missed)
    lines.append(f"{'all':28}{right:7}{missed:8}{false:7}{passed:8}{precision:11.3f}{recall:8.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measured(samples())))
