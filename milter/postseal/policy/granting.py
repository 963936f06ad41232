"""What templates grant to somebody, and what becomes of a treatment by that."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from postseal.envelope import destinations, key
from postseal.licence import strictest
from postseal.policy.address import domains_of
from postseal.rights import Right, Template, withholding
from postseal.treatment import Treatment


def granted_to(
    template: Template, address: str, groups: Callable[[str], Collection[str]]
) -> frozenset[Right]:
    """What *template* grants to *address*, whatever an MTA may take that for.

    *groups*: those of an address, which is in the form to compare; may raise Failure.
    """
    rights = frozenset(Right)
    for each in map(key, destinations(address)):
        rights &= template.granted(each, domains_of(each), partial(groups, each))
    return rights


def restricted(treatment: Treatment, rights: frozenset[Right]) -> Treatment:
    """*treatment* for somebody to whom its templates grant *rights*."""
    templates = treatment.templates
    lifetimes = [
        each for each in (treatment.lifetime, *(one.lifetime for one in templates)) if each is not None
    ]
    return replace(
        treatment,
        withheld=withholding(treatment.withheld | (frozenset(Right) - rights)),
        attachments=strictest([treatment.attachments, *(each.attachments for each in templates)]),
        lifetime=min(lifetimes, default=None),
    )
