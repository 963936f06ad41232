"""What a sender sees: his messages, the newest first, and of each who has read it and who can.

He is its author, so he may see its subject; that is all of the content that these pages know.  A message
of somebody else is like one that never was.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from postseal.envelope import domain_key, key
from postseal.errors import Failure
from postseal.language.catalogue import noted
from postseal.portal.sender import known, sender, senders
from postseal.portal.sender_sign_in import sign_in_page
from postseal.portal.visit import Visit
from postseal.sealed.container import Tampered
from postseal.sealed.subject import opened_subject
from postseal.store.audit import AS_SUPER_USER, Event, Row
from postseal.store.branches import Branch
from postseal.store.overview import Listed, Mark, Overview
from postseal.store.registry import Search
from postseal.store.sealed import SealedMessage, unwrapped

_ID: Final = re.compile(r"[0-9a-f]{32}")
_MARK: Final = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
WORDS: Final[Mapping[str, str]] = {
    Event.CODE_SENT.value: noted("a code was sent"),
    Event.AUTHENTICATED.value: noted("signed in"),
    Event.UNSEALED.value: noted("got it opened, in a mailbox inside"),
    Event.SHOWN.value: noted("has looked at it"),
    Event.FETCHED.value: noted("has saved a file"),
    Event.COPIED.value: noted("has taken a copy to read without the portal"),
    Event.REPLIED.value: noted("has answered"),
    Event.ADMITTED.value: noted("was let in as a member of a list"),
    Event.FORWARDED.value: noted("has forwarded it"),
    Event.REVOKED.value: noted("it was withdrawn"),
    Event.RESTORED.value: noted("withdrawing was undone"),
    Event.EXTENDED.value: noted("its end was set"),
    Event.EXPIRED.value: noted("the time to read it is over"),
    Event.KEY_DELETED.value: noted("the key was deleted: this cannot be undone"),
    Event.SENDER_TOLD.value: noted("you were told that it was read"),
}
"""What has happened, in plain words; what is not here says nothing of a recipient, or what robots do."""
_MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Own:
    """A message of who has signed in.  *latest*: until when he may let it be read; None: for ever."""

    listed: Listed
    latest: datetime | None

    @property
    def message(self) -> SealedMessage:
        """The message itself."""
        return self.listed.message

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/sent/{self.message.id.hex()}"


def every(visit: Visit) -> Response:
    """His messages; for everybody else, the page where he signs in."""
    address = known(visit)
    if not address:
        return sign_in_page(visit)
    asked = visit.request.query_params
    whom, since, until = (asked.get(name, "").strip()[:320] for name in ("to", "since", "until"))
    search = Search("", address, _whom(whom), _day(since), _day(until, timedelta(days=1)))
    page = _overview(visit).page(search, after=_mark(asked.get("after", "")))
    rows = [(listed, subject(visit, listed.message)) for listed in page.messages]
    after = f"{(page.after.since - _EPOCH) // _MICROSECOND}-{page.after.id.hex()}" if page.after else ""
    filters = {"to": whom, "since": since, "until": until}
    return visit.page("sender_list.html", address=address, rows=rows, after=after, filters=filters)


def one(visit: Visit) -> Response:
    """One of his messages."""
    return message_page(visit, own(visit))


def message_page(visit: Visit, here: Own, *, problem: str = "", status: int = 200) -> Response:
    """The page of the message *here*."""
    opened, message = visit.desk.opened, here.message
    rows = [row for row in opened.audit.of(message.id) if _told(row, message)]
    came: dict[str, Branch] = {branch.address: branch for branch in opened.branches.of(message.id)}
    others = _overview(visit).page(Search(message.message_id, message.author)).messages
    return visit.page(
        "sender_message.html",
        status=status,
        here=here,
        subject=subject(visit, message),
        rows=rows[-_MOST_ROWS:],
        came=came,
        others=[one for one in others if one.message.id != message.id],
        problem=problem,
        restorable=any(one.restorable(visit.at) for one in message.recipients),
        today=visit.at.date().isoformat(),
        words=WORDS,
    )


def own(visit: Visit) -> Own:
    """The message in the request's path, if it is of the sender who has signed in.  Raises NoSender."""
    address = sender(visit)
    written = str(visit.request.path_params["id"])
    listed = _overview(visit).some([bytes.fromhex(written)]) if _ID.fullmatch(written) else ()
    found = next((one for one in listed if one.message.author == address), None)
    if found is None:
        raise HTTPException(404)
    visit.is_about(found.message.brand)
    longest = senders(visit).longest
    bound = found.message.since + timedelta(seconds=longest) if longest else None
    return Own(found, found.message.latest or bound)


def subject(visit: Visit, message: SealedMessage) -> str | None:
    """The subject of *message*; None where it is not known any more, or just now."""
    one = next((one for one in message.recipients if one.key), None)
    if one is None or message.subject is None:
        return None
    try:
        return opened_subject(message.subject, unwrapped(message, one, visit.desk.opened.keys))
    except (Failure, Tampered):  # withdrawing must not wait for a key server
        return None


def _told(row: Row, message: SealedMessage) -> bool:
    """Whether the sender hears of *row*: what recipients did, and what was done to them."""
    of_recipient = not row.address or message.addressee(row.address) is not None
    return row.event in WORDS and of_recipient and not row.detail.endswith(AS_SUPER_USER)


def _overview(visit: Visit) -> Overview:
    opened = visit.desk.opened
    return Overview(opened.store, opened.messages)


def _whom(written: str) -> str:
    if not written:
        return ""
    return f"@{domain_key(written[1:])}" if written.startswith("@") else key(written.strip("<>"))


def _day(written: str, more: timedelta = timedelta()) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(written), time(), UTC) + more
    except (ValueError, OverflowError):
        return None


def _mark(written: str) -> Mark | None:
    found = _MARK.fullmatch(written)
    try:
        return Mark(_EPOCH + int(found[1]) * _MICROSECOND, bytes.fromhex(found[2])) if found else None
    except OverflowError:
        return None
