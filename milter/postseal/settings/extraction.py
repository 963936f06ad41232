"""What an administrator sets about looking into attachments: the limits."""

from dataclasses import dataclass, field
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad

_LEAST_MEMORY = 256 << 20


def address_space(node: Node, _reader: object = None) -> int:
    """A size of at least 256 MiB."""
    if (octets := scalar.size(node)) < _LEAST_MEMORY:
        hint = "leave the key out for the default"
        raise bad(node.place, "expected a size of at least 256MiB: the libraries need that", hint)
    return octets


def patience(node: Node, _reader: object = None) -> float:
    """A time span from a second to four minutes: Postfix waits five."""
    span = scalar.duration(node)
    if not 1 <= span <= 240:
        raise bad(node.place, "expected a time span from 1s to 4m", "leave the key out for the default")
    return span


@dataclass(frozen=True, slots=True)
class Extraction:
    """What looking into the files of one message may cost; beyond that they count as not inspected.

    *depth*: levels of files within files.  *files*: all of them.  *unpacked*: octets that they unpack to.
    *text*: characters.  *seconds*: for all files of a message.  *memory*: octets of the address space of a
    process that reads files.  *processes*: how many of these a worker has at most.
    """

    depth: Annotated[int, scalar.count] = 8
    files: Annotated[int, scalar.count] = 5000
    unpacked: Annotated[int, scalar.size] = 256 << 20
    text: Annotated[int, scalar.size] = 16 << 20
    seconds: Annotated[float, patience] = field(default=30.0, metadata={"word": "time"})
    memory: Annotated[int, address_space] = 1 << 30
    processes: Annotated[int, scalar.count] = 2
