"""What an administrator sets about the facts that policies ask for and the message does not tell itself."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad
from postseal.settings.smime import Ldap


def authserv_id(node: Node, _reader: object = None) -> str:
    """The name by which a mail server of ours signs its Authentication-Results: `mx.example.com`."""
    written = scalar.text(node)
    if not re.fullmatch(r"[!-~]{1,255}", written) or re.search(r'[;()"\\]', written):
        raise bad(
            node.place, f"bad name of a server '{written[:40]}'", "write what stands before the first ;"
        )
    return written.lower()


@dataclass(frozen=True, slots=True)
class Authentication:
    """Whose Authentication-Results are believed (RFC 8601).

    *servers*: names by which servers of ours sign them.  *hops*: how many Received fields of ours may
    stand above such a field; one that stands lower was there when the message came, and may be forged.
    """

    servers: tuple[Annotated[str, authserv_id], ...] = ()
    hops: Annotated[int, scalar.natural] = 0


def group_filter(node: Node, _reader: object = None) -> str:
    """An LDAP search filter (RFC 4515) with `{dn}` where the name of a member belongs."""
    written = scalar.text(node)
    if "{dn}" not in written or written.count("(") != written.count(")") or written[:1] != "(":
        raise bad(node.place, f"bad filter '{written}'", "write it as (member={dn})")
    return written


def patience(node: Node, _reader: object = None) -> float:
    """A time span from a second to a minute."""
    span = scalar.duration(node)
    if not 1 <= span <= 60:
        raise bad(node.place, "expected a time span from 1s to 1m", "leave the key out for the default")
    return span


@dataclass(frozen=True, slots=True)
class PeopleServer:
    """An LDAP server that knows people.

    *group_filter*: finds the groups of somebody, and the groups of a group.  *manager*: the attribute that
    names somebody's manager.  *seconds*: how long the questions for one message may take; *remembered*: how
    long an answer is good.
    """

    server: Ldap = field(metadata={"word": "ldap"})
    group_filter: Annotated[str, group_filter] = "(|(member={dn})(uniqueMember={dn}))"
    manager: str = "manager"
    seconds: Annotated[float, patience] = field(default=5.0, metadata={"word": "time"})
    remembered: Annotated[float, scalar.duration] = 300.0


@dataclass(frozen=True, slots=True)
class Directory:
    """Where groups, attributes and managers of people are looked up: in a *file*, else on a *server*."""

    file: Path | None = None
    server: PeopleServer | None = None
