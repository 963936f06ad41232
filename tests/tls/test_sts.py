"""Policies of MTA-STS as domains write them (RFC 8461 §3.2)."""

import pytest

from postseal.tls.probe import Server, Shown
from postseal.tls.sts import Mode, Policy, Unusable, parsed

GOOD = "version: STSv1\r\nmode: enforce\r\nmx: MX.b.example\r\nmx: *.c.example.\r\nmax_age: 604800\r\n"


def test_policy_is_read() -> None:
    assert parsed(GOOD.encode()) == Policy(Mode.ENFORCE, ("mx.b.example", "*.c.example"), 604800)


def test_of_keys_given_twice_the_first_counts() -> None:
    assert parsed(f"{GOOD}mode: none\nmax_age: 1\n".encode()).mode is Mode.ENFORCE


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("mx.b.example", True),
        ("x.c.example", True),
        ("y.x.c.example", False),
        ("c.example", False),
        ("x.b.example", False),
    ],
)
def test_star_stands_for_one_label(name: str, named: bool) -> None:
    shown = Shown(Server(name, "192.0.2.1"), failure="it offers no STARTTLS")

    obstacle = parsed(GOOD.encode()).obstacle(shown, "b.example")

    assert obstacle == ("it offers no STARTTLS" if named else "the policy does not name it")


@pytest.mark.parametrize(
    ("theirs", "ours", "why"),
    [
        ("STSv1", "STSv2", "version"),
        ("enforce", "maybe", "mode"),
        ("604800", "-1", "max_age"),
        ("604800", "31557601", "max_age"),
        ("604800", "9" * 5000, "max_age"),
        ("mx:", "my:", "no mx"),
        ("STSv1", "\udcff", "no text"),
    ],
)
def test_policy_that_nobody_can_use_is_told(theirs: str, ours: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        parsed(GOOD.replace(theirs, ours).encode(errors="surrogateescape"))
