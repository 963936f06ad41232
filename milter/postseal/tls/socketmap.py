"""The socketmap server (socketmap_table(5)): Postfix asks here, for every delivery, how it must travel.

One process, one loop, no lock: any number of connections, each answered in the order of its questions.  A
question that is no question ends its connection and harms nobody else.  While nobody answers, Postfix keeps
the mail and asks again later; it never sends without an answer.
"""

import asyncio
import logging
import re
import socket
from collections import deque
from collections.abc import Awaitable
from typing import Final

from postseal import log
from postseal.tls.lookup import Lookup

_log = logging.getLogger(__name__)

_LONGEST: Final = 1000
"""Octets of a question: a table's name, a space, a domain."""
_LENGTH: Final = re.compile(rb"(0|[1-9][0-9]{0,3}):")
_BEGUN: Final = re.compile(rb"(0|[1-9][0-9]{0,3})?")


class Malformed(ValueError):
    """Octets that are no question."""


class Answers(asyncio.Protocol):
    """One connection."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._heard = b""
        self._asked: deque[bytes] = deque()
        self._waiting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (for the type checker)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Look for nothing any more."""
        if self._waiting:
            self._waiting.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer what is asked so far."""
        assert self._transport  # noqa: S101 (for the type checker)
        try:
            questions, self._heard = heard(self._heard + data)
        except Malformed as error:
            _log.warning("%s", log.line(event="socketmap", why=error))
            self._transport.close()
            return
        self._asked.extend(questions)
        if not self._waiting:
            self._answer()

    def _answer(self) -> None:
        """Answer in the order of questions, up to one whose answer must be waited for."""
        assert self._transport  # noqa: S101 (for the type checker)
        replies = []
        while self._asked:
            found = self._lookup.reply(self._asked.popleft())
            if not isinstance(found, bytes):
                self._transport.pause_reading()
                self._waiting = asyncio.ensure_future(self._await(found))
                break
            replies.append(netstring(found))
        self._transport.write(b"".join(replies))

    async def _await(self, found: Awaitable[bytes]) -> None:
        assert self._transport  # noqa: S101 (for the type checker)
        try:
            self._transport.write(netstring(await found))
        except Exception as error:  # noqa: BLE001 (a bug of ours: Postfix keeps the mail, and asks again)
            failed = log.line(event="socketmap_fault", why=error, trace=log.trace(error))
            _log.error("%s", failed)
            self._transport.close()
            return
        self._waiting = None
        self._answer()
        if not self._waiting:
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Hear nothing from who does not read."""
        assert self._transport  # noqa: S101 (for the type checker)
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        assert self._transport  # noqa: S101 (for the type checker)
        if not self._waiting:
            self._transport.resume_reading()


async def serve(listener: socket.socket, lookup: Lookup) -> None:
    """Answer over *listener* until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Answers(lookup), sock=listener)
    async with server:
        await server.serve_forever()


def netstring(octets: bytes) -> bytes:
    """*octets* with their length before them and a comma behind."""
    return b"%d:%b," % (len(octets), octets)


def heard(octets: bytes) -> tuple[list[bytes], bytes]:
    """The questions in *octets*, netstrings, and what remains of one that is not whole.  Raises Malformed."""
    questions: list[bytes] = []
    at = 0
    while found := _LENGTH.match(octets, at):
        end = found.end() + int(found[1])
        if int(found[1]) > _LONGEST:
            raise Malformed("a question is too long")
        if end >= len(octets):
            return questions, octets[at:]
        if octets[end : end + 1] != b",":
            raise Malformed("the comma is missing")
        questions.append(octets[found.end() : end])
        at = end + 1
    rest = octets[at:]
    if not _BEGUN.fullmatch(rest):
        raise Malformed("a length is no number")
    return questions, rest
