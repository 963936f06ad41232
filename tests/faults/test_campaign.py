"""The short form of `make faults` (`faults.campaign`): nothing lost, nothing in clear, nothing twice."""

from collections.abc import Iterator

import pytest

from faults import campaign, faults
from faults.lab import Lab, lab, possible
from faults.ledger import Verdict, table
from faults.mails import PAIR, some


@pytest.fixture(scope="module")
def place() -> Iterator[Lab]:
    if why := possible():
        pytest.skip(why)
    with lab() as running:
        yield running


def accept(verdict: Verdict) -> None:
    print("\n" + table([verdict]))
    assert verdict.good, "\n".join(verdict.told)
    assert verdict.tries >= verdict.messages


def test_without_a_fault_everybody_gets_his_copy(place: Lab) -> None:
    accept(campaign.while_it_lasts(place, "none", faults.nothing, some("none", 20, 1)))


def test_worker_killed_at_each_step(place: Lab) -> None:
    verdict = campaign.at_each_step(place, "kill", PAIR)

    accept(verdict)
    assert verdict.tries > verdict.messages


def test_fault_of_ours_at_each_step(place: Lab) -> None:
    accept(campaign.at_each_step(place, "raise", PAIR))


def test_listener_fails_at_each_reply(place: Lab) -> None:
    accept(campaign.at_each_reply(place, some("reply", 30, 3)))
