"""Pages that are the same for everybody."""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from postseal.branding.branding import DEFAULT
from postseal.portal.appearance import COOKIE, named, style
from postseal.portal.visit import Visit

KEPT: Final = "public, max-age=31536000, immutable"
NOBODY: Final = "User-agent: *\nDisallow: /\n"
"""What robots are told."""
_YEAR: Final = 365 * 86400
_PAGES: Final = re.compile(r"/(help\b|m/[\w-]{1,40})?", re.ASCII)
"""Where somebody may have been who changes the language."""


def home(visit: Visit) -> Response:
    """What somebody sees who comes without a message."""
    return visit.page("home.html")


def genuine(visit: Visit) -> Response:
    """How to tell a mail of ours from a forgery, and whom to ask."""
    return visit.page("help.html")


def robots(_: Visit) -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse(NOBODY)


def colors(visit: Visit) -> Response:
    """The colors of a branding, as a style sheet."""
    brandings = visit.desk.shelf
    branding = brandings.get(visit.request.path_params["word"]) or brandings[DEFAULT]
    sheet = style(branding.light, branding.dark)
    return Response(sheet, media_type="text/css", headers={"Cache-Control": KEPT})


def speak(visit: Visit) -> Response:
    """Speak the language that was chosen from now on, on the page where it was chosen.

    Others may send somebody here: it changes nothing but the language.
    """
    try:
        page = _PAGES.match(urlsplit(visit.request.headers.get("referer", "")).path)
    except ValueError:  # no address
        page = None
    return spoken(visit.form.texts.get("language", ""), page[0] if page else "/")


def spoken(word: str, page: str) -> Response:
    """On to *page*, from now on in the language called *word*, if there is one."""
    language = named(word)
    response = RedirectResponse(page, 303)
    if language:
        response.set_cookie(
            COOKIE, language.value, _YEAR, path="/", secure=True, httponly=True, samesite="lax"
        )
    return response
