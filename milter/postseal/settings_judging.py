"""What an administrator sets about the facts that policies ask for and the message does not tell itself."""

import re
from dataclasses import dataclass
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad


def authserv_id(node: Node, _reader: object = None) -> str:
    """The name by which a mail server of ours signs its Authentication-Results: `mx.example.com`."""
    written = scalar.text(node)
    if not re.fullmatch(r"[!-~]{1,255}", written) or re.search(r'[;()"\\]', written):
        raise bad(
            node.place, f"bad name of a server '{written[:40]}'", "write what stands before the first ;"
        )
    return written.lower()


def natural(node: Node, _reader: object = None) -> int:
    """A whole number, 0 or more."""
    return scalar.integer(node)


@dataclass(frozen=True, slots=True)
class Authentication:
    """Whose Authentication-Results are believed (RFC 8601).

    *servers*: names by which servers of ours sign them.  *hops*: how many Received fields of ours may
    stand above such a field; one that stands lower was there when the message came, and may be forged.
    """

    servers: tuple[Annotated[str, authserv_id], ...] = ()
    hops: Annotated[int, natural] = 0
