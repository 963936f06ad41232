"""What an administrator sets for messages that readers forward in the portal."""

from dataclasses import dataclass
from typing import Annotated

from postseal import scalar


@dataclass(frozen=True, slots=True)
class Forwards:
    """Messages that are forwarded.

    *recipients*: of one time, 0: nobody can forward; *daily*: that one reader may give to one message within
    a day.  *domains*: where to, with their subdomains; none: anywhere.
    """

    recipients: Annotated[int, scalar.natural] = 20
    daily: Annotated[int, scalar.count] = 50
    domains: tuple[Annotated[str, scalar.domain], ...] = ()
