"""The files that come with a message: attachments, pictures within the text, and the files in files.

Names and sizes of attachments are told from the message itself; everything else has the files opened, once
for a transaction, by the processes of `content`.  What cannot be looked into is an `Item` that says so.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

from postseal.cms import encoding
from postseal.cms import field as fields
from postseal.cms.mime import Kind, Part, walk
from postseal.content import kind, transfer
from postseal.content.item import Item, State
from postseal.content.process import Budget, Pool
from postseal.errors import Cause, Failure
from postseal.message import Message

UNREAD = frozenset({"message/rfc822", "message/global", *("application/ms-tnef", "application/vnd.ms-tnef")})
"""Types of leaves that hold what is shown as the message: one that was encoded, or Outlook's own format."""

_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_SMALL = 1 << 17


class Files:
    """The files of one message."""

    def __init__(self, message: Message, pool: Pool) -> None:
        self._message = message
        self._pool = pool

    @cached_property
    def _parts(self) -> "tuple[Part, ...] | Failure":
        try:
            return tuple(
                part for part in walk(self._message.headers, self._message.body) if self._is_file(part)
            )
        except Failure as failure:
            return Failure(Cause.UNINSPECTABLE, failure.detail)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The attachments.  Raises Failure(UNINSPECTABLE) if the message has too many parts."""
        if isinstance(self._parts, Failure):
            raise self._parts
        return self._parts

    @property
    def outer(self) -> Iterator[Item]:
        """The attachments with nothing but their names, without looking into them."""
        for part in self.parts:
            yield Item(_name(part), "", 0)

    def size(self, part: Part) -> int:
        """Octets of the attachment, its transfer encoding undone."""
        pieces = self._message.body.pieces(part.start, part.stop)
        if part.encoding == "base64":
            pieces = encoding.from_base64(pieces)
        elif part.encoding == "quoted-printable":
            pieces = encoding.from_quoted_printable(pieces)
        return sum(map(len, pieces))

    def over(self, octets: int) -> bool:
        """Whether one of the attachments has at least that size."""
        # No transfer encoding makes anything smaller.
        return any(part.stop - part.start >= octets and self.size(part) >= octets for part in self.parts)

    @property
    def items(self) -> Iterator[Item]:
        """Every file, those within others behind them."""
        for items in self.components:
            yield from items

    @property
    def components(self) -> Sequence[Sequence[Item]]:
        """The attachments, each with all files in it, the attachment itself first."""
        return tuple(self._inspected[part.head, part.start] for part in self.parts)

    def of(self, part: Part) -> Sequence[Item]:
        """The same for one attachment; empty if *part* is none."""
        return self._inspected.get((part.head, part.start), ())

    @cached_property
    def _inspected(self) -> dict[tuple[int, int], Sequence[Item]]:
        budget = Budget.of(self._pool.limits)
        return {(part.head, part.start): self._inspect(part, budget) for part in self.parts}

    def _inspect(self, part: Part, budget: Budget) -> Sequence[Item]:
        size = part.stop - part.start
        whole = Item(_name(part), part.content_type, size, State.UNSUPPORTED, opens=True)
        if part.kind is Kind.MESSAGE:
            return [Item(_name(part), kind.MAIL, size, State.READ, opens=True)]
        if part.defect:
            whole.detail = part.defect
            return [whole]
        if size > 3 * self._pool.limits.unpacked:
            whole.state, whole.detail = State.LIMIT, "it is too large"
            return [whole]
        try:
            octets = transfer.decoded(self._message.body.read(part.start, part.stop), part)
        except Failure as failure:
            whole.detail = failure.detail
            return [whole]
        return self._pool.inspect(
            _name(part), octets, budget, charset=part.charset, declared=part.content_type
        )

    def _is_file(self, part: Part) -> bool:
        """Whether *part* is more than a piece of the text, or of what holds the message together."""
        if part.kind is Kind.MESSAGE:
            return part.depth > 0
        if part.kind is not Kind.LEAF:
            return False
        if part.content_type.startswith(("text/", "multipart/")) or (
            part.content_type.startswith("message/") and part.content_type not in UNREAD
        ):
            return bool(part.filename) or _attached(part)
        if part.content_type in _SIGNATURES and part.stop - part.start < _SMALL:
            octets = transfer.decoded(self._message.body.read(part.start, part.stop), part)
            return kind.kind(octets) != kind.SIGNATURE and not octets.lstrip().startswith(
                b"-----BEGIN PGP SIGNATURE-----"
            )
        return part.depth > 0 or part.content_type not in {
            *("application/pkcs7-mime", "application/x-pkcs7-mime")
        }


def _attached(part: Part) -> bool:
    return any(
        header.named("Content-Disposition") and fields.parametrized(header.value).value == "attachment"
        for header in part.headers
    )


def _name(part: Part) -> str:
    """The attachment's file name, without any folder."""
    name = part.filename.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name or ("message.eml" if part.kind is Kind.MESSAGE else "unnamed")
