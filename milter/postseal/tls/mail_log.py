"""What Postfix's log tells about TLS: which mail came and went by which version, and what became of it.

A session is told by a line of its own, and mail by later lines of the same process; mail of a process that
told of no session since its last mail came or went in clear.  `smtp_tls_loglevel` and `smtpd_tls_loglevel`
must be at least 1.  Lines that are not understood are passed over.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

NONE: Final = "none"
"""In place of a version: in clear."""

_LINE: Final = re.compile(r"(?P<service>[\w./-]+/(?:smtpd?|lmtp|qmgr|cleanup))\[(?P<pid>\d+)\]: (?P<text>.*)")
_OPENED: Final = re.compile(
    r"(?P<trust>\w+) TLS connection established (?P<way>to|from) \S+: (?P<version>\S+) with cipher"
)
_QUEUE_ID: Final = r"(?P<id>[0-9A-Za-z]+): "
_SIZE: Final = re.compile(_QUEUE_ID + r"from=<[^>]*>, size=(?P<size>\d+)")
_CAME: Final = re.compile(_QUEUE_ID + r"client=")
_WENT: Final = re.compile(
    _QUEUE_ID + r"to=<(?P<to>[^>]*)>,.* relay=(?P<relay>[^,]*),.* status=(?P<status>\w+)(?: \((?P<why>.*)\))?"
)
_NAMED: Final = re.compile(_QUEUE_ID + r"message-id=(?P<name>\S+)")
_LEVEL: Final = re.compile(r"/tls-([a-z]+(?:-only)?)(?:-[0-9a-f]{12})?/smtp$")


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """What mail has in common.

    *way*: `out` or `in`.  *version*: of TLS, or `none`.  *certificate*: what Postfix made of it: Verified,
    Trusted, Untrusted, Anonymous; "" in clear.  *required*: the level of a rule.  *connector*: its name.
    *outcome*: sent, deferred, bounced; received.
    """

    way: str
    version: str
    certificate: str
    required: str
    connector: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Journey:
    """What became of a message that a rule required TLS for, on its way to one recipient.

    *row*: the last attempt.  *attempts*: how many there were.  *relay*: the server.  *why*: in its words, or
    Postfix's.
    """

    queue_id: str
    message_id: str
    recipient: str
    row: Row
    attempts: int
    relay: str
    why: str


@dataclass(slots=True)
class Volume:
    """*count*: recipients of mail that went, attempts that failed, messages that came; *octets*: of these."""

    count: int = 0
    octets: int = 0


def report(lines: Iterable[str], connector: Callable[[str], str]) -> dict[Row, Volume]:
    """The volume of each kind of mail in *lines*.  *connector*: the name of that to a domain, "" for none."""
    sizes: dict[str, int] = {}
    volumes: dict[Row, Volume] = {}
    came: list[tuple[str, Row]] = []
    for identity, row, went in _rows(lines, sizes, {}):
        if went is None:  # its size is told later
            came.append((identity, row))
            continue
        kind = replace(row, connector=connector(went["to"].rpartition("@")[2]))
        _add(volumes, kind, sizes.get(identity, 0))
    for identity, row in came:
        _add(volumes, row, sizes.get(identity, 0))
    return dict(sorted(volumes.items()))


def journeys(lines: Iterable[str], connector: Callable[[str], str]) -> list[Journey]:
    """Each message in *lines* that a rule required TLS for, by recipient, in the order of first attempts."""
    found: dict[tuple[str, str], Journey] = {}
    names: dict[str, str] = {}
    for identity, row, went in _rows(lines, {}, names):
        if went is None or not row.required:
            continue
        key = identity, went["to"]
        before = found[key].attempts if key in found else 0
        last = replace(row, connector=connector(went["to"].rpartition("@")[2]))
        name, why = names.get(identity, ""), went["why"] or ""
        found[key] = Journey(identity, name, went["to"], last, before + 1, went["relay"], why)
    return list(found.values())


def _add(volumes: dict[Row, Volume], row: Row, octets: int) -> None:
    volume = volumes.setdefault(row, Volume())
    volume.count += 1
    volume.octets += octets


def _rows(
    lines: Iterable[str], sizes: dict[str, int], names: dict[str, str]
) -> Iterator[tuple[str, Row, re.Match[str] | None]]:
    """Queue id and kind of all mail, and the match of that which goes; *sizes* and *names* (Message-ID) are
    filled in on the way."""
    sessions: dict[str, tuple[str, str]] = {}
    current: dict[str, str] = {}
    for line in lines:
        found = _LINE.search(line)
        if not found:
            continue
        service, process, text = found["service"], found["pid"], found["text"]
        if opened := _OPENED.match(text):
            sessions[process] = opened["version"], opened["trust"]
            current.pop(process, None)
        elif size := _SIZE.match(text):
            sizes[size["id"]] = int(size["size"])
        elif named := _NAMED.match(text):
            names[named["id"]] = named["name"]
        elif text.startswith(("connect from", "disconnect from")):
            sessions.pop(process, None)
        elif came := _CAME.match(text):
            version, trust = sessions.get(process, (NONE, ""))
            yield came["id"], Row("in", version, trust, "", "", "received"), None
        elif went := _WENT.match(text):
            if current.setdefault(process, went["id"]) != went["id"]:  # another mail, another session
                sessions.pop(process, None)
                current[process] = went["id"]
            version, trust = sessions.get(process, (NONE, ""))
            level = _LEVEL.search(service)
            row = Row("out", version, trust, level[1] if level else "", "", went["status"])
            yield went["id"], row, went
