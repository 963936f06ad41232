"""What Postfix is answered about the servers it sends to, made ready once for all of them.

A lookup is a look into a dictionary, whatever the number of connectors: about TLS Postfix itself asks for a
domain and then, with a dot before them, for those above it (smtp_tls_policy_maps in postconf(5)).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from postseal.envelope import domain_key, split
from postseal.policy.connectors.connector import Mode, Outbound
from postseal.required_tls import Level, RequiredTls

CONNECTORS: Final = "connectors"
"""The table for mail that needs nothing by itself; those named by a level are for mail that needs as much."""
ROUTES: Final = "routes"
"""The table of smart hosts, for transport_maps."""

Table = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables by name, each with answers by key."""

    by_name: Mapping[str, Table]

    @classmethod
    def of(cls, outbound: Mapping[str, Outbound]) -> Self:
        """The tables of connectors by domain, `.example.com` for all below it."""
        enforced = {key: each for key, each in outbound.items() if each.mode is Mode.ENFORCE}
        hops = enforced | {each.smart_host: each for each in enforced.values() if each.smart_host}
        policies = {
            level.value: {key: answer(each.tls) for key, each in hops.items() if _stricter(each.tls, level)}
            for level in Level
            if level.requires
        }
        routes = {key: f"smtp:{each.smart_host}" for key, each in enforced.items() if each.smart_host}
        every = {key: answer(each.tls) for key, each in hops.items()}
        return cls(policies | {CONNECTORS: every, ROUTES: routes})

    def find(self, name: str, key: str) -> str | None:
        """The answer of the table *name* for *key*, None if it has none.  Raises KeyError: no such table."""
        table = self.by_name[name]
        if name == ROUTES:
            return _route(table, key)
        found = table.get(key)
        if found is None and (not key.isascii() or not key.islower()):
            found = table.get("." * key.startswith(".") + domain_key(key.removeprefix(".")))
        return found

    def lines(self, name: str) -> Iterable[str]:
        """The table *name* as a static map."""
        return (f"{key} {said}" for key, said in sorted(self.by_name[name].items()))


def _route(table: Table, address: str) -> str | None:
    """The route of *address*: a socketmap is asked once, for the whole of it (transport(5), "TCP-based")."""
    domain = domain_key(split(address)[1])
    found = table.get(domain)
    while found is None and domain:
        domain = domain.partition(".")[2]
        found = table.get(f".{domain}")
    return found


def answer(tls: RequiredTls) -> str:
    """*tls* in the words of smtp_tls_policy_maps."""
    if tls.level is Level.DANE:
        return "dane"
    words: list[str] = [tls.level]
    if tls.level is Level.FINGERPRINT:
        words += [f"match={digest}" for digest in tls.match]
    elif tls.match:
        words.append(f"match={':'.join(tls.match)}")
    return " ".join([*words, "protocols=>=TLSv1.2"])


def _stricter(tls: RequiredTls, level: Level) -> bool:
    """Whether *tls* is to take the place of *level*: it never asks for less."""
    return tls.level.rank > level.rank or (tls.level is level and bool(tls.match))
