"""The table of methods: every way of protecting mail, made from the settings, one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from postseal.body import Spool
from postseal.certificates import directory, identity
from postseal.certificates.directory import CertificateDirectory
from postseal.certificates.identity import Identities
from postseal.errors import BadInput, Problem
from postseal.finding.finder import Finder
from postseal.finding.shelf import Opening
from postseal.methods.method import Method, Methods
from postseal.methods.plain import PlainMethod
from postseal.methods.signature import SmimeSignature
from postseal.methods.smime import SmimeMethod
from postseal.settings import Settings
from postseal.trust import anchors
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust

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
    problems: list[Problem] = []
    certificates, identities = CertificateDirectory(), Identities()
    try:
        if settings.smime.certificates is not None:
            certificates = directory.load(settings.smime.certificates, at)
    except BadInput as error:
        problems += error.problems
    trusted = Anchors()
    try:
        if settings.smime.trust is not None:
            trusted = anchors.load(settings.smime.trust, at)
    except BadInput as error:
        problems += error.problems
    try:
        identities = identity.load(settings.smime.identities, at)
    except BadInput as error:
        problems += error.problems
    if problems:
        raise BadInput(problems)
    trust = Trust(trusted, settings.smime.revocation, subject_addresses=settings.smime.subject_addresses)
    opening = Opening(settings.store, timeout=settings.store_timeout)
    finder = Finder(settings.smime.lookup, certificates, opening.shelf, trust, remotes={})
    spool = Spool(settings.spool_directory, settings.memory_body)
    table: dict[str, Method] = {
        "plain": PlainMethod(),
        "smime": SmimeMethod(finder, spool, clock=clock, cipher=settings.smime.cipher),
    }
    signature = SmimeSignature(identities, spool, clock=clock, trusted_networks=settings.trusted_networks)
    return Loaded(
        Methods(table, signature),
        (*certificates.warnings, *trusted.warnings, *identities.warnings),
        identities.expiries(),
        certificates.states(at),
    )
