"""A driver that is not ours (miltertest, of OpenDKIM) speaks with a milter, and its failures are seen."""

from collections.abc import Callable

import pytest


def test_session_with_the_echo_milter(
    miltertest: Callable[..., None], echo_milter: Callable[..., str], milter_address: str
) -> None:
    miltertest("session.lua", socket=echo_milter(milter_address), added="X-Body")


def test_session_failure_in_the_script_fails_the_test(
    miltertest: Callable[..., None], echo_milter: Callable[..., str]
) -> None:
    with pytest.raises(AssertionError, match="no X-Nothing was added"):
        miltertest("session.lua", socket=echo_milter(), added="X-Nothing")
