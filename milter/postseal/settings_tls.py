"""What an administrator sets for TLS between mail servers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.document import Node


def configuration(node: Node, _reader: object = None) -> Path | None:
    """The folder of a Postfix's main.cf, or `none`."""
    return None if scalar.text(node) == "none" else scalar.path(node)


@dataclass(frozen=True, slots=True)
class Tls:
    """*enforced*: whether the MTA does what our field asks for (contrib/postfix); without it no rule may
    require TLS, for the mail would go without.  *postfix*: the configuration of the Postfix that is asked
    about that at every start and reload; None: it is on another host, and is believed."""

    enforced: bool = False
    postfix: Annotated[Path | None, configuration] = Path("/etc/postfix")
