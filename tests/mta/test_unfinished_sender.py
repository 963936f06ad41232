"""A sender without a domain, which Postfix completes only after the milter has answered."""

from collections.abc import Callable, Iterator

import pytest

from demo.daemon import Daemon
from demo.place import open_directory
from milteredits import AddHeader
from milterprotocol import Mail, MilterClient

POLICY = "rules: [{name: inside, when: {sender_scope: inside}, then: {add_header: {X-Inside: 'yes'}}}]"
SETTINGS = "workers: 1\naccepted_domains: [lab.test]\ntrusted_networks: [192.0.2.0/24]\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Daemon]:
    with (
        open_directory() as directory,
        Daemon(directory, settings=SETTINGS, policies={"1.yaml": POLICY}) as started,
    ):
        yield started


@pytest.mark.parametrize(
    ("sender", "resolved", "inside"),
    [
        (b"<ann>", b"ann@lab.test", True),  # Postfix appends its own domain after us
        (b"<ann%lab.test>", b"ann@lab.test", True),
        (b"<ann>", b"ann", False),  # Sendmail's word for a local user
        (b"<ann>", None, False),
        (b"<>", b"", False),
        (b"<ann@other.test>", b"ann@lab.test", False),
    ],
)
def test_sender_without_a_domain_is_whom_the_mta_takes_him_for(
    running: Daemon, milter: Callable[..., MilterClient], sender: bytes, resolved: bytes | None, inside: bool
) -> None:
    client = milter(f"unix:{running.socket}")
    client.connect(address=b"192.0.2.1")
    macros = {b"j": b"mx.lab.test"} | ({b"{mail_addr}": resolved} if resolved is not None else {})

    answer = client.transaction(Mail(sender=sender, macros={b"M": macros}))

    assert answer.verdict == "continue"
    assert (AddHeader(b"X-Inside", b" yes") in answer.edits) == inside
