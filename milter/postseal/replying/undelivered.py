"""The note to somebody whose reply has not reached everybody.

It holds nothing of the reply, nor of what was replied to, so it may leave as it is.
"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from postseal.body import Body
from postseal.cms import encoding
from postseal.envelope import split
from postseal.header_edits import header
from postseal.language.catalogue import catalogue
from postseal.language.language import Language
from postseal.language.moment import moment
from postseal.letter import Letter
from postseal.message import Header, Message
from postseal.store.outbox import Waiting


def letter(reply: Waiting, missed: Sequence[str], *, sender: str, language: Language, at: datetime) -> Letter:
    """What who wrote *reply* is told: *missed* will get none."""
    missing, again, subject = _words(reply, language)
    listed = "\n".join(f"    {each}" for each in missed)
    told = f"{missing}\n\n{listed}\n\n{again}\n"
    fields = (
        header("From", sender),
        header("To", reply.address if reply.address.isascii() else "undisclosed-recipients:;"),
        header("Subject", subject),
        Header.of("Date", format_datetime(at)),
        Header.of("Message-ID", f"<{reply.id.hex()}.undelivered@{split(sender)[1]}>"),
        Header.of("Auto-Submitted", "auto-replied"),
        Header.of("MIME-Version", "1.0"),
        Header.of("Content-Type", "text/plain; charset=utf-8"),
        Header.of("Content-Transfer-Encoding", "quoted-printable"),
    )
    body = b"".join(encoding.to_quoted_printable([told.encode("utf-8", "replace")]))
    return Letter(Message(fields, Body.of(body)), reply.address, f"undelivered {reply.id.hex()}")


def _words(reply: Waiting, language: Language) -> tuple[str, str, str]:
    """What has not arrived, what to do, and in a few words what it is about."""
    _, since = catalogue(language).gettext, moment(reply.since, language)
    if reply.is_forward:
        return (
            _("The encrypted message that you forwarded on {since} has not reached:").format(since=since),
            _("Open it and forward it to them once more, or ask whether the address is right."),
            _("What you forwarded was not delivered"),
        )
    return (
        _("Your encrypted reply of {since} has not reached:").format(since=since),
        _(
            "It was not kept. Open the encrypted message and write it once more, or reach these people"
            " another way."
        ),
        _("Your reply was not delivered"),
    )
