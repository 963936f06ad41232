"""Conditions on the message as a whole."""

from typing import Annotated

from postseal.policy import encryption, facet, kind
from postseal.policy.condition_values import Hours, Importance, Names, Sensitivity, choices, hours
from postseal.policy.kind import MessageType
from postseal.policy.mail import Transaction
from postseal.policy.values import Size
from postseal.smime_state import SignatureResult

Types = Annotated[frozenset[MessageType], choices(MessageType)]
Importances = Annotated[frozenset[Importance], choices(Importance)]
Sensitivities = Annotated[frozenset[Sensitivity], choices(Sensitivity)]


def size_over(transaction: Transaction, octets: Size) -> bool:
    """The whole message, with headers and attachments as they are sent, has at least this size."""
    return transaction.message.size >= octets


def time_of_day(transaction: Transaction, span: Annotated[Hours, hours]) -> bool:
    """The message is handed over at these times; in the host's time zone, if none is named.

    A span that goes past midnight belongs to the day on which it begins.
    """
    return span.hold(transaction.at)


_IMPORTANCES = {
    "importance": {b"low": Importance.LOW, b"high": Importance.HIGH},
    "priority": {b"non-urgent": Importance.LOW, b"urgent": Importance.HIGH},
    "x-priority": {b"1": Importance.HIGH, b"2": Importance.HIGH, b"4": Importance.LOW, b"5": Importance.LOW},
    "x-msmail-priority": {b"low": Importance.LOW, b"high": Importance.HIGH},
}


def _importance(transaction: Transaction) -> frozenset[Importance]:
    found = {
        words.get(value.partition(b" ")[0].lower(), Importance.NORMAL)
        for name, words in _IMPORTANCES.items()
        for value in transaction.header(name)
    }
    return frozenset(found - {Importance.NORMAL} or {Importance.NORMAL})


@facet.asks(facet.Keys(_importance))
def importance(transaction: Transaction, wanted: Importances) -> bool:
    """The sender says that the message is of this importance: Importance, Priority, X-Priority fields."""
    return not wanted.isdisjoint(_importance(transaction))


_SENSITIVITIES = {
    b"personal": Sensitivity.PERSONAL,
    b"private": Sensitivity.PRIVATE,
    b"company-confidential": Sensitivity.CONFIDENTIAL,
}


def _sensitivity(transaction: Transaction) -> frozenset[Sensitivity]:
    values = [value.strip().lower() for value in transaction.header("sensitivity")]
    found = frozenset(_SENSITIVITIES[value] for value in values if value in _SENSITIVITIES)
    return found or frozenset({Sensitivity.NORMAL})


@facet.asks(facet.Keys(_sensitivity))
def sensitivity(transaction: Transaction, wanted: Sensitivities) -> bool:
    """The sender has marked the message so, as with Outlook's Sensitivity."""
    return not wanted.isdisjoint(_sensitivity(transaction))


def automatic(transaction: Transaction, expected: bool) -> bool:
    """Whether a program sent the message by itself (Auto-Submitted, RFC 3834 §5)."""
    said = [value.partition(b";")[0].strip().lower() for value in transaction.header("auto-submitted")]
    return any(word != b"no" for word in said) is expected


def mailing_list(transaction: Transaction, expected: bool) -> bool:
    """Whether the message comes from a mailing list: it has a List-… field (RFC 2369, RFC 2919)."""
    return any(name.startswith("list-") for name in transaction.field_names) is expected


def encrypted(transaction: Transaction, expected: bool) -> bool:
    """Whether the sender has encrypted the message with S/MIME, PGP/MIME, or OpenPGP armor as its only text.

    Told by the octets, not by the label.  It holds, too, for mail that was opened when it came in.
    """
    came = transaction.envelope.smime.encrypted
    return (came or encryption.encrypted(transaction.message)) is expected


def opened(transaction: Transaction, expected: bool) -> bool:
    """Whether the message came encrypted and was opened with one of our keys (`smime: decryption`).

    The other conditions then see the text.
    """
    return transaction.envelope.smime.opened is expected


def smime_signature(transaction: Transaction, results: tuple[SignatureResult, ...]) -> bool:
    """What is said of the S/MIME signature of mail that came in, in the words of RFC 7281.

    `pass`: the author has signed what the reader sees, with a certificate that we believe; `fail`: it was
    changed, or the signature is none; `policy`: good, but we do not believe the certificate, or it is not the
    author's; `temperror`: that could not be found out now; `none`: there is none, or nobody looked.
    """
    return transaction.envelope.smime.signature in results


def signed(transaction: Transaction, expected: bool) -> bool:
    """Whether the sender has signed the message with S/MIME or PGP/MIME, validly or not."""
    return _signed(transaction) is expected


def _signed(transaction: Transaction) -> bool:
    came = transaction.envelope.smime.signature is not SignatureResult.NONE
    return came or encryption.signed(transaction.message)


def _types(transaction: Transaction) -> frozenset[MessageType]:
    found = set(transaction.types)
    if transaction.envelope.smime.encrypted:
        found.add(MessageType.ENCRYPTED)
    if _signed(transaction):
        found.add(MessageType.SIGNED)
    return frozenset(found)


@facet.asks(facet.Keys(_types))
def message_type(transaction: Transaction, wanted: Types) -> bool:
    """The message is of one of these types.

    `restricted`: protected by Microsoft's rights management; `calendar`: it holds an appointment;
    `auto_reply`: an absence note; `auto_forward`: passed on by a mailbox's rule; `read_receipt`,
    `delivery_report`: reports about another message.
    """
    return not wanted.isdisjoint(_types(transaction))


def _charsets(transaction: Transaction) -> frozenset[str]:
    return kind.charsets(transaction.message)


@facet.asks(facet.Keys(_charsets))
def charset(transaction: Transaction, wanted: Names) -> bool:
    """A part of the message names one of these charsets: `utf-7`."""
    return not wanted.isdisjoint(_charsets(transaction))
