"""Revocation from a real web server to the verdict: wanted, fetched off the mail's way, kept, judged."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from authority_server import AuthorityServer
from demo.pki import Authority, Person
from postseal.finding import web
from postseal.finding.refresh import Refresh
from postseal.finding.revocation import CachedRevocations
from postseal.finding.shelf import Opening
from postseal.settings.smime import Revocation
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.revocations import Revocations, State
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

ROOT = Authority.root()
OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING
ADDRESS = "ann@example.com"


class Turned:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


class Bench:
    """A store, a trust that asks it under the hard policy, and a fetcher; time passes as the test says."""

    def __init__(self, folder: Path, store: Store, dsn: str) -> None:
        self.clock = Turned()
        self.kept = Revocations(store)
        self.refresh = Refresh(self.kept, self.clock.now, seconds=10)
        known = CachedRevocations(Opening(dsn, timeout=30), clock=self.clock)
        self.trust = Trust(Anchors((ROOT.certificate,)), Revocation.HARD, known)

    def rule(self, person: Person) -> str | None:
        self.clock.seconds += 61  # longer than a worker remembers
        return self.trust.judge(person.certificate, at=self.clock.now()).rule

    def state(self) -> State:
        (state,) = self.kept.states()
        return state


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        yield Bench(tmp_path, store, dsn)


@pytest.fixture
def server() -> Iterator[AuthorityServer]:
    with AuthorityServer(ROOT) as running:
        yield running


@pytest.mark.parametrize("kind", ["list", "responder"])
def test_answer_is_wanted_then_fetched_then_counts(bench: Bench, server: AuthorityServer, kind: str) -> None:
    server.now = bench.clock.now
    extension = server.list_extension if kind == "list" else server.responder_extension
    ann = ROOT.issue(ADDRESS, kind="p256", extensions=extension)

    assert bench.rule(ann) == "revocation_unknown"
    assert server.asked == []  # judging fetches nothing
    assert bench.refresh.turn() == 1
    assert bench.rule(ann) is None
    assert bench.refresh.turn() == 0  # it is not due yet

    server.revoke(ann.certificate)
    bench.clock.seconds += 13 * 3600
    assert bench.refresh.turn() == 1
    assert bench.rule(ann) == "revoked"


def test_answer_of_a_delegated_responder_counts_only_with_the_issuers_leave(bench: Bench) -> None:
    good = ROOT.issue(kind="p256", purposes=[OCSP_SIGNING])
    for responder, rule in (
        (good, None),
        (ROOT.issue(ADDRESS, kind="p256"), "revocation_unknown"),
        (Authority.root("Test Root").issue(kind="p256", purposes=[OCSP_SIGNING]), "revocation_unknown"),
    ):
        with AuthorityServer(ROOT, responder=responder) as server:
            ann = ROOT.issue(ADDRESS, kind="p256", extensions=server.responder_extension)
            bench.rule(ann)
            bench.refresh.turn()
            assert bench.rule(ann) == rule


def test_list_and_responder_that_disagree_mean_revoked(bench: Bench, server: AuthorityServer) -> None:
    ann = ROOT.issue(ADDRESS, kind="p256", extensions=[*server.list_extension, *server.responder_extension])
    server.answers["/list"] = lambda _: (200, ROOT.crl(ann.certificate))

    bench.rule(ann)
    assert bench.refresh.turn() == 2

    assert bench.rule(ann) == "revoked"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((404, b""), "the server answers 404"),
        ((500, b""), "the server answers 500"),
        ((200, b"<html>"), "the revocation list is malformed"),
        ((302, b"file:///etc/passwd"), "the server answers 302"),
        ((302, b"ftp://127.0.0.1/list"), "unknown url type"),
    ],
)
def test_failure_is_noted_and_tried_again_ever_later(
    bench: Bench, server: AuthorityServer, answer: tuple[int, bytes], why: str
) -> None:
    server.answers["/list"] = lambda _: answer
    ann = ROOT.issue(ADDRESS, kind="p256", extensions=server.list_extension)

    assert bench.rule(ann) == "revocation_unknown"
    assert bench.refresh.turn() == 1
    assert why in bench.state().why
    assert bench.refresh.turn() == 0
    bench.clock.seconds += 65
    assert bench.refresh.turn() == 1
    assert bench.state().failures == 2
    bench.clock.seconds += 65
    assert bench.refresh.turn() == 0

    del server.answers["/list"]
    bench.clock.seconds += 3600
    assert bench.refresh.turn() == 1
    assert bench.rule(ann) is None
    assert bench.state().failures == 0


def test_old_answer_counts_until_its_end_if_no_new_one_can_be_fetched(
    bench: Bench, server: AuthorityServer
) -> None:
    ann = ROOT.issue(ADDRESS, kind="p256", extensions=server.list_extension)
    bench.rule(ann)
    bench.refresh.turn()
    server.answers["/list"] = lambda _: (500, b"")

    bench.clock.seconds += 13 * 3600
    bench.refresh.turn()
    assert bench.rule(ann) is None
    bench.clock.seconds += 12 * 3600
    assert bench.rule(ann) == "revocation_unknown"


def test_answer_that_is_too_large_is_not_read_to_its_end(server: AuthorityServer) -> None:
    server.answers["/big"] = lambda _: (200, bytes(1 << 20))

    with pytest.raises(web.Unreachable, match="larger than 1000 octets"):
        web.fetch(f"{server.url}/big", seconds=10, largest=1000)


def test_what_two_hosts_find_due_is_fetched_by_one(bench: Bench, server: AuthorityServer) -> None:
    bench.rule(ROOT.issue(ADDRESS, kind="p256", extensions=server.list_extension))
    at = bench.clock.now()

    first = bench.kept.claim(at, until=at + timedelta(minutes=1), limit=9)
    second = bench.kept.claim(at, until=at + timedelta(minutes=1), limit=9)

    assert (len(first), len(second)) == (1, 0)


def test_what_nobody_wants_any_more_is_forgotten(bench: Bench, server: AuthorityServer) -> None:
    bench.rule(ROOT.issue(ADDRESS, kind="p256", extensions=server.list_extension))
    bench.refresh.turn()

    assert bench.kept.tidy(bench.clock.now() - timedelta(days=30)) == 0
    assert bench.kept.tidy(bench.clock.now() + timedelta(days=1)) == 1
    assert bench.kept.states() == ()
