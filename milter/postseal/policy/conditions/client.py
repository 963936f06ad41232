"""Conditions on the client that hands the message to our MTA, as the MTA knows it."""

from postseal.policy import facet
from postseal.policy.condition_values import MacroName, Names, Networks
from postseal.policy.mail import Transaction
from postseal.policy.pattern import Pattern, seen
from postseal.policy.values import Patterns


def authenticated(transaction: Transaction, expected: bool) -> bool:
    """Whether the client has logged in (SMTP AUTH)."""
    return bool(transaction.envelope.client.login) is expected


def _login(transaction: Transaction) -> tuple[str, ...]:
    return ((transaction.envelope.client.login or "").lower(),)


@facet.asks(facet.Keys(_login))
def login(transaction: Transaction, logins: Names) -> bool:
    """The client has logged in as one of these."""
    return _login(transaction)[0] in logins


def client_ip(transaction: Transaction, networks: Networks) -> bool:
    """The client's address is or lies in one of these; a client without an address is nowhere."""
    return transaction.envelope.client.within(networks)


def tls(transaction: Transaction, expected: bool) -> bool:
    """Whether the message came over TLS."""
    return (transaction.envelope.client.tls is not None) is expected


def _tls_version(transaction: Transaction) -> tuple[str, ...]:
    session = transaction.envelope.client.tls
    return (session.version.lower(),) if session else ()


@facet.asks(facet.Keys(_tls_version))
def tls_version(transaction: Transaction, versions: Names) -> bool:
    """The message came over one of these versions of TLS, in the MTA's words: `TLSv1.2`."""
    return not versions.isdisjoint(_tls_version(transaction))


def tls_cipher(transaction: Transaction, looked_for: Patterns) -> bool:
    """The cipher of the client's TLS session matches one of these patterns."""
    session = transaction.envelope.client.tls
    return session is not None and _in(looked_for, session.cipher)


def tls_certificate(transaction: Transaction, looked_for: Patterns) -> bool:
    """The subject of the client's certificate matches one of these patterns; Postfix tells trusted ones."""
    session = transaction.envelope.client.tls
    return session is not None and _in(looked_for, session.subject)


def macro_matches(transaction: Transaction, looked_for: dict[MacroName, Patterns]) -> bool:
    """A macro of the MTA matches one of these patterns; what the MTA does not tell matches none."""
    macros = dict(transaction.envelope.client.macros)
    return any(name in macros and _in(each, macros[name]) for name, each in looked_for.items())


def _in(looked_for: Pattern, text: str) -> bool:
    return bool(text) and looked_for.found(seen(text))
