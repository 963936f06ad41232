"""The failure policy: what is said by cause, what a later rule changes, and that nothing can mean plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.errors import Cause
from postseal.outcome import Held, Reply
from postseal.remedy import DEFER, REJECT, Choice, OnError, Remedy, deferral, refusal

OWN = Reply(554, "5.7.8", "Ask for a certificate.")
remedies = st.builds(Remedy, st.none() | st.sampled_from(Choice), st.none() | st.just(OWN), st.booleans())
policies = st.builds(
    OnError,
    st.builds(Remedy, st.none() | st.sampled_from(Choice)),
    st.dictionaries(st.sampled_from(Cause), remedies).map(lambda causes: frozenset(causes.items())),
)


@pytest.mark.parametrize("cause", list(Cause))
def test_refusal_of_every_cause_defers_by_default(cause: Cause) -> None:
    reply = refusal(cause, DEFER, "why")

    assert isinstance(reply, Reply)
    assert reply == deferral(cause)
    assert (reply.code, reply.status[0], reply.cause, reply.detail) == (451, "4", cause, "why")
    assert reply.text.isascii()
    assert "why" not in reply.text


@pytest.mark.parametrize("cause", list(Cause))
def test_refusal_of_every_cause_may_be_for_good(cause: Cause) -> None:
    reply = refusal(cause, REJECT)

    assert isinstance(reply, Reply)
    assert (reply.code, reply.status[0]) == (550, "5")


def test_refusal_says_the_words_of_the_rule() -> None:
    on_error = OnError(causes=frozenset({(Cause.NO_CERTIFICATE, Remedy(Choice.REJECT, OWN))}))

    assert refusal(Cause.NO_CERTIFICATE, on_error, "x") == OWN
    assert refusal(Cause.NO_CERTIFICATE, on_error, "x").detail == "x"
    assert refusal(Cause.CRYPTO, on_error) == deferral(Cause.CRYPTO)


def test_refusal_may_be_quarantine() -> None:
    held = refusal(Cause.CRYPTO, OnError(Remedy(Choice.QUARANTINE)), "x")

    assert isinstance(held, Held)
    assert (held.cause, held.detail) == (Cause.CRYPTO, "x")


def test_next_without_more_ends_in_the_default() -> None:
    on_error = OnError(Remedy(Choice.REJECT), frozenset({(Cause.CRYPTO, Remedy(next_first=True))}))

    assert on_error.goes_on(Cause.CRYPTO)
    assert not on_error.goes_on(Cause.STORE)
    assert on_error.last(Cause.CRYPTO).choice is Choice.REJECT


@given(policies, policies, st.sampled_from(Cause))
def test_later_word_counts_and_silence_changes_nothing(
    earlier: OnError, later: OnError, cause: Cause
) -> None:
    both = later.after(earlier)

    said = cause in dict(later.causes)
    if said and later.default.choice is None:
        assert both.goes_on(cause) == later.goes_on(cause)
    if said or later.default.choice:
        chosen = dict(later.causes).get(cause, later.default).choice or later.default.choice
        assert both.last(cause).choice is (chosen or earlier.default.choice or Choice.DEFER)
    else:
        assert both.last(cause) == earlier.last(cause)
    assert OnError().after(earlier) == earlier


@given(policies, st.sampled_from(Cause))
def test_whatever_is_said_the_mail_stays_or_somebody_is_told(on_error: OnError, cause: Cause) -> None:
    outcome = refusal(cause, on_error)

    assert isinstance(outcome, Held) or 400 <= outcome.code < 600
