"""REQUIRETLS of a message (RFC 8689) goes with its copies, or they do not go."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.bench import ANN, BOB, ENVELOPE, Bench, copies, listener, message
from demo.postfix import Tls
from demo.sink import Sink
from postseal.delivery import Delivery
from postseal.errors import Failure
from postseal.outcome import Copy
from postseal.required_tls import Level, RequiredTls
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate

REQUIRED = replace(ENVELOPE, parameters=("REQUIRETLS", "SIZE=100"))


def context(tls: Tls) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(tls.certificate, tls.key)
    return found


def test_required_tls_is_asked_of_a_listener_that_knows_it(tls: Tls, tmp_path: Path) -> None:
    place = tmp_path / "store" / "store.sqlite"
    migrate(f"sqlite:///{place}")
    store = Store(f"sqlite:///{place}", timeout=30)
    with Sink(tls=context(tls), extensions=("REQUIRETLS",)) as sink:
        bench = Bench(Delivery(listener(sink.port), Journal(store), lambda: bench.now[0]), sink, place)
        sent = message()

        stays = bench.divide(sent, copies(sent), REQUIRED)

        assert stays
        assert stays.recipients == (ANN,)
        for each in sink.take(2):
            assert "REQUIRETLS" in each.parameters
            assert each.tls
    store.close()


@pytest.mark.parametrize(
    ("required", "announced", "asked"),
    [
        pytest.param(RequiredTls(Level.VERIFY), True, True, id="certificate"),
        pytest.param(
            RequiredTls(Level.SECURE, ("mx.x.example",), "[mx.x.example]:25"), True, True, id="names"
        ),
        pytest.param(RequiredTls(Level.DANE_ONLY), True, True, id="DANE"),
        # Any certificate will do here; REQUIRETLS would not have it (RFC 8689 §4.2.1).
        pytest.param(RequiredTls(Level.ENCRYPT), True, False, id="any certificate"),
        pytest.param(None, True, False, id="no TLS"),
        pytest.param(RequiredTls(Level.VERIFY), False, False, id="MTA does not know it"),
    ],
)
def test_copy_that_needs_tls_asks_for_it_if_we_are_told_to(
    tls: Tls, required: RequiredTls | None, *, announced: bool, asked: bool
) -> None:
    sent = message()
    marked = sent.adding(required.field) if required else sent
    with Sink(tls=context(tls), extensions=("REQUIRETLS",) * announced) as sink:
        for told in (True, False):
            submission = replace(listener(sink.port), requiretls=told)
            submission.submit(Copy(marked, (BOB,), "plain"), ENVELOPE, datetime.now(UTC), lambda: None)

        first, second = sink.take(2)

    assert ("REQUIRETLS" in first.parameters) == asked
    assert bool(first.tls) == (required is not None and required.level is not Level.ENCRYPT)
    assert "REQUIRETLS" not in second.parameters


def test_required_tls_is_never_left_out(bench: Bench) -> None:
    sent = message()

    with pytest.raises(Failure, match="does not offer REQUIRETLS"):
        bench.divide(sent, copies(sent), REQUIRED)

    assert bench.sink.is_quiet(0.1)
