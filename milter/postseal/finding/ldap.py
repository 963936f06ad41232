"""Certificates in an LDAP directory (RFC 4523): userCertificate and userSMIMECertificate.

What comes back is judged like any other certificate; the directory vouches for nothing.  The
connection is encrypted, or local: `ldap://` to another host must offer StartTLS.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from postseal.errors import BadInput, Cause, Failure, Place, Problem
from postseal.finding import octets
from postseal.settings_smime import Ldap
from postseal.store.kept import Origin

_ATTRIBUTES: Final = (
    "userCertificate;binary",
    "userCertificate",
    "userSMIMECertificate;binary",
    "userSMIMECertificate",
)
_PEOPLE: Final = 20
"""Entries that may match; more mean that the filter is wrong."""
_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


class LdapSource:
    """Asks the directory of *settings*.  Raises BadInput without the library, or if a file is missing."""

    origin = Origin.LDAP
    vouches = False

    def __init__(self, settings: Ldap) -> None:
        try:
            import ldap  # noqa: PLC0415, F401 (only who asks a directory needs it)
        except ImportError as error:
            hint = "install postseal[ldap], or take ldap out of smime.lookup.sources"
            what = f"python-ldap cannot be used: {error}"
            raise BadInput([Problem(Place("smime.lookup"), what, hint)]) from None
        self._settings = settings
        self._password = _password(settings.password_file) if settings.password_file else ""

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        """The certificates of the entries that the filter finds.  Raises Failure(LOOKUP)."""
        import ldap  # noqa: PLC0415
        import ldap.filter  # noqa: PLC0415

        settings = self._settings
        wanted = settings.filter.replace("{address}", ldap.filter.escape_filter_chars(address))
        try:
            connection = self._connection(seconds)
            try:
                connection.simple_bind_s(settings.bind_dn, self._password)
                entries = connection.search_ext_s(
                    settings.base,
                    ldap.SCOPE_SUBTREE,
                    wanted,
                    list(_ATTRIBUTES),
                    timeout=seconds,
                    sizelimit=_PEOPLE,
                )
            finally:
                connection.unbind_s()
        except ldap.NO_SUCH_OBJECT:
            return ()
        except ldap.LDAPError as error:
            raise Failure(Cause.LOOKUP, f"ldap: {_reason(error)}") from None
        found: dict[x509.Certificate, None] = {}
        for name, attributes in entries:
            for value in (value for values in attributes.values() for value in values) if name else ():
                try:
                    found.update(dict.fromkeys(octets.certificates(value)))
                except ValueError:  # one that is broken must not hide the others
                    continue
        return tuple(found)

    def _connection(self, seconds: float):  # type: ignore[no-untyped-def]
        import ldap  # noqa: PLC0415

        settings = self._settings
        connection = ldap.initialize(settings.url)
        connection.protocol_version = ldap.VERSION3
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        connection.set_option(ldap.OPT_TIMEOUT, seconds)
        connection.set_option(ldap.OPT_REFERRALS, 0)  # it would bind to strangers
        url = urlsplit(settings.url)
        if url.scheme == "ldapi":
            return connection
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        if settings.certificate_authority:
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(settings.certificate_authority))
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        if url.scheme == "ldap" and url.hostname not in _LOCAL:
            connection.start_tls_s()
        return connection


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        what = f"the password cannot be read: {error.strerror}"
        raise BadInput([Problem(Place(str(file)), what, "let the daemon's user read it")]) from None


def _reason(error: Exception) -> str:
    """What the server or the library says, without the question."""
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return str(facts.get("desc") or type(error).__name__)
