"""Comparing addresses with what policies name."""

from postseal.envelope import domain_key, split


def domains_of(address: str) -> tuple[str, ...]:
    """The domain of *address* and all that it is a subdomain of, in the form to compare."""
    domain = domain_key(split(address)[1])
    found = []
    while domain:
        found.append(domain)
        domain = domain.partition(".")[2]
    return tuple(found)


def within(address: str, domains: frozenset[str]) -> bool:
    """Whether the domain of *address* is one of *domains* or a subdomain of one."""
    return not domains.isdisjoint(domains_of(address))
