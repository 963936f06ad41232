"""How messages look with each branding, before anybody gets one: made up, and nothing of a real message."""

import threading
from typing import Final

from starlette.responses import HTMLResponse, Response

from postseal.administering.visit import Visit
from postseal.administering.way import Missing
from postseal.branding.branding import Branding
from postseal.branding.load import FOLDER
from postseal.language.catalogue import noted
from postseal.language.language import Language
from postseal.portal.appearance import named
from postseal.portal.specimen import specimens

_NAMES: Final = {
    "mail": noted("Mail"),
    "message": noted("The file in it"),
    "address": noted("Sign in"),
    "code": noted("Code"),
    "read": noted("Message"),
    "help": noted("Help"),
    "gone": noted("Revoked"),
}
_WALL: Final = {
    # As what it shows: styles and pictures within it, nothing from anywhere, and no way out.
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
}

_MOST: Final = 16
_MADE: Final[dict[tuple[Branding, Language], dict[str, str]]] = {}
_MAKING: Final = threading.Lock()


def overview(visit: Visit) -> Response:
    """All of them."""
    return visit.page("brandings.html", brandings=tuple(visit.desk.shelf.values()))


def preview(visit: Visit) -> Response:
    """The page around a specimen."""
    branding, language = _branding(visit), _language(visit)
    shown = visit.request.query_params.get("page", "mail")
    if shown not in _NAMES:
        raise Missing
    names = {word: visit.translate(name) for word, name in _NAMES.items()}
    return visit.page("branding.html", branding=branding, spoken=language, shown=shown, names=names)


def specimen(visit: Visit) -> Response:
    """The specimen itself, a document of its own."""
    settings, folder = visit.desk.settings, visit.desk.settings.policies / FOLDER
    wanted = str(visit.request.path_params["page"])
    with _MAKING:  # several frames ask at the same time for what is made at once
        made = _MADE.get(key := (_branding(visit), _language(visit)))
        if made is None:
            made = dict(specimens(settings, folder, *key, at=visit.at))
            if len(_MADE) >= _MOST:
                _MADE.clear()
            _MADE[key] = made
    if wanted not in made:
        raise Missing
    return HTMLResponse(made[wanted], headers=_WALL)


def _branding(visit: Visit) -> Branding:
    branding = visit.desk.shelf.get(str(visit.request.path_params["word"]))
    if branding is None:
        raise Missing
    return branding


def _language(visit: Visit) -> Language:
    return named(visit.request.query_params.get("language", "")) or visit.language
