"""Fetches small things over HTTP: within a time, up to a size, from nowhere but the web."""

import ssl
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 16
_SAID: Final = 1 << 12


class Unreachable(Exception):
    """It could not be fetched; the reason, without anything of the answer."""


class Missing(Unreachable):
    """The server says that there is no such thing."""


class Denied(Unreachable):
    """The server finds fault with what it was asked (RFC 9110 §15.5); *said*: the beginning of its words."""

    def __init__(self, reason: str, said: bytes) -> None:
        super().__init__(reason)
        self.said = said


def fetch(
    url: str,
    *,
    seconds: float,
    largest: int,
    question: bytes = b"",
    kind: str = "",
    fields: Mapping[str, str] | None = None,
    opener: urllib.request.OpenerDirector | None = None,
) -> bytes:
    """What *url* answers; with a *question* of that media type, to POST.  Raises Unreachable.

    *seconds*: for each wait; all of it takes twice as long at most, but for the resolver's part.
    *fields*: of the request's header.  *opener*: `strict`, or any server of the web, wherever it sends us.
    """
    headers = {"User-Agent": "postseal", **({"Content-Type": kind} if kind else {}), **(fields or {})}
    request = urllib.request.Request(url, data=question or None, headers=headers)  # noqa: S310 (see _OPENER)
    end = time.monotonic() + 2 * seconds
    try:
        with (opener or _OPENER).open(request, timeout=seconds) as answer:
            octets = bytearray()
            while piece := answer.read1(_PIECE):
                octets += piece
                if len(octets) > largest:
                    raise Unreachable(f"the answer is larger than {largest} octets")
                if time.monotonic() > end:
                    raise Unreachable(f"the answer takes longer than {2 * seconds:g} s")
            return bytes(octets)
    except urllib.request.HTTPError as error:
        raise _refusal(error) from None
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(" ".join(str(error).split())[:200] or type(error).__name__) from None


def strict(authority: Path | None) -> urllib.request.OpenerDirector:
    """Speaks TLS alone, and goes nowhere else.  *authority*: whom to believe in place of the system's."""
    opener = urllib.request.OpenerDirector()
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _refusal(error: urllib.request.HTTPError) -> Unreachable:
    reason = f"the server answers {error.code}"
    with error:
        if error.code in {404, 410}:
            return Missing(reason)
        if not 400 <= error.code < 500:
            return Unreachable(reason)
        try:
            return Denied(reason, error.read(_SAID))
        except (OSError, HTTPException, ValueError):
            return Denied(reason, b"")


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
