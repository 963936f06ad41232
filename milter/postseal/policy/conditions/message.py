"""Conditions on the message as a whole."""

from postseal.policy import encryption
from postseal.policy.mail import Transaction
from postseal.policy.values import Size
from postseal.smime_state import SignatureResult


def size_over(transaction: Transaction, octets: Size) -> bool:
    """The whole message, with headers and attachments as they are sent, has at least this size."""
    return transaction.message.size >= octets


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
