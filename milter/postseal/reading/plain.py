"""Plain text as HTML: quotations set in, links to click, flowed lines joined (RFC 3676); in linear time."""

import re
from html import escape

_LEVELS = 12
_QUOTE = re.compile(r"(?:> ?)+")
_LINK = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]{3,2000})"
    r"|(?P<www>(?<![\w.@/-])www\.[^\s<>\"]{3,2000})"
    r"|(?P<mail>(?<![\w.%+-])[\w.%+-]{1,64}+@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})",
    re.IGNORECASE,
)
_SAFELY = 'rel="noopener noreferrer nofollow" target="_blank"'
_BEHIND = re.compile(r"[.,;:!?'*_~\]}»”’]+$")


def html(text: str) -> str:
    """*text* as paragraphs within as many quotations as it has; harmless whatever it is."""
    pieces: list[str] = []
    level = 0
    for line in text.split("\n"):
        quote = _QUOTE.match(line)
        depth = min(quote[0].count(">"), _LEVELS) if quote else 0
        if depth != level:
            pieces.append("</blockquote>" * (level - depth) + '<blockquote dir="auto">' * (depth - level))
            level = depth
        pieces.append(f'<p dir="auto">{linked(line[quote.end() :] if quote else line) or "<br>"}</p>')
    return "".join(pieces) + "</blockquote>" * level


def linked(line: str) -> str:
    """*line* as HTML with what looks like a link made one."""
    pieces = []
    position = 0
    for match in _LINK.finditer(line):
        text = match[0]
        if match["mail"] is None:
            text = _BEHIND.sub("", text)
            if text.endswith(")") and text.count("(") < text.count(")"):
                text = _BEHIND.sub("", text[:-1])
        address = {"url": text, "www": f"http://{text}", "mail": f"mailto:{text}"}[str(match.lastgroup)]
        pieces.append(escape(line[position : match.start()], quote=False))
        pieces.append(f'<a href="{escape(address)}" {_SAFELY}>{escape(text)}</a>')
        position = match.start() + len(text)
    pieces.append(escape(line[position:], quote=False))
    return "".join(pieces)


def unflowed(text: str, *, delsp: bool) -> str:
    """*text* of format=flowed with its soft line ends gone (RFC 3676 §4); quote marks stay as ">" each."""
    lines: list[str] = []
    flowing = -1  # the depth of the paragraph that goes on; none
    for raw in text.split("\n"):
        content = raw.lstrip(">")
        depth = len(raw) - len(content)
        content = content.removeprefix(" ")  # stuffed
        soft = content.endswith(" ") and content != "-- "
        if soft and delsp:
            content = content[:-1]
        if flowing == depth and content != "-- ":
            lines[-1] += content
        else:
            lines.append(f"{'>' * depth} {content}" if depth else content)
        flowing = depth if soft else -1
    return "\n".join(lines)
