"""The table of methods: every way of protecting mail, made from the settings, one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from postseal.body import Spool
from postseal.certificates import identity
from postseal.certificates.identity import Identities
from postseal.document import Problems
from postseal.errors import Problem
from postseal.finding import search as finding
from postseal.methods.method import Method, Methods
from postseal.methods.plain import PlainMethod
from postseal.methods.signature import SmimeSignature
from postseal.methods.smime import SmimeMethod
from postseal.settings import Settings

PROTECTING = frozenset({"smime"})
"""The words of the methods that policies may ask for."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The methods, with what an administrator wants to know about the files they were made from.

    *warnings*: what should be mended, though it stops nothing.  *expiries*: when each signing
    certificate of ours expires, by its SHA-256 fingerprint.  *recipients*: how many certificates of
    recipients are in each state.
    """

    methods: Methods
    warnings: tuple[Problem, ...]
    expiries: Mapping[str, datetime]
    recipients: Mapping[str, int]


def load(settings: Settings, clock: Callable[[], datetime]) -> Loaded:
    """All methods as *settings* say.  Raises BadInput with every problem of certificates and keys."""
    at = clock()
    problems = Problems()
    search, identities = None, Identities()
    with problems.collect():
        search = finding.load(settings, at)
    with problems.collect():
        identities = identity.load(settings.smime.identities, at)
    problems.settle()
    assert search is not None  # noqa: S101 (or there was a problem)
    spool = Spool(settings.spool_directory, settings.memory_body)
    table: dict[str, Method] = {
        "plain": PlainMethod(),
        "smime": SmimeMethod(search.finder, spool, clock=clock, cipher=settings.smime.cipher),
    }
    signature = SmimeSignature(identities, spool, clock=clock, trusted_networks=settings.trusted_networks)
    return Loaded(
        Methods(table, signature, spool),
        (*search.warnings, *identities.warnings),
        identities.expiries(),
        search.states,
    )
