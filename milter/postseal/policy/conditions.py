"""Every condition: a question about a message, its envelope and, where it asks for a `Mail`, one recipient.

The function's name is the word in YAML, its second parameter's annotation the type of the value, its
docstring the manual.  `CONDITIONS` at the end is the only list of them.  Several values within one
condition are alternatives.  A condition that cannot see what it must judge raises
Failure(UNINSPECTABLE); it never answers false instead.
"""

from collections.abc import Callable, Iterable

from postseal.envelope import destinations, domain_key, key, split
from postseal.errors import Cause, Failure
from postseal.policy import encryption
from postseal.policy.mail import Mail, Transaction
from postseal.policy.pattern import Pattern
from postseal.policy.values import Addresses, Domains, FieldName, Patterns, Scope, Size, Words


def authenticated(transaction: Transaction, expected: bool) -> bool:
    """Whether the client has logged in (SMTP AUTH)."""
    return bool(transaction.envelope.client.login) is expected


def sender(transaction: Transaction, addresses: Addresses) -> bool:
    """The envelope sender is one of these addresses."""
    return key(transaction.envelope.sender) in addresses


def sender_domain(transaction: Transaction, domains: Domains) -> bool:
    """The envelope sender's domain is one of these or a subdomain of one."""
    return _within(transaction.envelope.sender, domains)


def sender_scope(transaction: Transaction, scope: Scope) -> bool:
    """Where the envelope sender is.

    Inside: the domain is one of `accepted_domains`, and the client has logged in or its address lies in
    `trusted_networks`; so a forged sender is outside.  The null sender of bounces is outside.
    """
    return transaction.from_inside is (scope is Scope.INSIDE)


def recipient(mail: Mail, addresses: Addresses) -> bool:
    """The recipient is one of these addresses."""
    return _whatever_is_meant(mail, lambda address: key(address) in addresses)


def recipient_domain(mail: Mail, domains: Domains) -> bool:
    """The recipient's domain is one of these or a subdomain of one."""
    return _whatever_is_meant(mail, lambda address: _within(address, domains))


def recipient_scope(mail: Mail, scope: Scope) -> bool:
    """Where the recipient is; inside means that the domain is one of `accepted_domains`."""
    return _whatever_is_meant(mail, mail.transaction.site.accepts) is (scope is Scope.INSIDE)


def size_over(transaction: Transaction, octets: Size) -> bool:
    """The whole message, with headers and attachments as they are sent, has at least this size."""
    return transaction.message.size >= octets


def subject_words(transaction: Transaction, looked_for: Words) -> bool:
    """The decoded subject contains one of these words or phrases."""
    return _found(looked_for, transaction.subject)


def subject_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The decoded subject matches one of these patterns; a missing subject counts as empty."""
    return _found(looked_for, transaction.subject or (b"",))


def header_words(transaction: Transaction, looked_for: dict[FieldName, Words]) -> bool:
    """A header field of this name contains, decoded, one of these words or phrases."""
    return any(_found(words, transaction.header(name)) for name, words in looked_for.items())


def header_matches(transaction: Transaction, looked_for: dict[FieldName, Patterns]) -> bool:
    """A header field of this name matches, decoded, one of these patterns; a missing field matches none."""
    return any(_found(patterns, transaction.header(name)) for name, patterns in looked_for.items())


def encrypted(transaction: Transaction, expected: bool) -> bool:
    """Whether the sender has already encrypted the message with S/MIME or PGP/MIME.

    Told by the octets, not by the label.
    """
    return encryption.encrypted(transaction.message) is expected


def body_words(transaction: Transaction, looked_for: Words) -> bool:
    """The text of the message contains one of these words or phrases.

    Looks at all text parts (any charset and encoding, HTML as it is shown) and at nested messages, not
    into attachments.  The text of an encrypted message cannot be seen, so this does not hold for it;
    ask `encrypted` to treat such mail.  Text that is too large, malformed, in an unknown charset or
    signed opaquely cannot be judged: unless the rest of the rule decides, the mail is refused as
    the rule's `on_error` says.
    """
    return looked_for.found(transaction.text)


def body_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The text of the message matches one of these patterns; looks where `body_words` looks."""
    return looked_for.found(transaction.text)


def subject_or_body_words(transaction: Transaction, looked_for: Words) -> bool:
    """The subject or the text of the message contains one of these words or phrases."""
    return subject_words(transaction, looked_for) or body_words(transaction, looked_for)


def subject_or_body_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The subject or the text of the message matches one of these patterns."""
    return subject_matches(transaction, looked_for) or body_matches(transaction, looked_for)


def _whatever_is_meant(mail: Mail, asked: Callable[[str], bool]) -> bool:
    """The answer for the recipient's address, if it is the same for each that the MTA may take it for."""
    answers = {asked(address) for address in destinations(mail.recipient.address)}
    if len(answers) > 1:
        detail = f"the MTA may send the mail for <{mail.recipient.address}> elsewhere"
        raise Failure(Cause.UNINSPECTABLE, detail)
    return answers.pop()


def _within(address: str, domains: frozenset[str]) -> bool:
    domain = domain_key(split(address)[1])
    while domain:
        if domain in domains:
            return True
        domain = domain.partition(".")[2]
    return False


def _found(looked_for: Pattern, texts: Iterable[bytes]) -> bool:
    return any(looked_for.found(text) for text in texts)


CONDITIONS: tuple[Callable[..., bool], ...] = (
    # Cheapest first: within a rule they are asked in this order, so a body is seldom decoded in vain.
    authenticated,
    sender,
    sender_domain,
    sender_scope,
    recipient,
    recipient_domain,
    recipient_scope,
    size_over,
    subject_words,
    subject_matches,
    header_words,
    header_matches,
    encrypted,
    body_words,
    body_matches,
    subject_or_body_words,
    subject_or_body_matches,
)
"""All conditions."""
