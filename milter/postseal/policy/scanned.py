"""What conditions see of a message, piece by piece, for the administrator who asks what was scanned."""

from collections.abc import Iterator
from dataclasses import dataclass

from postseal.content.item import State
from postseal.errors import Failure
from postseal.policy import content
from postseal.policy.mail import Transaction


@dataclass(frozen=True, slots=True)
class Piece:
    """One text, or a file without.  *where*: `subject`, `text`, or the path of a file."""

    where: str
    kind: str
    state: str
    text: str
    size: int = 0
    detail: str = ""
    properties: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        head = [
            self.where,
            *filter(None, [self.kind]),
            *([f"{self.size} octets"] if self.size else []),
            self.state,
        ]
        lines = [", ".join(head) + (f" ({self.detail})" if self.detail else "")]
        lines += [f"  {name}: {value}" for name, value in self.properties]
        lines += [f"  | {line}" for line in self.text.splitlines()]
        return "\n".join(lines)


def scanned(transaction: Transaction) -> Iterator[Piece]:
    """Everything that conditions on content look at.  Does not raise Failure."""
    for subject in transaction.subject:
        yield Piece("subject", "", State.READ, _shown(subject))
    try:
        for kind, piece in content.pieces(
            transaction.message, transaction.site.inspect_bytes, transaction.files
        ):
            if piece.strip():
                yield Piece("text", kind, State.READ, _shown(piece))
    except Failure as failure:
        yield Piece("text", "", "cannot be seen", "", detail=failure.detail)
    try:
        for item in transaction.files.items:
            yield Piece(
                item.path,
                item.kind,
                item.state,
                _shown(transaction.seen(item)),
                item.size,
                item.detail,
                tuple(sorted(item.properties.items())),
            )
    except Failure as failure:
        yield Piece("attachments", "", "cannot be seen", "", detail=failure.detail)


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()
