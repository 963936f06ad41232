"""Why a form is not taken, in words that a visitor can act upon."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from postseal.language.catalogue import noted


class Reason(Enum):
    """Its status (RFC 9110 §15.5) and its sentence; `{what}` and `{limit}` are filled in."""

    NO_FORM = (415, noted("This is not a form of this page. Go back, reload the page and try again."))
    MALFORMED = (
        400,
        noted("The form did not arrive as it was filled in. Go back, reload the page and try again."),
    )
    CUT_OFF = (400, noted("The connection broke before everything had arrived. Please send it again."))
    NOT_TEXT = (400, noted("The text did not arrive as it was typed. Please reload the page and try again."))
    NOT_SEALED = (
        400,
        noted("The file message.html is damaged or incomplete. Save it from the mail again and open that."),
    )
    TOO_SLOW = (
        408,
        noted("It took too long to arrive. Please try again, with a better connection or less at a time."),
    )
    TOO_LARGE = (413, noted("The message is larger than {limit}, which is the most that can be opened here."))
    TEXT_TOO_LONG = (413, noted("The text is longer than {limit}. Please shorten it, or send it as a file."))
    FILE_TOO_LARGE = (
        413,
        noted("The file “{what}” is larger than {limit}. Please leave it out, or make it smaller."),
    )
    FILES_TOO_LARGE = (413, noted("The files are larger than {limit} together. Please leave some out."))
    TOO_MANY_FILES = (
        413,
        noted("There are more than {limit} files. Please leave some out, or pack them into one."),
    )
    TOO_MANY = (
        413,
        noted("The form holds more than this page can have. Please reload the page and try again."),
    )


_UNITS: Final = ("bytes", "KiB", "MiB", "GiB")


class Refused(Exception):
    """A form is not taken.

    *what*: the name of the file that it is about, as the browser gave it: hostile, and it may be private.
    *limit*: octets, or a number of files.  *texts*: fields that had come before.
    """

    def __init__(
        self, reason: Reason, what: str = "", limit: int = 0, *, texts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason.name.lower())  # nothing that somebody has typed may get into a log
        self.reason = reason
        self.what = what
        self.limit = limit
        self.texts = texts or {}

    @property
    def status(self) -> int:
        """Of the answer."""
        status, _ = self.reason.value
        return status

    @property
    def sentence(self) -> str:
        """For the visitor, in English."""
        _, sentence = self.reason.value
        limit = str(self.limit) if self.reason is Reason.TOO_MANY_FILES else readable_size(self.limit)
        return sentence.format(what=self.what, limit=limit)


def readable_size(octets: int) -> str:
    """*octets* in the largest unit of which there is one at least."""
    size, unit = float(octets), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"
