"""The audit: its last rows, whether it is as it was written, and all of it as a file."""

import logging
from collections.abc import Iterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from postseal import log
from postseal.administering import day
from postseal.administering.visit import Visit
from postseal.body import PIECE
from postseal.errors import Failure
from postseal.portal.field import Text
from postseal.portal.refusal import Reason, Refused
from postseal.store import audit_export
from postseal.store.audit_export import Between

_log = logging.getLogger(__name__)

WANTED: Final = {"format": Text(4), "since": Text(10), "until": Text(10)}
_FORMS: Final = {
    "csv": ("text/csv; charset=utf-8", audit_export.as_csv),
    "json": ("application/json", audit_export.as_json),
}
_SHOWN: Final = 50


def overview(visit: Visit) -> Response:
    """The last rows, and what can be done with all."""
    return visit.page("audit.html", rows=visit.desk.opened.audit.newest(_SHOWN), checked=None)


def check(visit: Visit) -> Response:
    """The same, after all of it was read and checked."""
    audit = visit.desk.opened.audit
    return visit.page("audit.html", rows=audit.newest(_SHOWN), checked=audit.verify())


def export(visit: Visit) -> Response:
    """All rows, or those of some days, as a file that says of each whether it is as it was written."""
    asked = visit.request.query_params
    form = _FORMS.get(asked.get("format", "csv"))
    if form is None:
        raise Refused(Reason.MALFORMED)
    kind, written = form
    between = Between(day.begin(asked.get("since", "")), day.end(asked.get("until", "")))
    name = f"postseal-audit-{visit.at:%Y-%m-%dT%H%M}.{asked.get('format', 'csv')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = _told(written(visit.desk.opened.audit, between))
    return StreamingResponse(pieces, media_type=kind, headers=headers)


def _told(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """*pieces*, some at a time; where the store fails meanwhile, the log says so, and the file just ends."""
    held = bytearray()  # a thread for each row would be dear
    try:
        for piece in pieces:
            held += piece
            if len(held) >= PIECE:
                yield bytes(held)
                held.clear()
    except Failure as failure:
        _log.error("%s", log.line(event="export_cut_off", cause=failure.cause.value, why=failure.detail))
        raise
    yield bytes(held)
