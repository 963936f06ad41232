"""What opens and judges the mail that comes in, from the settings."""

from collections.abc import Callable
from datetime import datetime

from postseal.body import Spool
from postseal.certificates.decryption import GatewayKeys
from postseal.cms.decryption import Legacy
from postseal.cms.opening import Opener
from postseal.document import Problems
from postseal.envelope import domain_key, split
from postseal.finding.search import Search
from postseal.incoming.harvest import Harvest, Keeps
from postseal.incoming.incoming import Incoming
from postseal.settings.settings import Settings


def load(
    settings: Settings, search: Search, keys: GatewayKeys, *, clock: Callable[[], datetime], host: str
) -> Incoming | None:
    """None if there are neither keys to open mail with nor authorities to believe.

    *keys*: those of the settings.  *host*: in whose name results are written.  Raises BadInput.
    """
    smime = settings.smime
    if not smime.decryption and smime.trust is None:
        return None
    ours = frozenset(domain_key(domain) for domain in settings.accepted_domains)
    problems = Problems()
    for one in smime.decryption:
        for who in one.recipients:
            domain = domain_key(split(who)[1] if "@" in who else who)
            if domain not in ours:
                hint = "open mail for your own people only; add the domain to accepted_domains if it is yours"
                problems.add(one.place, f"'{who}' is not in an accepted domain", hint)
    problems.settle()

    def kept() -> Keeps | None:
        store = search.opening.store()
        if store is None:
            return None
        from postseal.store.certificates import Certificates  # noqa: PLC0415 (commands do without a database)

        return Certificates(store)

    return Incoming(
        Opener(
            Spool(settings.spool_directory, settings.memory_body),
            keys.ring,
            Legacy.READ if smime.legacy_ciphers else Legacy.REFUSED,
        ),
        keys,
        search.trust,
        search.finder.distrusted,
        Harvest(kept, search.trust, smime.key_change),
        host,
        lambda address: domain_key(split(address)[1]) in ours,
        clock,
    )
