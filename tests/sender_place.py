"""What senders do in the portal, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager

from demo.visitor import Visitor
from portal_place import Place, place

SENDERS = "  senders: {}\n"


@contextmanager
def senders_place(*, more: str = SENDERS, ome: str = "") -> Iterator[Place]:
    """A portal with a page of senders."""
    with place(more=more, ome=ome) as running:
        yield running


def signed_in(here: Place, address: str, visitor: Visitor | None = None) -> Visitor:
    """Somebody who has signed in as the sender *address*."""
    visitor = visitor or here.visitor()
    assert visitor.post("/sent/address", address=address).to == "/sent"
    assert visitor.post("/sent/code", code=here.code()[1]).to == "/sent"
    return visitor
