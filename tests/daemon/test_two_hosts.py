"""Two hosts, one PostgreSQL: whatever the hosts do at the same moment, a copy is submitted once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier

import pytest

import postgres as private
from demo.daemon import Daemon
from demo.place import open_directory
from demo.sink import Sink
from milterprotocol import Mail, MilterClient
from postgres import Postgres
from processes import eventually

POLICY = "rules: [{name: bob, when: {recipient: bob@x.test}, then: [add_header: {X-Bob: 'yes'}]}]"
RECIPIENTS = (b"<bob@x.test>", b"<cat@x.test>")
ATTEMPTS = 8


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def hosts(sink: Sink) -> Iterator[list[Daemon]]:
    if private.programs() is None:
        pytest.skip("no PostgreSQL: contrib/install-tools installs it")
    with ExitStack() as running:
        server = running.enter_context(Postgres(running.enter_context(open_directory())))
        dsn = server.new_database()
        settings = "workers: 2\nstore_timeout: 60s\n"
        yield [
            running.enter_context(
                Daemon(
                    running.enter_context(open_directory()),
                    policies={"1.yaml": POLICY},
                    settings=settings,
                    submit_port=sink.port,
                    store=dsn,
                )
            )
            for _ in range(2)
        ]


def mail(identity: bytes, body: bytes = b"Hello.\r\n", queue_id: bytes = b"Q1") -> Mail:
    fields = ((b"From", b" ann@x.test"), (b"Date", b" Mon, 23 Nov 2026 09:00:00 +0000"))
    own = ((b"Message-ID", b" <%b@x.test>" % identity),) if identity else ()
    macros = {stage: {b"i": queue_id} for stage in (b"R", b"T", b"E")}
    return Mail((*own, *fields), body, recipients=RECIPIENTS, macros=macros)


def tell(host: Daemon, message: Mail) -> str:
    """Have *message* treated; `continue` if it is taken."""
    with closing(MilterClient(f"unix:{host.socket}", seconds=120)) as client:
        return client.transaction(message).verdict


def submitted(sink: Sink) -> Counter[str]:
    return Counter(each for delivery in sink.take(len(sink.deliveries)) for each in delivery.addresses)


def test_same_retry_at_the_same_moment_on_two_hosts_sends_one_copy(hosts: list[Daemon], sink: Sink) -> None:
    for round_ in range(5):
        start = Barrier(ATTEMPTS)

        def attempt(number: int, start: Barrier = start, identity: bytes = b"r%d" % round_) -> str:
            start.wait()
            return tell(hosts[number % 2], mail(identity, queue_id=b"Q%d" % number))

        with ThreadPoolExecutor(ATTEMPTS) as pool:
            verdicts = list(pool.map(attempt, range(ATTEMPTS)))

        assert "continue" in verdicts
        assert submitted(sink) == {"bob@x.test": 1}
        # Whoever was told to wait comes again, to either host, and is served without a second copy.
        for host in hosts:
            assert eventually(lambda host=host: tell(host, mail(b"r%d" % round_)) == "continue")  # type: ignore[misc]  # noqa: B023
        assert submitted(sink) == {}


@pytest.mark.parametrize(
    ("first", "second", "copies"),
    [
        pytest.param(mail(b"same"), mail(b"same", queue_id=b"Q2"), 1, id="retry"),
        pytest.param(mail(b"body"), mail(b"body", b"Other.\r\n"), 2, id="same-id-other-body"),
        pytest.param(mail(b"one"), mail(b"two"), 2, id="same-body-on-purpose"),
        pytest.param(mail(b""), mail(b"", queue_id=b"Q2"), 2, id="same-body-without-id"),
    ],
)
def test_second_host_sends_what_is_new_and_only_that(
    hosts: list[Daemon], sink: Sink, first: Mail, second: Mail, copies: int
) -> None:
    assert tell(hosts[0], first) == "continue"
    assert tell(hosts[1], second) == "continue"

    assert submitted(sink) == {"bob@x.test": copies}
