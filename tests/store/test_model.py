"""The journal against a dictionary: whatever is done in whatever order, both know the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from postseal.store.engine import Store
from postseal.store.journal import Claim, Count, Journal

KEYS = st.sets(st.sampled_from([bytes([letter]) * 32 for letter in b"abcdef"]), min_size=1)
OWNERS = st.sampled_from(["ann", "bob", "cid"])
SPANS = st.integers(0, 5).map(lambda minutes: timedelta(minutes=minutes))
LATER = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


class Model(RuleBasedStateMachine):
    """key → owner, whether done, until when."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal
        self.at = datetime(2026, 11, 23, tzinfo=UTC)
        self.known: dict[bytes, tuple[str, bool, datetime]] = {}

    @initialize()
    def empty(self) -> None:
        while self.journal.expire(LATER):
            pass

    @rule(span=SPANS)
    def wait(self, span: timedelta) -> None:
        self.at += span

    @rule(keys=KEYS, owner=OWNERS, lease=SPANS)
    def claim(self, keys: set[bytes], owner: str, lease: timedelta) -> None:
        expected = {}
        for key in keys:
            holder, done, until = self.known.get(key, ("", False, self.at))
            if until <= self.at or (holder == owner and not done):
                expected[key] = Claim.MINE
                self.known[key] = (owner, False, self.at + lease)
            else:
                expected[key] = Claim.DONE if done else Claim.BUSY

        assert self.journal.claim(keys, owner=owner, at=self.at, lease=lease) == expected

    @rule(keys=KEYS, owner=OWNERS, keep=SPANS)
    def done(self, keys: set[bytes], owner: str, keep: timedelta) -> None:
        owned = {key for key in keys if key in self.known and self.known[key][0] == owner}
        self.known |= dict.fromkeys(owned, (owner, True, self.at + keep))

        assert self.journal.done(keys, owner=owner, at=self.at, keep=keep) == keys - owned

    @rule(keys=KEYS, owner=OWNERS)
    def release(self, keys: set[bytes], owner: str) -> None:
        self.journal.release(keys, owner=owner)

        self._remove(lambda key, holder, done, _: key in keys and holder == owner and not done)

    @rule(keys=KEYS)
    def forget(self, keys: set[bytes]) -> None:
        self.journal.forget(keys)

        self._remove(lambda key, _, done, __: key in keys and done)

    @rule()
    def expire(self) -> None:
        before = len(self.known)
        self._remove(lambda _, __, ___, until: until <= self.at)

        assert self.journal.expire(self.at) == before - len(self.known)

    @invariant()
    def count(self) -> None:
        done = sum(done for _, done, _ in self.known.values())
        assert self.journal.count() == Count(claimed=len(self.known) - done, done=done)

    def _remove(self, gone: Callable[[bytes, str, bool, datetime], bool]) -> None:
        self.known = {key: facts for key, facts in self.known.items() if not gone(key, *facts)}


def test_journal_and_model_agree(dsn: str, opened: Callable[..., Store]) -> None:
    journal = Journal(opened(dsn))

    run_state_machine_as_test(
        lambda: Model(journal),
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
