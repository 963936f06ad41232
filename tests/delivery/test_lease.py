"""Who was stopped for a while, or cannot note what it did, sends nothing twice."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from delivery.bench import BOB, CAT, ENVELOPE, Bench, copies, message
from postseal import delivery, submission
from postseal.envelope import Envelope
from postseal.errors import Cause, Failure
from postseal.outcome import Copy
from postseal.store.journal import Journal
from postseal.submission import End, Submission


def test_divide_attempt_that_slept_past_its_lease_sends_nothing(bench: Bench) -> None:
    sent, others = message(), []

    def sleep(_: Copy) -> None:
        bench.now[0] += timedelta(seconds=26)
        others.append(bench.divide(sent, copies(sent)))

    with pytest.raises(Failure, match="another took over"):
        bench.delivery.divide(sent, ENVELOPE, copies(sent), sleep)

    assert others[0]
    assert bench.served() == [BOB.address, CAT.address]


class Sleepy(Submission):
    """Runs *meanwhile* once, before the last line of a submission."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def submit(
        self,
        copy: Copy,
        envelope: Envelope,
        at: datetime,
        may_end: Callable[[], object],
        end: End | None = None,
    ) -> None:
        def late() -> None:
            meanwhile, Sleepy.meanwhile = Sleepy.meanwhile, staticmethod(lambda: None)
            meanwhile()
            may_end()

        super().submit(copy, envelope, at, late, end)


@pytest.mark.parametrize(("asleep", "served_by_another"), [(26, True), (26, False), (20, False)])
def test_divide_attempt_that_sleeps_within_a_submission_ends_it_only_if_nobody_else_has_it(
    bench: Bench, asleep: int, *, served_by_another: bool
) -> None:
    sent = message()
    slow = replace(
        bench.delivery,
        submission=Sleepy("127.0.0.1", bench.sink.port, 5, "gateway.test", bench.delivery.submission.guard),
    )

    def meanwhile() -> None:
        bench.now[0] += timedelta(seconds=asleep)
        if served_by_another:
            assert bench.divide(sent, copies(sent))

    Sleepy.meanwhile = staticmethod(meanwhile)
    with pytest.raises(Failure, match="another took over") if served_by_another else nullcontext():
        slow.divide(sent, ENVELOPE, copies(sent), lambda copy: None)

    assert bench.served() == [BOB.address, CAT.address]


@pytest.mark.parametrize("failures", [1, 3, 6])
def test_divide_copy_that_cannot_be_noted_at_once_is_no_reason_to_send_it_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """With 6 of them the note comes too late for the copy, and with the next one."""
    monkeypatch.setattr(delivery, "_PATIENCE", (0.0,) * 4)
    sent, real, left = message(), Journal.done, [failures]

    def fail(*arguments: Any, **options: Any) -> frozenset[bytes]:
        if left[0]:
            left[0] -= 1
            raise Failure(Cause.STORE, "down")
        return real(*arguments, **options)

    monkeypatch.setattr(Journal, "done", fail)

    assert bench.divide(sent, copies(sent))
    assert bench.divide(sent, copies(sent))
    assert bench.served() == [BOB.address, CAT.address]


def test_divide_that_cannot_give_back_what_stays_has_succeeded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = message()

    def fail(*arguments: Any, **options: Any) -> None:
        raise Failure(Cause.STORE, "down")

    monkeypatch.setattr(Journal, "release", fail)

    assert bench.divide(sent, copies(sent))


def test_divide_fault_of_ours_after_the_end_of_data_counts_as_unknown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = message()
    monkeypatch.setattr(submission, "_judge", lambda what, *_, expected: 1 / (what != "end of data"))

    with pytest.raises(ZeroDivisionError):
        bench.divide(sent, copies(sent))
    monkeypatch.undo()

    with pytest.raises(Failure, match="under way"):
        bench.divide(sent, copies(sent))
