"""The mail addresses that a certificate certifies.

RFC 5280 §4.2.1.6: rfc822Name; RFC 9598: SmtpUTF8Mailbox, for local parts beyond ASCII.
"""

from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import NameOID

SMTP_UTF8_MAILBOX = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9")
_UTF8_STRING = 0x0C


def certified(certificate: x509.Certificate) -> tuple[str, ...]:
    """The addresses of the subjectAltName.  Raises ValueError."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    plain = [address.strip() for address in names.get_values_for_type(x509.RFC822Name)]
    return tuple(address for address in (*plain, *_mailboxes(names)) if "@" in address)


def in_subject(certificate: x509.Certificate) -> tuple[str, ...]:
    """The addresses of the subject."""
    attributes = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    return tuple(str(attribute.value).strip() for attribute in attributes if "@" in str(attribute.value))


def _mailboxes(names: x509.SubjectAlternativeName) -> Iterable[str]:
    for other in names.get_values_for_type(x509.OtherName):
        if other.type_id == SMTP_UTF8_MAILBOX:
            octets = other.value
            # Always the short or the one-octet long form: an address has at most 320 characters.
            long = len(octets) > 2 and octets[1] == 0x81
            start = 3 if long else 2
            length = octets[2] if long else octets[1] if len(octets) > 1 else 0
            if octets[:1] != bytes([_UTF8_STRING]) or len(octets) != start + length:
                raise ValueError("a SmtpUTF8Mailbox is not a UTF8String")
            yield octets[start:].decode("utf-8").strip()
