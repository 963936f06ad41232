"""From the message the MTA has to the message it should have: the fewest milter edits.

Promises: header edits first, the body last; repeated fields are deleted from the last to the first;
a body that stayed the same object is not sent.  Applied in order, the edits leave every field of
the new message, each name's fields in the new order.  Where fields of *different* names stand
relative to each other is kept for all fields that stay; a new field goes to the top if it stands
above every old one, otherwise to the end, because a milter cannot place it reliably elsewhere
(Sendmail counts fields that it hides from us).  Pure: nothing here talks to the MTA.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from postseal.body import Body
from postseal.message import Header, Message

_TABLE_CELLS = 250_000
"""Above this size of the comparison table, differing fields of one name are paired in order instead."""


@dataclass(frozen=True, slots=True)
class InsertHeader:
    """Put *header* above all others."""

    header: Header


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    """Give the field with *header*'s name and this *index* (from 1, per name) *header*'s value."""

    index: int
    header: Header


@dataclass(frozen=True, slots=True)
class DeleteHeader:
    """Delete the field *name* with this *index* (from 1, per name)."""

    index: int
    name: bytes


@dataclass(frozen=True, slots=True)
class AppendHeader:
    """Put *header* below all others."""

    header: Header


@dataclass(frozen=True, slots=True)
class ReplaceBody:
    """Replace the whole body."""

    body: Body


@dataclass(frozen=True, slots=True)
class DeleteRecipient:
    """Take *address* off the envelope."""

    address: str


@dataclass(frozen=True, slots=True)
class AddRecipient:
    """Put *address* on the envelope."""

    address: str


@dataclass(frozen=True, slots=True)
class ChangeSender:
    """Tell the sender's *address* again, with ESMTP *parameters*."""

    address: str
    parameters: str


HEADERS_ONLY: Final = "RET=HDRS"
"""The parameter by which a bounce does not quote the message (RFC 3461 §4.3)."""

Edit = (
    InsertHeader
    | ChangeHeader
    | DeleteHeader
    | AppendHeader
    | AddRecipient
    | DeleteRecipient
    | ChangeSender
    | ReplaceBody
)


def edits(old: Message, new: Message) -> list[Edit]:
    """What to tell the MTA, in this order, so that its *old* becomes *new*."""
    result: list[Edit] = []
    if old.headers != new.headers:
        result += _header_edits(old.headers, new.headers)
    if old.body is not new.body:
        result.append(ReplaceBody(new.body))
    return result


def _header_edits(old: Sequence[Header], new: Sequence[Header]) -> list[Edit]:
    top = _count_new_at_top(old, new)
    before, after = _by_name(old), _by_name(new[top:])
    changes: list[Edit] = []
    surplus: Counter[bytes] = Counter()
    for name in {**before, **after}:
        pairs = _pairs(before[name], after[name])
        changes += _name_edits(before[name], after[name], pairs)
        surplus[name] = len(after[name]) - len(pairs) + pairs.count(None)
    # All deletions and changes refer to the old numbering: they come before anything is added.
    appends: list[Edit] = []
    for header in reversed(new[top:]):
        if surplus[_name(header)] > 0:
            surplus[_name(header)] -= 1
            appends.insert(0, AppendHeader(header))
    inserts = [InsertHeader(header) for header in reversed(new[:top])]
    return [*changes, *appends, *inserts]


def _count_new_at_top(old: Sequence[Header], new: Sequence[Header]) -> int:
    """How many fields of *new* were put above all of *old*: unknown ones, of names that became more."""
    surplus = Counter(_name(header) for header in new)
    surplus.subtract(Counter(_name(header) for header in old))
    known = set(old)
    top = 0
    for header in new:
        if header in known or surplus[_name(header)] <= 0:
            break
        surplus[_name(header)] -= 1
        top += 1
    # Only what an old field follows is "above"; in a message without old fields the end is as good.
    return top if old and top < len(new) else 0


def _name(header: Header) -> bytes:
    return header.name.lower()


def _by_name(headers: Sequence[Header]) -> defaultdict[bytes, list[Header]]:
    result: defaultdict[bytes, list[Header]] = defaultdict(list)
    for header in headers:
        result[_name(header)].append(header)
    return result


def _name_edits(old: list[Header], new: list[Header], pairs: list[int | None]) -> Iterator[Edit]:
    """Deletions and changes among the fields of one name, from the last to the first.

    Postfix renumbers the remaining fields after a deletion and Sendmail does not; from the last to
    the first both agree.
    """
    for index in range(len(old) - 1, -1, -1):
        partner = pairs[index]
        if partner is None:
            yield DeleteHeader(index + 1, old[index].name)
        elif new[partner] != old[index]:
            yield ChangeHeader(index + 1, new[partner])


def _pairs(old: list[Header], new: list[Header]) -> list[int | None]:
    """For each old field the new one that it becomes, or None where it goes; the new ones left over
    are the last.  The cheapest choice, where keeping is free and change, deletion, addition cost 1."""
    head = 0
    while head < len(old) and head < len(new) and old[head] == new[head]:
        head += 1
    rest = _table_pairs(old[head:], new[head:])
    return [*range(head), *(None if partner is None else head + partner for partner in rest)]


def _table_pairs(old: list[Header], new: list[Header]) -> list[int | None]:
    rows, columns = len(old), len(new)
    if rows * columns > _TABLE_CELLS:
        return [index if index < columns else None for index in range(rows)]
    # cost[i][j]: the cheapest way from old[i:] to new[j:].  Old fields are kept, changed or deleted
    # in order; only when none is left may new ones be appended, for a milter cannot insert between.
    cost = [[columns - j for j in range(columns + 1)]]
    for i in range(rows - 1, -1, -1):
        below, row = cost[0], [0] * (columns + 1)
        row[columns] = rows - i
        for j in range(columns):
            row[j] = min(below[j + 1] + (old[i] != new[j]), below[j] + 1)
        cost.insert(0, row)
    pairs: list[int | None] = []
    j = 0
    for i in range(rows):
        if j < columns and cost[i][j] == cost[i + 1][j + 1] + (old[i] != new[j]):
            pairs.append(j)
            j += 1
        else:
            pairs.append(None)
    return pairs
