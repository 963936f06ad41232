"""What people type, as format=flowed (RFC 3676): paragraphs that every window can wrap, and quotations."""

import re
from collections.abc import Iterator
from typing import Final

_WIDTH: Final = 72
_WORD: Final = re.compile(r"[^ ]* +|[^ ]+")
_SIGNATURE: Final = "-- "


def flowed(text: str) -> str:
    """*text* with soft line ends; a line that begins with ">" is a quotation.  Lines end with LF."""
    return "".join(f"{line}\n" for raw in lines(text) for line in _flowed(raw))


def quoted(text: str) -> str:
    """*text* one level deeper."""
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}" for line in lines(text))


def lines(text: str) -> list[str]:
    """The lines of *text*, whatever ends them, without blank ones at its end."""
    return re.split(r"\r\n|\r|\n", text.rstrip())


def _flowed(raw: str) -> Iterator[str]:
    content = raw.lstrip(">")
    marks = raw[: len(raw) - len(content)]
    if marks:
        content = content.removeprefix(" ")
    if content != _SIGNATURE:
        content = content.rstrip()  # a blank at the end would join the next line to this one
    for line in _wrapped(content, _WIDTH - len(marks)):
        stuffed = line.startswith((" ", ">", "From ")) or (marks and line)
        yield f"{marks} {line}" if stuffed else f"{marks}{line}"


def _wrapped(content: str, width: int) -> Iterator[str]:
    """*content* in lines that end in the blank at which they are broken."""
    line = ""
    for word in _WORD.findall(content):
        if line.strip() and len(line) + len(word.rstrip()) > width:
            yield line
            line = ""
        line += word
    yield line
