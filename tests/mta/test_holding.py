"""Holding mail by the milter protocol: with the field that brings it back, or not at all."""

from collections.abc import Callable

import pytest

from conftest import DaemonFactory
from milteredits import ChangeHeader, Quarantine
from milterprotocol import ALL_ACTIONS, Mail, MilterClient

POLICY = """
rules:
  - name: look
    when: {subject_words: numbers}
    then: [quarantine: 'many numbers', prepend_subject: '[x]', protect: smime]
  - name: refuse
    when: {subject_words: refuse}
    then: [reject: No.]
"""
QUARANTINE = 0x20

Client = Callable[..., MilterClient]


@pytest.fixture
def address(daemon: DaemonFactory) -> str:
    settings = "workers: 1\nheld_mail_returns: true\n"
    return f"unix:{daemon(policies={'1.yaml': POLICY}, settings=settings).socket}"


def mail(subject: bytes, *more: tuple[bytes, bytes]) -> Mail:
    return Mail(headers=((b"Subject", subject), *more))


def test_holding_leaves_the_message_as_it_came_but_for_our_field(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()

    answer = client.transaction(mail(b" numbers", (b"X-Postseal-Held", b" forged")))

    field, quarantine = answer.edits
    assert answer.verdict == "continue"
    assert isinstance(field, ChangeHeader)  # the forged one becomes ours
    assert (field.index, field.name) == (1, b"X-Postseal-Held")
    assert b"forged" not in field.value
    assert quarantine == Quarantine(b"many numbers")


def test_holding_mta_that_cannot_is_told_to_wait(address: str, milter: Client) -> None:
    client = milter(address, actions=ALL_ACTIONS & ~QUARANTINE)
    client.connect()

    answer = client.transaction(mail(b" numbers"))

    assert answer.text.startswith(b"451 ")
    assert not answer.edits


def test_holding_loses_against_refusing(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()

    assert client.transaction(mail(b" numbers refuse")).text.startswith(b"550 ")


def test_holding_for_more_recipients_than_the_field_takes_is_deferred(address: str, milter: Client) -> None:
    client = milter(address)
    client.connect()
    many = tuple(b"<r%d@example.test>" % number for number in range(8000))

    answer = client.transaction(Mail(headers=((b"Subject", b" numbers"),), recipients=many))

    assert answer.text.startswith(b"451 ")
