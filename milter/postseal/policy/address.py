"""Comparing addresses with what policies name."""

from postseal.envelope import domain_key, split


def within(address: str, domains: frozenset[str]) -> bool:
    """Whether the domain of *address* is one of *domains* or a subdomain of one."""
    domain = domain_key(split(address)[1])
    while domain:
        if domain in domains:
            return True
        domain = domain.partition(".")[2]
    return False
