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
from postseal.required_tls import Level, RequiredTls, stricter

CONNECTORS: Final = "connectors"
"""The table for mail that needs nothing by itself; those named by a level are for mail that needs as much."""
AFTER_STS: Final = "after-sts"
"""The table of connectors that leave the first word to the domain's MTA-STS policy, behind its map."""
ROUTES: Final = "routes"
"""The table of smart hosts, for transport_maps."""
DANE: Final = str(Level.DANE)
"""The table for mail that needs DANE where it is published; as an answer: what the domain publishes."""

Table = Mapping[str, str]
_BESIDE_STS: Final = (Level.ENCRYPT, Level.VERIFY)
"""Levels at which an MTA-STS policy that is enforced asks for more."""


def after_sts(level: Level) -> str:
    """The table for mail that needs *level*, behind the map of MTA-STS."""
    return f"{level}-{AFTER_STS}"


_OTHER: Final = {CONNECTORS: AFTER_STS, **{str(level): after_sts(level) for level in _BESIDE_STS}}
_OTHERS: Final = _OTHER | {other: name for name, other in _OTHER.items()}


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables by name, each with answers by key."""

    by_name: Mapping[str, Table]

    @classmethod
    def of(cls, outbound: Mapping[str, Outbound]) -> Self:
        """The tables of connectors by domain, `.example.com` for all below it."""
        enforced = {key: each for key, each in outbound.items() if each.mode is Mode.ENFORCE}
        hops = enforced | {each.smart_host: each for each in enforced.values() if each.smart_host}
        first = {key: each for key, each in hops.items() if each.mta_sts is MtaSts.NONE}
        behind = {key: each for key, each in hops.items() if each.mta_sts is MtaSts.OPPORTUNISTIC}
        tables = {
            CONNECTORS: {key: answer(each.tls) for key, each in first.items()},
            AFTER_STS: {key: answer(each.tls) for key, each in behind.items()},
            ROUTES: {key: f"smtp:{each.smart_host}" for key, each in enforced.items() if each.smart_host},
        }
        for level in Level:
            if level in _BESIDE_STS:
                # Also those that ask for no more: a connector has the word before MTA-STS, or after it.
                tables[str(level)] = {key: _as_much(each.tls, level) for key, each in first.items()}
                tables[after_sts(level)] = {key: _as_much(each.tls, level) for key, each in behind.items()}
            else:
                more = {key: each for key, each in first.items() if _replaces(each.tls, level)}
                tables[str(level)] = {key: answer(each.tls) for key, each in more.items()}
        return cls(tables)

    def find(self, name: str, key: str) -> str | None:
        """The answer of the table *name* for *key*, None if it has none.  Raises KeyError: no such table."""
        table = self.by_name[name]
        if name == ROUTES:
            return _route(table, key)
        other = self.by_name[_OTHERS[name]] if name in _OTHERS else {}
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
        return DANE
    words: list[str] = [tls.level]
    if tls.level is Level.FINGERPRINT:
        words += [f"match={digest}" for digest in tls.match]
    elif tls.match:
        words.append(f"match={':'.join(tls.match)}")
    return " ".join([*words, "protocols=>=TLSv1.2"])


def _as_much(tls: RequiredTls, level: Level) -> str:
    """The stricter of what a connector and a message ask for."""
    return answer(stricter(RequiredTls(level), tls) or tls)


def _replaces(tls: RequiredTls, level: Level) -> bool:
    """Whether *tls* is to take the place of *level*: it never asks for less."""
    return tls.level.rank > level.rank or (tls.level is level and bool(tls.match))
