"""Days as forms have them, `2026-11-28`, in UTC."""

from datetime import UTC, datetime, timedelta

from postseal.portal.refusal import Reason, Refused


def begin(written: str) -> datetime | None:
    """The beginning of a day, None if none was written.  Raises Refused."""
    if not written:
        return None
    try:
        return datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(Reason.MALFORMED) from None


def end(written: str) -> datetime | None:
    """The end of a day, None if none was written.  Raises Refused."""
    day = begin(written)
    try:
        return day + timedelta(days=1) if day else None
    except OverflowError:
        raise Refused(Reason.MALFORMED) from None
