"""Addresses are compared as the MTA that carries them would."""

import pytest

from postseal import envelope
from postseal.envelope import destinations, domain_key, key


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ('"bob.smith"@mail.example', "bob.smith@mail.example"),
        ('"b\\ob"@mail.example', "bob@mail.example"),
        ('"Bob+Tag"@mail.example.', "bob+tag@MAIL.example"),
        ("bob@mx_1.Bücher.example", "bob@mx_1.xn--bcher-kva.example"),
        ("bob@bücher\u3002example", "bob@xn--bcher-kva.example"),
    ],
)
def test_key_of_one_mailbox_is_one(written: str, same: str) -> None:
    assert key(written) == key(same)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ('"bob smith"@a.example', "bobsmith@a.example"),
        ('"b@c"@a.example', "b@c"),
        ('""@a.example', "@a.example"),
    ],
)
def test_key_of_two_mailboxes_is_two(written: str, other: str) -> None:
    assert key(written) != key(other)


def test_domain_key_of_overlong_domains_is_not_remembered() -> None:
    """The fields To and Cc hold whatever the sender likes, up to megabytes in one word."""
    envelope.a_labels.cache_clear()

    assert domain_key("Ä" * 100_000 + ".example") == "ä" * 100_000 + ".example"

    assert envelope.a_labels.cache_info().currsize == 0


@pytest.mark.parametrize(
    ("address", "others"),
    [
        ("bob@mail.example", []),
        ("", []),
        ("bob", []),
        ("bob%mail.example@example.com", ["bob@mail.example"]),
        ("bob%mail.example", ["bob@mail.example"]),
        ("mail.example!bob@example.com", ["bob@mail.example"]),
        ("bob@mail.example@example.com", ["bob@mail.example"]),
        ('"bob@mail.example"@example.com', ["bob@mail.example"]),
        ('"b\\ob%mail.example"@example.com', ["bob@mail.example"]),
        ("bob%b.example%a.example@example.com", ["bob%b.example@a.example", "bob@b.example"]),
        ("a.example!b.example!bob@example.com", ["b.example!bob@a.example", "bob@b.example"]),
    ],
)
def test_destinations_are_all_that_postfix_may_route_by(address: str, others: list[str]) -> None:
    assert destinations(address) == (address, *others)


def test_destinations_of_any_address_come_to_an_end() -> None:
    assert len(destinations("%!@" * 600)) < 2000
