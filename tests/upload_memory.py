"""Prints how much memory it takes to read 25 MiB: as a file, and as a container; octets above idle."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from forms import KIND, file, form, text
from postseal.body import PIECE, Spool
from postseal.portal.field import Container, Declared, Files
from postseal.portal.upload import received
from postseal.sealed.armor import armored

SIZE = 25 << 20
LIMIT = 32 << 20
MARK = b"HERE"
FIELDS: Declared = {"files": Files(3, LIMIT, LIMIT), "p": Container(lambda _: None, LIMIT)}


async def stream(kind: str, size: int) -> AsyncIterator[bytes]:
    whole = form(file("files", "a.bin", MARK)) if kind == "file" else form(text("p", MARK))
    before, after = whole.split(MARK)
    yield before
    for _ in range(max(1, size // PIECE)):
        octets = os.urandom(PIECE // 57 * 57)
        yield octets if kind == "file" else b"".join(armored([octets]))
    yield after


def memory(word: str) -> int:
    (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(word)]
    return int(line.split()[1]) << 10


for kind in ("file", "container"):
    asyncio.run(received(stream(kind, 1), KIND, FIELDS, spool=Spool()))
    Path("/proc/self/clear_refs").write_text("5")
    idle = memory("VmRSS:")
    got = asyncio.run(received(stream(kind, SIZE), KIND, FIELDS, spool=Spool()))
    print(kind, memory("VmHWM:") - idle)
