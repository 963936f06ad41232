"""What servers of ours found about a message's origin: SPF, DKIM and DMARC (RFC 8601).

Only fields that one of our servers signed count, and only those that stand so high in the header that they
cannot have come with the message (RFC 8601 §5).  Never raises; what makes no sense says nothing.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from postseal.message import Message
from postseal.settings.judging import Authentication


class Result(StrEnum):
    """What a check found (RFC 8601 §2.7)."""

    PASS = "pass"  # noqa: S105 (the RFC's word)
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|\\.|[()]|[^"()\\]++|.', re.DOTALL)
_FOUND = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*[0-9]+)?\s*=\s*([a-z]+)(?![a-z0-9-])")


def results(message: Message, believed: Authentication) -> dict[str, frozenset[Result]]:
    """What was found, by the method's word, such as `dmarc`."""
    found: dict[str, set[Result]] = {}
    hops = 0
    for header in message.headers if believed.servers else ():
        if header.named("Received"):
            hops += 1
            if hops > believed.hops:
                break
        elif header.named("Authentication-Results"):
            for method, result in _read(header.value, believed.servers):
                found.setdefault(method, set()).add(result)
    return {method: frozenset(said) for method, said in found.items()}


def _read(value: bytes, servers: tuple[str, ...]) -> Iterator[tuple[str, Result]]:
    server, *found = _plain(value).lower().split(";")
    if server.split()[:1] == [] or server.split()[0] not in servers:
        return
    for each in found:
        if (said := _FOUND.match(each)) and said[2] in set(Result):
            yield said[1], Result(said[2])


def _plain(value: bytes) -> str:
    """*value* without comments; a quoted string, in which a ; means nothing, becomes an empty word."""
    depth = 0
    kept = []
    for token in _TOKEN.findall(value):
        if token == b"(":
            depth += 1
        elif token == b")":
            depth = max(0, depth - 1)
        elif not depth and not token.startswith(b'"'):
            kept.append(token)
    return b"".join(kept).decode("latin-1")
