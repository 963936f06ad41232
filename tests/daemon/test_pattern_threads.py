"""Patterns are looked for while many clients talk: no worker dies of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from conftest import DaemonFactory
from milterprotocol import Mail, MilterClient
from processes import known, sample

CONNECTIONS = 60
POLICY = """
rules:
  - name: marked
    when: {subject_matches: 'secret\\s+plan', body_words: [numbers]}
    then: [add_header: {X-Seen: 'yes'}]
"""


def test_sixty_connections_with_a_pattern_that_matches_kill_no_worker(
    daemon: DaemonFactory, milter: Callable[..., MilterClient]
) -> None:
    """A scanner that calls back in a thread of libmilter's finds an interpreter state that is not its own."""
    running = daemon(policies={"1.yaml": POLICY}, settings="workers: 2\n")
    together = Barrier(CONNECTIONS)
    mail = Mail(headers=((b"Subject", b" the secret  plan"),), body=b"The numbers.\r\n")

    def talk(_: int) -> int:
        client = milter(f"unix:{running.socket}")
        together.wait(120)
        return sum(bool(client.transaction(mail).edits) for _ in range(5))

    with ThreadPoolExecutor(CONNECTIONS) as clients:
        marked = list(clients.map(talk, range(CONNECTIONS)))

    assert marked == [5] * CONNECTIONS
    assert known(running).restarts == 0
    assert sample(running, "postseal_worker_restarts_total") == 0
