"""What the reader is told about what he sees, or does not see."""

from enum import Enum

from postseal.language.catalogue import noted


class Note(Enum):
    """A sentence for the reader; the portal translates it."""

    REMOTE = noted("Pictures from other servers are not shown, so that nobody learns when you read this.")
    AS_TEXT = noted(
        "This message is too large or too complicated to be shown with its layout; you see its text."
    )
    SHORTENED = noted("The text is too long to be shown whole; save it as a file to read the rest.")
    PICTURES = noted("Some pictures within the message are not shown; you find them among the attachments.")
    UNPACKED = noted("Outlook had packed the attachments into winmail.dat; they are listed one by one.")
    NOT_UNPACKED = noted("The attachments are in a file winmail.dat that could not be unpacked.")
    SIGNED = noted("The sender signed this message; the signature is not checked here.")
    CLOSED = noted(
        "A part of this message is encrypted once more, for a key that is not here; save it as a file."
    )
    DAMAGED = noted("This message is damaged; perhaps not all of it is shown.")
    TOO_MANY = noted("This message has too many parts; save it whole to see them all.")
