"""The table of methods: every way of protecting mail, made from the settings, one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from postseal.body import Spool
from postseal.branding import load as branding_files
from postseal.branding.branding import Branding
from postseal.certificates import decryption, identity
from postseal.certificates.decryption import GatewayKeys
from postseal.certificates.identity import Identities
from postseal.document import Problems
from postseal.envelope import domain_key
from postseal.errors import Problem
from postseal.finding import search as finding
from postseal.finding.search import Search
from postseal.methods.method import Method, Methods
from postseal.methods.ome import OmeMethod
from postseal.methods.plain import PlainMethod
from postseal.methods.signature import SmimeSignature
from postseal.methods.smime import SmimeMethod
from postseal.methods.tls import TlsMethod
from postseal.methods.unsealing import OmeUnsealing
from postseal.sealed import source
from postseal.settings.settings import Settings
from postseal.tls_offers import Offers

if TYPE_CHECKING:
    from postseal.store.ring import Ring

PROTECTING = frozenset({"smime", "ome", "tls"})
"""The words of the methods that policies may ask for."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The methods, with what an administrator wants to know about the files they were made from.

    *warnings*: what should be mended, though it stops nothing.  *expiries*: when each signing
    certificate of ours expires, by its SHA-256 fingerprint.  *recipients*: how many certificates of
    recipients are in each state.
    *search*: how certificates are found and judged.  *keys*: those that open mail.
    """

    methods: Methods
    warnings: tuple[Problem, ...]
    expiries: Mapping[str, datetime]
    recipients: Mapping[str, int]
    search: Search
    keys: GatewayKeys


def load(settings: Settings, clock: Callable[[], datetime]) -> Loaded:
    """All methods as *settings* say.  Raises BadInput with every problem of certificates and keys."""
    at = clock()
    problems = Problems()
    search, identities, keys, ring = None, Identities(), GatewayKeys(), None
    brandings = None
    with problems.collect():
        search = finding.load(settings, at)
    with problems.collect():
        identities = identity.load(settings.smime.identities, at, lambda: source.load(settings.ome))
    with problems.collect():
        keys = decryption.load(settings.smime.decryption, lambda: source.load(settings.ome))
    with problems.collect():
        ring = _ring(settings)
    with problems.collect():
        brandings = branding_files.load(settings)
    problems.settle()
    assert search is not None  # noqa: S101 (or there was a problem)
    assert brandings is not None  # noqa: S101
    spool = Spool(settings.spool_directory, settings.memory_body)
    finder = search.finder
    smime = SmimeMethod(
        finder,
        spool,
        clock=clock,
        settings=settings.smime,
        harvested=lambda address, certificate: finder.capabilities(address, certificate, clock()),
    )
    table: dict[str, Method] = {
        "plain": PlainMethod(),
        "smime": smime,
        "tls": TlsMethod(Offers(settings.runtime_directory)),
        "ome": OmeMethod(settings.ome, ring, spool, clock=clock, brandings=brandings),
    }
    signature = SmimeSignature(
        identities,
        spool,
        clock=clock,
        trusted_networks=settings.trusted_networks,
        settings=settings.smime,
        keys=keys,
    )
    return Loaded(
        Methods(table, signature, spool, _unsealing(settings, ring, spool, clock, brandings)),
        (*search.warnings, *identities.warnings, *keys.warnings),
        identities.expiries(),
        search.states,
        search,
        keys,
    )


def _unsealing(
    settings: Settings,
    ring: "Ring | None",
    spool: Spool,
    clock: Callable[[], datetime],
    brandings: Mapping[str, Branding],
) -> OmeUnsealing | None:
    if ring is None:
        return None
    ours = frozenset(domain_key(domain) for domain in settings.accepted_domains)
    return OmeUnsealing(
        settings.ome, ring, spool, clock, brandings, ours, trusted_networks=settings.trusted_networks
    )


def _ring(settings: Settings) -> "Ring | None":
    """What seals need, if there is a portal to open them."""
    if not settings.ome.portal:
        return None
    from postseal.store.ring import Ring  # noqa: PLC0415 (a database's libraries take their time)

    return Ring(settings.store, timeout=settings.store_timeout, keys=source.load(settings.ome))
