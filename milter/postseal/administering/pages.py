"""Pages that are about nobody, and how a message is named in an address."""

import re
from typing import Final

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from postseal.administering.visit import Visit
from postseal.administering.way import Missing
from postseal.portal import plain_pages
from postseal.portal.appearance import style

_ID: Final = re.compile(r"[0-9a-f]{32}")


def home(visit: Visit) -> Response:
    """Where who has signed in begins."""
    if not visit.address:
        return RedirectResponse("/sign-in", 303)
    return visit.page("home.html")


def robots(_: Visit) -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse(plain_pages.NOBODY)


def colors(visit: Visit) -> Response:
    """The colors of these pages, as a style sheet."""
    sheet = style(visit.desk.branding.light, visit.desk.branding.dark)
    return Response(sheet, media_type="text/css", headers={"Cache-Control": plain_pages.KEPT})


def speak(visit: Visit) -> Response:
    """Speak the language that was chosen from now on."""
    return plain_pages.spoken(visit.form.texts.get("language", ""), "/")


def message_id(written: str) -> bytes:
    """The id of a message as it stands in an address.  Raises Missing."""
    if not _ID.fullmatch(written):
        raise Missing
    return bytes.fromhex(written)
