"""What the reader is told about what he sees, or does not see."""

from enum import Enum


class Note(Enum):
    """A sentence for the reader; the portal translates it."""

    REMOTE = "Pictures from other servers are not shown, so that nobody learns when you read this."
    AS_TEXT = "This message is too large or too complicated to be shown with its layout; you see its text."
    SHORTENED = "The text is too long to be shown whole; save it as a file to read the rest."
    PICTURES = "Some pictures within the message are not shown; you find them among the attachments."
    UNPACKED = "Outlook had packed the attachments into winmail.dat; they are listed one by one."
    NOT_UNPACKED = "The attachments are in a file winmail.dat that could not be unpacked."
    SIGNED = "The sender signed this message; the signature is not checked here."
    CLOSED = "A part of this message is encrypted once more, for a key that is not here; save it as a file."
    DAMAGED = "This message is damaged; perhaps not all of it is shown."
    TOO_MANY = "This message has too many parts; save it whole to see them all."
