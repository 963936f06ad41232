"""The labelled set: thousands of made-up numbers and near-misses, and how well each type tells them apart."""

from collections import Counter
from pathlib import Path

import pytest

from postseal.policy.sensitive.library import Library
from sensitive.labelled import measured, samples, table
from sensitive.made_up import KINDS

TYPES = Path(__file__).parents[2] / "policies" / "types"


@pytest.fixture(scope="module")
def counts() -> dict[str, tuple[int, int, int, int]]:
    found = measured(samples())
    print(table(found))
    return found


def test_set_is_large_and_always_the_same():
    all_samples = list(samples())

    assert len(all_samples) >= 2000
    assert all_samples == list(samples())
    assert min(Counter(sample.holds for sample in all_samples).values()) > 1000


def test_every_type_is_in_the_set():
    library = Library(TYPES)

    assert set(KINDS) == {kind.name for name in library for kind in library[name]}


@pytest.mark.parametrize("name", KINDS)
def test_precision_and_recall(counts: dict[str, tuple[int, int, int, int]], name: str):
    right, missed, false, _ = counts[name]

    assert right / (right + missed) >= 0.9
    assert right / (right + false) >= 0.95


def test_precision_and_recall_of_all(counts: dict[str, tuple[int, int, int, int]]):
    right, missed, false, _ = (sum(column) for column in zip(*counts.values(), strict=True))

    assert right / (right + missed) >= 0.99
    assert right / (right + false) >= 0.99
