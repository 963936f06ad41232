"""What an administrator sets for replies from the portal."""

from dataclasses import dataclass
from typing import Annotated

from postseal import scalar


@dataclass(frozen=True, slots=True)
class Replies:
    """Replies to sealed messages.

    *submit_to*: the MTA's listener with the milter, for people inside; "": nobody can reply.
    *sender*: the address of ours that they come from, "" for that of notices.
    *text*: octets of the text; *files*, *file*, *together*: how many files, octets of each, and of all.
    *give_up*: how long the MTA is tried.
    """

    submit_to: Annotated[str, scalar.http_address] = "127.0.0.1:25"
    sender: Annotated[str, scalar.author] = ""
    text: Annotated[int, scalar.size] = 256 << 10
    files: Annotated[int, scalar.count] = 20
    file: Annotated[int, scalar.size] = 25 << 20
    together: Annotated[int, scalar.size] = 25 << 20
    give_up: Annotated[float, scalar.duration] = 5 * 86400.0
