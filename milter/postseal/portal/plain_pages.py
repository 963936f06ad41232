"""Pages that are the same for everybody."""

from starlette.responses import PlainTextResponse, Response

from postseal.portal.visit import Visit


def home(visit: Visit) -> Response:
    """What somebody sees who comes without a message."""
    return visit.page("home.html")


def genuine(visit: Visit) -> Response:
    """How to tell a mail of ours from a forgery, and whom to ask."""
    return visit.page("help.html")


def robots(_: Visit) -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
