"""What an administrator sets for mailing lists among the recipients of sealed messages."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad
from postseal.errors import Place
from postseal.settings.sms import gateway, secret_source

LIST = "{list}"
"""What stands for the address of a list in a command."""


def program(node: Node, _reader: object = None) -> tuple[str, ...]:
    """A program with its path and its arguments, one of which is `{list}`: the address of a list."""
    words = tuple(scalar.text(each) for each in scalar.listed(node))
    if words and (not words[0].startswith("/") or LIST not in words[1:]):
        hint = "write the program with its path, and '{list}' as an argument of its own"
        raise bad(node.place, "bad command", hint)
    return words


def brief(node: Node, _reader: object = None) -> float:
    """A time span from a second to half a minute."""
    span = scalar.duration(node)
    if not 1 <= span <= 30:
        raise bad(node.place, "expected a time span from 1s to 30s", "leave the key out for the default")
    return span


@dataclass(frozen=True, slots=True)
class Lists:
    """Who says who is a member of a list.

    *directory*: whether the people of `directory` whose groups have the list's address are.  *command*: a
    program that prints the members; *url*: a server that answers with them.  *authorization*: the value of
    the header field of that name.  *remembered*: how long an answer of one of these two is good.
    """

    directory: bool = False
    command: Annotated[tuple[str, ...], program] = ()
    url: Annotated[str, gateway] = ""
    authorization: Annotated[str, secret_source] = ""
    certificate_authority: Path | None = None
    timeout: Annotated[float, brief] = 5.0
    remembered: Annotated[float, scalar.duration] = 300.0
    place: Place = field(default=Place("portal: lists"), compare=False, repr=False)

    @property
    def any(self) -> bool:
        """Whether anybody says it."""
        return self.directory or bool(self.command) or bool(self.url)
