"""Questions to an LDAP server.  The connection is encrypted, or local: `ldap://` to another host must
offer StartTLS.  Every step has a limit of time, and no referral is followed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from postseal.errors import BadInput, Cause, Failure, Place, Problem
from postseal.settings.smime import Ldap

_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}

Entry = tuple[str, dict[str, list[bytes]]]
"""A distinguished name, and the values of attributes."""

Ask = Callable[[str, str, Sequence[str]], list[Entry]]
"""Base, filter and attributes to entries; with an empty filter the base itself.  No such base: ()."""


class LdapSearch:
    """The server of *settings*, which are called *what*.  Raises BadInput without the library or a file."""

    def __init__(self, settings: Ldap, what: str) -> None:
        try:
            import ldap  # noqa: PLC0415, F401 (only who asks a directory needs it)
        except ImportError as error:
            hint = f"install postseal[ldap], or take {what} out"
            raise BadInput([Problem(Place(what), f"python-ldap cannot be used: {error}", hint)]) from None
        self.settings = settings
        self._password = _password(settings.password_file) if settings.password_file else ""

    @contextmanager
    def opened(self, seconds: float, *, most: int) -> Iterator[Ask]:
        """What asks; *most*: entries that an answer may have.  Raises Failure(LOOKUP), inside, too."""
        import ldap  # noqa: PLC0415

        def ask(base: str, wanted: str, attributes: Sequence[str]) -> list[Entry]:
            scope = ldap.SCOPE_SUBTREE if wanted else ldap.SCOPE_BASE
            try:
                found = connection.search_ext_s(
                    base, scope, wanted or None, list(attributes), timeout=seconds, sizelimit=most
                )
            except ldap.NO_SUCH_OBJECT:
                return []
            return [(name, values) for name, values in found if name]  # others are referrals

        try:
            connection = self._connection(seconds)
            try:
                connection.simple_bind_s(self.settings.bind_dn, self._password)
                yield ask
            finally:
                connection.unbind_s()
        except ldap.LDAPError as error:
            raise Failure(Cause.LOOKUP, f"ldap: {_reason(error)}") from None

    def wanted(self, written: str, **values: str) -> str:
        """The filter *written* with *values* in place of their names in braces."""
        import ldap.filter  # noqa: PLC0415

        for word, value in values.items():
            written = written.replace(f"{{{word}}}", ldap.filter.escape_filter_chars(value))
        return written

    def _connection(self, seconds: float):  # type: ignore[no-untyped-def]
        import ldap  # noqa: PLC0415

        settings = self.settings
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
