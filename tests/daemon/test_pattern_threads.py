"""Patterns are looked for while many clients talk: no worker dies of it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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


def test_sixty_connections_with_a_pattern_that_matches_kill_no_worker(daemon: DaemonFactory) -> None:
    """A scanner that calls back in a thread of libmilter's finds an interpreter state that is not its own."""
    running = daemon(policies={"1.yaml": POLICY}, settings="workers: 2\n")
    together = Barrier(CONNECTIONS)
    mail = Mail(headers=((b"Subject", b" the secret  plan"),), body=b"The numbers.\r\n")

    def talk(_: int) -> int:
        together.wait(120)
        marked = 0
        for _ in range(5):
            with closing(MilterClient(f"unix:{running.socket}")) as client:
                marked += bool(client.transaction(mail).edits)
        return marked

    with ThreadPoolExecutor(CONNECTIONS) as clients:
        marked = list(clients.map(talk, range(CONNECTIONS)))

    assert marked == [5] * CONNECTIONS
    assert known(running).restarts == 0
    assert sample(running, "postseal_worker_restarts_total") == 0
