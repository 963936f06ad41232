"""Prometheus metrics of all processes on one address; a process of its own.

The address is bound in the supervisor, so a bad one is an error at start; the threads that serve it
live in the forked child, because the supervisor must have none.
"""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import NoReturn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from postseal.daemon import keeper, state
from postseal.metrics import Shared


class Server(ThreadingMixIn, WSGIServer):
    """Listens from the moment it is made; serves only in `export`."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, and ask no DNS server for our name, as the library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that said nothing, or hung up, is no news."""

    @property
    def address(self) -> str:
        """HOST:PORT as bound; the port is the real one where 0 was asked for."""
        host, port = str(self.server_address[0]), self.server_address[1]
        return f"[{host}]:{port}" if self.address_family == socket.AF_INET6 else f"{host}:{port}"


class _Server6(Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = 5  # a client that sends no request must not hold a thread

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        """A scrape is no news."""


def bind(address: str) -> Server:
    """Listen on HOST:PORT.  Raises OSError."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return (_Server6 if ":" in host else Server)((host, int(port)), _Quiet)


def export(server: Server, directory: Path, counters: Path, control: int) -> NoReturn:
    """Answer scrapes until *control* closes, then exit the process."""
    registry = CollectorRegistry()
    registry.register(Shared(counters))
    registry.register(_Supervisor(directory))
    registry.register(_Store(directory))
    server.set_app(make_wsgi_app(registry))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.read(control, 1)
    os._exit(0)


class _Supervisor(Collector):
    """What the supervisor wrote of itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Gauges of the last state; none if there is no supervisor."""
        known = state.read(self._directory)
        if known is None:
            return
        reload = known.reload
        yield _gauge(
            "reload_success", "Whether the last reload was good (1) or left the old state (0).", reload.good
        )
        yield _gauge("reload_timestamp_seconds", "Unix time of the last good reload.", reload.at)
        yield _counter("reloads", "Reloads, by result.", "result", {
            "good": reload.total - reload.failed, "bad": reload.failed,
        })  # fmt: skip
        yield CounterMetricFamily(
            "postseal_worker_restarts", "Workers replaced because they died.", known.restarts
        )
        yield _gauge("workers", "Workers that accept connections.", len(known.workers))
        yield _gauge("workers_wanted", "Workers that there should be.", known.wanted)
        yield _gauge(
            "workers_draining", "Workers that a reload replaced and that still serve.", len(known.draining)
        )
        yield CounterMetricFamily(
            "postseal_supervisor_faults", "Errors of our own in the supervisor.", known.faults
        )
        yield _gauge("start_timestamp_seconds", "Unix time at which the daemon started.", known.started)
        info = GaugeMetricFamily("postseal_policy_info", "The policy in force.", labels=["digest"])
        info.add_metric([known.policy], 1)
        yield info
        expiry = GaugeMetricFamily(
            "postseal_certificate_expiry_timestamp_seconds",
            "Unix time at which a signing certificate of ours expires.",
            labels=["fingerprint"],
        )
        for fingerprint, at in known.certificates.items():
            expiry.add_metric([fingerprint], at)
        yield expiry
        recipients = GaugeMetricFamily(
            "postseal_recipient_certificates", "Certificates of recipients, by state.", labels=["state"]
        )
        for word, count in known.recipients.items():
            recipients.add_metric([word], count)
        yield recipients


class _Store(Collector):
    """What the keeper saw of the store."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Gauges of the last look; none if no store is needed."""
        look = keeper.read(self._directory)
        if look is None:
            return
        yield _gauge("store_up", "Whether the store answered (1) when it was last looked at.", look.up)
        yield _gauge("store_look_timestamp_seconds", "Unix time at which the store was looked at.", look.at)
        if not look.up:
            return
        entries = GaugeMetricFamily(
            "postseal_journal_entries", "Intents in the journal, by state.", labels=["state"]
        )
        entries.add_metric(["claimed"], look.claimed)
        entries.add_metric(["done"], look.done)
        yield entries
        age = max(0.0, look.at - look.oldest) if look.oldest else 0.0
        yield _gauge("journal_oldest_claim_seconds", "Age of the oldest intent that is not done.", age)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"postseal_{name}", text, float(value))


def _counter(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"postseal_{name}", text, labels=[label])
    for word, value in values.items():
        family.add_metric([word], value)
    return family
