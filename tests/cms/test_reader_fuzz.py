"""Whatever the octets, the reader has an answer; `make fuzz` asks a million times."""

import random

import pytest

from fuzz_reader import MEBIBYTES, cost, indefinite, mutated, once, seeds
from postseal.cms.layer import Broken
from smime_lab import ENTITY, around, mail, opener, sealed, squeezed

SEEDS = list(seeds())


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_mutated_messages_raise_nothing(number: int) -> None:
    source = random.Random(number)

    for _ in range(150):
        once(mutated(SEEDS[number], source))


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_messages_cut_off_anywhere_raise_nothing(number: int) -> None:
    for size in range(0, len(SEEDS[number]), 11):
        once(SEEDS[number][:size])


@pytest.mark.parametrize("octets", [bytes([first, 0x30, 0x80]) * 200 for first in range(2)])
def test_costs_are_measured(octets: bytes) -> None:
    milliseconds, mebibytes = cost(octets)

    assert milliseconds < 5000
    assert mebibytes < MEBIBYTES


def test_seeds_in_ber_are_read() -> None:
    for octets in (sealed(), around(), squeezed()):
        found = opener().open(mail(indefinite(octets)))
        assert not any(isinstance(layer, Broken) for layer in found.layers)
        assert not found.faults
        assert found.content.body.read() == ENTITY.partition(b"\r\n\r\n")[2]
