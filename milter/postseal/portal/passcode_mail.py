"""The mail with a passcode: plain text, no link, and enough to tell it from a forgery."""

import secrets
from datetime import datetime
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from postseal.language.catalogue import catalogue
from postseal.language.language import Language
from postseal.language.moment import day
from postseal.store.passcodes import Issued
from postseal.store.sealed import Addressee, SealedMessage


def passcode_mail(
    issued: Issued,
    message: SealedMessage,
    reader: Addressee,
    *,
    sender: str,
    name: str,
    at: datetime,
    language: Language,
) -> EmailMessage:
    """The mail to *reader*, from *name* at the address *sender*, in *language*."""
    _ = catalogue(language).gettext
    opens = _("It opens an encrypted message from {sender} of {date}.").format(
        sender=message.sender or "<>", date=day(message.since, language)
    )
    subject = _("Code for your encrypted message ({reference})")
    mail = _mail(issued, opens, sender=sender, name=name, at=at, language=language)
    return _addressed(mail, reader.written, subject.format(reference=issued.reference))


def sender_passcode_mail(
    issued: Issued, address: str, *, sender: str, name: str, at: datetime, language: Language
) -> EmailMessage:
    """The mail to somebody who wants to see what he has sent from *address*."""
    _ = catalogue(language).gettext
    opens = _("It opens the list of encrypted messages that were sent from your address.")
    subject = _("Code for your sent messages ({reference})")
    mail = _mail(issued, opens, sender=sender, name=name, at=at, language=language)
    return _addressed(mail, address, subject.format(reference=issued.reference))


def _mail(
    issued: Issued, opens: str, *, sender: str, name: str, at: datetime, language: Language
) -> EmailMessage:
    _ = catalogue(language).gettext
    assert issued.code  # noqa: S101 (who gets a mail gets a code)
    code = f"{issued.code[:4]} {issued.code[4:]}"
    minutes = round((issued.until - at).total_seconds() / 60)
    lines = (
        _("Your code: {code}").format(code=code),
        opens,
        _(
            "The page where you asked for it shows the same four letters as this mail: {reference}. If it"
            " shows others, do not type the code there."
        ).format(reference=issued.reference),
        _("The code is good once, for {minutes} minutes, in the browser in which you asked for it.").format(
            minutes=minutes
        ),
        _(
            "If you did not ask for a code, somebody has typed your address by mistake; you need not do"
            " anything. Nobody will ever ask you for this code, neither by mail nor on the telephone."
        ),
    )
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = format_datetime(at)
    mail["From"] = Address(name, addr_spec=sender)
    mail["Message-ID"] = f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n\n".join(lines) + "\n", cte="quoted-printable")
    return mail


def _addressed(mail: EmailMessage, address: str, subject: str) -> EmailMessage:
    try:
        mail["To"] = Address(addr_spec=address)
    except (HeaderParseError, MessageError, ValueError):  # an address that SMTP has and no header can hold
        mail["To"] = "undisclosed-recipients:;"
    mail["Subject"] = subject
    return mail
