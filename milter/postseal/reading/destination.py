"""Says where a link leads if its text says something else.

Works on what the sanitiser has written, in which every attribute is quoted; takes linear time.
"""

import re
from html import escape, unescape

_ANCHOR = re.compile(r'<a((?: [a-z-]++="[^"]*+")*+)>((?:(?!</?a[ >]).){0,2000})</a>', re.DOTALL)
_HREF = re.compile(r' href="https?://([^"/?#\\]*+)', re.IGNORECASE)
_TAG = re.compile(r"<[^>]*+>")
_HOST = re.compile(
    r"\s*(?:https?:/*)?(?:[^\s/@]{1,100}@)?((?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24})(?![\w.-]*@)", re.IGNORECASE
)


def disclosed(markup: str) -> str:
    """*markup* with the host behind every link whose text names another, or whose host is disguised."""
    return _ANCHOR.sub(_with_host, markup)


def _with_host(match: re.Match[str]) -> str:
    href = _HREF.search(match[1])
    if href is None:
        return match[0]
    authority = unescape(href[1])
    host = authority.rpartition("@")[2].lower()
    name = host.partition(":")[0]
    said = _HOST.match(unescape(_TAG.sub("", match[2])))
    honest = said is None or _same(said[1].lower(), name)
    if honest and "@" not in authority and name.isascii():
        return match[0]
    return f'<a{match[1]}>{match[2]}</a><bdi class="to"> [{escape(_ascii(host))}]</bdi>'


def _same(said: str, name: str) -> bool:
    """Whether the host *name* is the one that is *said*, or one within it."""
    said = said.removeprefix("www.")
    return name == said or name.endswith(f".{said}")


def _ascii(host: str) -> str:
    """*host* in letters that look like no others."""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode("ascii")
