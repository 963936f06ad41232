"""What is answered about DANE, by a resolver that validates: only what DNSSEC vouches for counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import signed_zone
from demo.place import LOOPBACK, free_port
from postseal.errors import Failure
from postseal.tls.lookup import publishes
from postseal.tls.mail_exchanger import Resolver
from signed_zone import Zones

DIGEST = "ab" * 32
MX = "@ IN MX 10 mx\nmx IN A 127.0.0.1\n"
SIGNED = {
    "dane.test": f"{MX}_25._tcp.mx IN TLSA 3 1 1 {DIGEST}\n_587._tcp.mx IN TLSA 2 0 1 {DIGEST}\n",
    "second.test": f"{MX}@ IN MX 20 mx2\nmx2 IN A 127.0.0.2\n_25._tcp.mx2 IN TLSA 3 1 1 {DIGEST}\n",
    "web.test": f"{MX}_25._tcp.mx IN TLSA 1 1 1 {DIGEST}\n",
    "unknown.test": f"{MX}_25._tcp.mx IN TLSA 3 1 9 abcd\n",
    "none.test": MX,
    "bogus.test": MX,
}
PLAIN = {"unsigned.test": SIGNED["dane.test"]}


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolver]:
    if not signed_zone.installed():
        pytest.skip("needs dnsmasq")
    zones = Zones(tmp_path_factory.mktemp("zones"), signed=SIGNED, plain=PLAIN)
    zones.forge("bogus.test", f"_25._tcp.mx IN TLSA 3 1 1 {DIGEST}\n")
    with zones:
        address, _, port = zones.resolver.rpartition(":")
        yield Resolver(address, int(port))


@pytest.mark.parametrize(
    ("next_hop", "expected"),
    [
        ("dane.test", True),
        ("dane.test:25", True),
        ("dane.test:587", True),
        ("dane.test:26", False),
        ("[mx.dane.test]", True),
        ("[mx.dane.test]:587", True),
        ("[127.0.0.1]:25", False),
        ("second.test", True),
        ("web.test", False),
        ("unknown.test", False),
        ("none.test", False),
        ("unsigned.test", False),
        ("nowhere.test", False),
    ],
)
def test_records_that_can_be_used_are_found(resolver: Resolver, next_hop: str, expected: bool) -> None:
    assert publishes(resolver, next_hop) is expected


def test_what_is_forged_is_no_answer(resolver: Resolver) -> None:
    with pytest.raises(Failure, match="forged"):
        publishes(resolver, "bogus.test")


def test_without_a_resolver_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Failure):
        publishes(Resolver(LOOPBACK, free_port(), seconds=0.5), "dane.test")
