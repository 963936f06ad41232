"""REQUIRETLS of a message (RFC 8689) goes with its copies, or they do not go."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.bench import ANN, ENVELOPE, Bench, copies, listener, message
from demo.postfix import Tls
from demo.sink import Sink
from postseal.delivery import Delivery
from postseal.errors import Failure
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


def test_required_tls_is_never_left_out(bench: Bench) -> None:
    sent = message()

    with pytest.raises(Failure, match="does not offer REQUIRETLS"):
        bench.divide(sent, copies(sent), REQUIRED)

    assert bench.sink.is_quiet(0.1)
