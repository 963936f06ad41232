"""What a browser sends in a form, read as a stream: in constant memory, and nothing of it in clear on disk.

A route declares its fields.  Small texts stay in memory; files go to the encrypted drafts of
`postseal.body`; the text form of a sealed container is decoded as it comes and its octets go to a sink.
Every field has a limit that counts while it is read, and what was not declared is refused.  Forms that hold
nothing but texts may also come urlencoded.

    form = await received(request.stream(), request.headers.get("content-type", ""), FIELDS, spool=spool)

Raises `Refused`, which says in one sentence what the visitor can do about it, and holds the texts that came
before, so that nobody has to type them anew.  What a sink raises goes through.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from multipart import MultipartError, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from postseal.body import PIECE, Spool
from postseal.errors import Failure
from postseal.portal.field import Declared, Form, Text, room
from postseal.portal.reader import Reader, Urlencoded
from postseal.portal.refusal import Reason, Refused

_BOUNDARY: Final = 70
"""Characters of a boundary (RFC 2046 §5.1.1)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a browser may let pass between two pieces, and for everything."""

    piece: float = 60.0
    all: float = 1800.0


_PATIENCE: Final = Patience()


async def received(
    chunks: AsyncIterable[bytes],
    content_type: str,
    declared: Declared,
    *,
    spool: Spool,
    patience: Patience = _PATIENCE,
) -> Form:
    """The form in *chunks*, the body of a request with this *content_type*.  Raises Refused.

    After a refusal the rest is read and dropped, if it is not much more than what may come: a browser
    shows no answer before it has sent everything.
    """
    source = _timed(aiter(chunks), patience)
    most = sum(map(room, declared.values()))
    reader: Reader | Urlencoded | None = None
    try:
        reader = _reader(content_type, declared, spool)
        held = bytearray()  # a thread for each of many small pieces would be dear
        size = 0
        async for chunk in source:
            held += chunk
            size += len(chunk)
            _check(size, most)
            if len(held) >= PIECE:
                await run_in_threadpool(reader.feed, bytes(held))
                held.clear()
        await run_in_threadpool(reader.feed, bytes(held))
        return await run_in_threadpool(reader.end)
    except Refused as refused:
        if refused.reason is not Reason.TOO_SLOW:
            await _dropped(source, most)
        texts = reader.texts if reader else {}
        raise Refused(refused.reason, refused.what, refused.limit, texts=texts) from None
    except (Failure, OSError):  # a full disk, or what a sink has met
        await _dropped(source, most)
        raise


def _check(size: int, most: int) -> None:
    if size > most:  # around the parts there may be anything (RFC 2046 §5.1.1)
        raise Refused(Reason.TOO_MANY)


def _reader(content_type: str, declared: Declared, spool: Spool) -> Reader | Urlencoded:
    kind, parameters = parse_options_header(content_type)
    boundary = parameters.get("boundary", "")
    if kind == "multipart/form-data" and 0 < len(boundary) <= _BOUNDARY and boundary.isascii():
        with suppress(MultipartError):
            return Reader(boundary, declared, spool)
    texts = {name: each for name, each in declared.items() if isinstance(each, Text)}
    if kind == "application/x-www-form-urlencoded" and len(texts) == len(declared):
        return Urlencoded(texts)
    raise Refused(Reason.NO_FORM)


async def _timed(source: AsyncIterator[bytes], patience: Patience) -> AsyncIterator[bytes]:
    """What *source* gives, or Refused(TOO_SLOW): neither a phone in a tunnel nor a hostile one holds us."""
    deadline = time.monotonic() + patience.all
    while True:
        left = min(patience.piece, deadline - time.monotonic())
        try:
            chunk = await asyncio.wait_for(anext(source), left)
        except StopAsyncIteration:
            return
        except ClientDisconnect:  # nobody is left to be told, and it is no fault of ours
            raise Refused(Reason.CUT_OFF) from None
        except TimeoutError:
            raise Refused(Reason.TOO_SLOW) from None
        yield chunk


async def _dropped(source: AsyncIterator[bytes], most: int) -> None:
    with suppress(Refused):
        async for chunk in source:
            most -= len(chunk)
            if most < 0:
                return
