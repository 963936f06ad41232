"""What is required to travel by TLS is never seen in clear; `make tls-wire` is the long form."""

import os

import pytest

import signed_zone
import tls_campaign
import wire


@pytest.mark.slow
@pytest.mark.postfix
def test_nothing_that_needs_tls_is_in_clear_while_policies_are_reloaded() -> None:
    if os.geteuid() != 0 or not signed_zone.installed() or not wire.installed():
        pytest.skip("needs root, dnsmasq and tcpdump")

    result = tls_campaign.run(60)

    assert result.dropped == 0
    assert result.leaked == 0, result.clear
    assert all(result.clear[kind] for kind in tls_campaign.FREE), "the capture saw nothing"
    assert result.wrong == []
    assert result.reloads > 1
