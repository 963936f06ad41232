"""A message from a file, as an MTA would hand it to us.

Line ends become CRLF, whatever the file has.  The header ends at the blank line, or at the first line
that cannot be part of one: MTAs put the blank line before it.
"""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from postseal.body import Body, Spool
from postseal.message import Header, Message

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)  # RFC 5322 §3.6.8, §4.5


def read(source: IO[bytes], spool: Spool) -> Message:
    """The message in *source*; a large body goes to *spool*."""
    headers: list[Header] = []
    lines = _lines(source)
    rest = b""
    for number, line in enumerate(lines):
        if number == 0 and line.startswith(b"From "):  # the separator of an mbox file
            continue
        if line[:1] in (b" ", b"\t") and headers:
            last = headers[-1]
            headers[-1] = Header(last.name, last.value + b"\r\n" + line)
            continue
        field = _FIELD.fullmatch(line)
        if field is None:
            rest = line + b"\r\n" if line else b""
            break
        headers.append(Header(*field.groups()))
    draft = spool.draft()
    draft.write(rest)
    for line in lines:
        draft.write(line + b"\r\n")
    return Message(tuple(headers), draft.body())


def parsed(body: Body) -> Message:
    """The message that *body* is, header and all, as it was written to the wire; nothing is copied."""
    end = 0 if body.read(0, 2) == b"\r\n" else body.find(b"\r\n\r\n") + 2
    header = read(io.BytesIO(body.read(0, end)), Spool())
    return header.with_body(body.part(end + 2))


def write(message: Message, path: Path) -> None:
    """Write *message* to the new file *path*, readable for its owner only.  Raises FileExistsError."""
    with new(path) as file:
        for piece in message.pieces():
            file.write(piece)


def new(path: Path) -> IO[bytes]:
    """A file that was not there before, open for writing and closed to everybody else."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    for line in source:
        yield line.removesuffix(b"\n").removesuffix(b"\r")
