"""What Postfix is answered about the servers it sends to, made ready once for all of them.

A lookup is a look into a dictionary for each label of a domain, whatever the number of connectors.  Postfix
itself would ask about the domains above (smtp_tls_policy_maps in postconf(5)), but all its maps about one
before the next: a map behind ours, as that of MTA-STS, would be heard before a connector for `*.example.com`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from postseal.envelope import domain_key, split
from postseal.policy.connectors.connector import Mode, MtaSts, Outbound
from postseal.required_tls import Level, RequiredTls

CONNECTORS: Final = "connectors"
"""The table for mail that needs nothing by itself; those named by a level are for mail that needs as much."""
AFTER_STS: Final = "after-sts"
"""The table of connectors that leave the first word to the domain's MTA-STS policy, behind its map."""
ROUTES: Final = "routes"
"""The table of smart hosts, for transport_maps."""

Table = Mapping[str, str]
_OTHER: Final = {CONNECTORS: AFTER_STS, AFTER_STS: CONNECTORS}


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
        words: dict[str, dict[str, str]] = {CONNECTORS: {}, AFTER_STS: {}}
        for key, each in hops.items():
            words[AFTER_STS if each.mta_sts is MtaSts.OPPORTUNISTIC else CONNECTORS][key] = answer(each.tls)
        return cls(policies | words | {ROUTES: routes})

    def find(self, name: str, key: str) -> str | None:
        """The answer of the table *name* for *key*, None if it has none.  Raises KeyError: no such table."""
        table = self.by_name[name]
        if name == ROUTES:
            return _route(table, key)
        other = self.by_name[_OTHER[name]] if name in _OTHER else {}
        if not key.isascii() or not key.islower():
            key = "." * key.startswith(".") + domain_key(key.removeprefix("."))
        for each in _nearest(key):
            # The nearest connector counts, in whichever of the two tables it is.
            if (found := table.get(each)) is not None or each in other:
                return found
        return None

    def lines(self, name: str) -> Iterable[str]:
        """The table *name* as a static map."""
        return (f"{key} {said}" for key, said in sorted(self.by_name[name].items()))


def _nearest(key: str) -> Iterator[str]:
    """*key*, and if it is a domain, `.example.com` for each domain above it."""
    yield key
    if key[:1] not in (".", "[") and ":" not in key:
        while (dot := key.find(".", 1)) != -1:
            yield (key := key[dot:])


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
