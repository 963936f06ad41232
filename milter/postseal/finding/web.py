"""Fetches small things over HTTP: within a time, up to a size, from nowhere but the web."""

import time
import urllib.request
from http.client import HTTPException
from typing import Final

_PIECE: Final = 1 << 16


class Unreachable(Exception):
    """It could not be fetched; the reason, without anything of the answer."""


class Missing(Unreachable):
    """The server says that there is no such thing."""


def fetch(url: str, *, seconds: float, largest: int, question: bytes = b"", kind: str = "") -> bytes:
    """What *url* answers; with a *question* of that media type, to POST.  Raises Unreachable.

    *seconds*: for each wait; all of it takes twice as long at most, but for the resolver's part.
    """
    headers = {"User-Agent": "postseal", **({"Content-Type": kind} if kind else {})}
    request = urllib.request.Request(url, data=question or None, headers=headers)  # noqa: S310 (see _OPENER)
    end = time.monotonic() + 2 * seconds
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            octets = bytearray()
            while piece := answer.read1(_PIECE):
                octets += piece
                if len(octets) > largest:
                    raise Unreachable(f"the answer is larger than {largest} octets")
                if time.monotonic() > end:
                    raise Unreachable(f"the answer takes longer than {2 * seconds:g} s")
            return bytes(octets)
    except urllib.request.HTTPError as error:
        error.close()
        kind_of = Missing if error.code in {404, 410} else Unreachable
        raise kind_of(f"the server answers {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(" ".join(str(error).split())[:200] or type(error).__name__) from None


def _opener() -> urllib.request.OpenerDirector:
    """No files, no FTP, no passwords: what is opened is named by a certificate or a setting."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER: Final = _opener()
