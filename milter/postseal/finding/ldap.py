"""Certificates in an LDAP directory (RFC 4523): userCertificate and userSMIMECertificate.

What comes back is judged like any other certificate; the directory vouches for nothing.
"""

from typing import Final

from cryptography import x509

from postseal.finding import octets
from postseal.finding.ldap_search import LdapSearch
from postseal.settings.smime import Ldap
from postseal.store.kept import Origin

_ATTRIBUTES: Final = (
    "userCertificate;binary",
    "userCertificate",
    "userSMIMECertificate;binary",
    "userSMIMECertificate",
)
_PEOPLE: Final = 20
"""Entries that may match; more mean that the filter is wrong."""


class LdapSource:
    """Asks the directory of *settings*.  Raises BadInput without the library, or if a file is missing."""

    origin = Origin.LDAP
    vouches = False

    def __init__(self, settings: Ldap) -> None:
        self._search = LdapSearch(settings, "smime.lookup.ldap")

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        """The certificates of the entries that the filter finds.  Raises Failure(LOOKUP)."""
        settings = self._search.settings
        with self._search.opened(seconds, most=_PEOPLE) as ask:
            wanted = self._search.wanted(settings.filter, address=address)
            entries = ask(settings.base, wanted, _ATTRIBUTES)
        found: dict[x509.Certificate, None] = {}
        for _, attributes in entries:
            for value in (value for values in attributes.values() for value in values):
                try:
                    found.update(dict.fromkeys(octets.certificates(value)))
                except ValueError:  # one that is broken must not hide the others
                    continue
        return tuple(found)
