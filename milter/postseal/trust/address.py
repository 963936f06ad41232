"""The mail addresses that a certificate certifies, and the name constraints that cryptography leaves to us.

RFC 5280 §4.2.1.6: rfc822Name; RFC 9598: SmtpUTF8Mailbox, for local parts beyond ASCII.  An address in
the subject counts only where the administrator says so: issuers do not always check it.
"""

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from postseal.envelope import domain_key, key, split
from postseal.trust.verdict import Refused, Rule

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


def check_constraints(path: Sequence[x509.Certificate], addresses: Iterable[str]) -> None:
    """Raise Refused if an issuer in *path* may not name one of *addresses*.

    The rfc822Name constraints of every issuer, on all kinds of addresses (RFC 9598 §6): the verifier
    of the path applies them to rfc822Name only.
    """
    named = tuple(addresses)
    for issuer in path[1:]:
        try:
            found = issuer.extensions.get_extension_for_oid(ExtensionOID.NAME_CONSTRAINTS).value
        except x509.ExtensionNotFound:
            continue
        assert isinstance(found, x509.NameConstraints)  # noqa: S101 (the type of this extension)
        permitted, excluded = _mail(found.permitted_subtrees), _mail(found.excluded_subtrees)
        for address in named:
            if any(_within(address, subtree) for subtree in excluded):
                raise Refused(Rule.CONSTRAINT, f"an issuer's name constraints exclude {address}")
            if permitted and not any(_within(address, subtree) for subtree in permitted):
                raise Refused(Rule.CONSTRAINT, f"an issuer's name constraints do not permit {address}")


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


def _mail(subtrees: Iterable[x509.GeneralName] | None) -> list[str]:
    return [name.value for name in subtrees or () if isinstance(name, x509.RFC822Name)]


def _within(address: str, subtree: str) -> bool:
    """Whether *address* lies in *subtree*: a mailbox, a host, or all below a domain (RFC 5280 §4.2.1.10)."""
    if "@" in subtree:
        return key(address) == key(subtree)
    domain = domain_key(split(address)[1])
    if subtree.startswith("."):
        return domain.endswith(f".{domain_key(subtree[1:])}")
    return domain == domain_key(subtree)
