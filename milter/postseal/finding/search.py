"""All that a search for certificates is made of, from the settings: files, store, authorities, sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from postseal.certificates import directory
from postseal.certificates.directory import CertificateDirectory
from postseal.document import Problems
from postseal.errors import BadInput, Place, Problem
from postseal.finding.candidate import Remote
from postseal.finding.dns import DnsSource
from postseal.finding.finder import Finder
from postseal.finding.http import HttpSource
from postseal.finding.ldap import LdapSource
from postseal.finding.revocation import CachedRevocations
from postseal.finding.shelf import Opening
from postseal.settings.settings import Settings
from postseal.settings.smime import Lookup, Source
from postseal.trust import anchors
from postseal.trust.anchors import Anchors
from postseal.trust.trust import Trust


@dataclass(frozen=True, slots=True)
class Search:
    """*warnings*: what should be mended, though it stops nothing.  *states*: certificates of the folder."""

    finder: Finder
    trust: Trust
    opening: Opening
    warnings: tuple[Problem, ...]
    states: Mapping[str, int]


def load(settings: Settings, at: datetime) -> Search:
    """What *settings* name.  Raises BadInput with every problem of the files; opens no store yet."""
    smime = settings.smime
    problems = Problems()
    files, trusted = CertificateDirectory(), Anchors()
    with problems.collect():
        if smime.certificates is not None:
            files = directory.load(smime.certificates, at)
    with problems.collect():
        if smime.trust is not None:
            trusted = anchors.load(smime.trust, at)
    remotes: dict[Source, Remote] = {}
    for source in smime.lookup.sources:
        with problems.collect():
            if remote := _remote(source, smime.lookup):
                remotes[source] = remote
    problems.settle()
    opening = Opening(settings.store, timeout=settings.store_timeout)
    revocations = CachedRevocations(opening)
    trust = Trust(trusted, smime.revocation, revocations, subject_addresses=smime.subject_addresses)
    finder = Finder(smime.lookup, files, opening.shelf, trust, remotes=remotes)
    return Search(finder, trust, opening, (*files.warnings, *trusted.warnings), files.states(at))


def _remote(source: Source, lookup: Lookup) -> Remote | None:
    """The source elsewhere that the word *source* means; None if it is one of ours.  Raises BadInput."""
    if source is Source.DNS:
        return DnsSource(lookup.dns)
    if source is Source.LDAP and lookup.ldap:
        return LdapSource(lookup.ldap)
    if source is Source.HTTP and lookup.http:
        return HttpSource(lookup.http)
    if source in {Source.LDAP, Source.HTTP}:
        what = f"{source} is among the sources, but where it is is not said"
        raise BadInput([Problem(Place("smime.lookup"), what, f"add {source}: below lookup")])
    return None
