"""Addresses are compared as the MTA that carries them would."""

import pytest

from postseal import envelope
from postseal.envelope import destinations, domain_key, key, unambiguous


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ('"bob.smith"@mail.example', "bob.smith@mail.example"),
        ('"b\\ob"@mail.example', "bob@mail.example"),
        ('"Bob+Tag"@mail.example.', "bob+tag@MAIL.example"),
        ("bob@mx_1.Bücher.example", "bob@mx_1.xn--bcher-kva.example"),
        ("bob@bücher\u3002example", "bob@xn--bcher-kva.example"),
        (
            "Cafe\N{COMBINING ACUTE ACCENT}@mail.example",
            "caf\N{LATIN SMALL LETTER E WITH ACUTE}@mail.example",
        ),
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


@pytest.mark.parametrize(
    "address",
    [
        *("bob@one.test", "postmaster", "bob..x.@one.test", "jürgen@bücher.example", "bob@one.test."),
        *("bob%one.test@lab.test", "one.test!bob@lab.test", "bob@one.test@lab.test", "prvs=1a=bob@one.test"),
        *('"bob (x), <y>"@one.test', '"b\\"ob"@one.test', '""@one.test', "bob@[192.0.2.1]"),
        *("bob@[IPv6:2001:db8::1]", "/G=Bob/S=X/@x400.test", "\udcff@one.test"),
    ],
)
def test_unambiguous_addresses_that_people_have(address: str) -> None:
    assert unambiguous(address)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "bob@one.test(x)",
            "bob@(x)one.test",
            "bob (x)@one.test",
            "bob@one.test (x@lab.test",
            "b\\ob@one.test",
        ),
        *("bob@one.test,", "bob@one.test;", "bob@one. test", "bob@one.test>", "Bob <bob@one.test>"),
        *("x: bob@one.test;", '"bo"."b"@one.test', '"bo"b@one.test', "@b:bob@one.test", "bob\t@one.test"),
        *("bob@one.test\n", "bob\0@one.test", "bob@[(x)]", '"bob@one.test', ""),
    ],
)
def test_unambiguous_is_nothing_that_is_cleaned_before_it_is_used(address: str) -> None:
    assert not unambiguous(address)
