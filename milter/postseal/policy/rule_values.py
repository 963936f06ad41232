"""The types of a rule's properties: how each is written in YAML, and checked.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from postseal import scalar
from postseal.document import Node, bad

_LONGEST_COMMENT = 1024


def name(node: Node, _reader: object = None) -> str:
    """A name of its own, at most 64 printable characters."""
    written = scalar.one(node)
    if not written.text.strip() or not written.text.isprintable() or len(written.text) > 64:
        raise bad(
            written.place,
            f"bad name of a rule {written.text[:40]!r}",
            "write at most 64 printable characters",
        )
    return written.text


def comment(node: Node, _reader: object = None) -> str:
    """Text, at most 1024 characters."""
    written = scalar.one(node)
    if len(written.text) > _LONGEST_COMMENT:
        what = f"a comment of {len(written.text)} characters"
        raise bad(written.place, what, f"keep it to {_LONGEST_COMMENT}, or use # comments")
    return written.text


def moment(node: Node, _reader: object = None) -> datetime:
    """A day or a moment in UTC unless it names its offset: `2026-12-24`, `2026-12-24T18:00+01:00`."""
    written = scalar.one(node)
    found = None
    if re.match(r"\d{4}-\d\d-\d\d(?:$|[T ]\d\d:\d\d)", written.text, re.ASCII):
        with suppress(ValueError):
            found = datetime.fromisoformat(written.text)
    if found is None:
        hint = "write it as 2026-12-24, 2026-12-24T18:00 (UTC) or 2026-12-24T18:00+01:00"
        raise bad(written.place, f"expected a day or a moment, found '{written.text}'", hint)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def end(node: Node, _reader: object = None) -> datetime:
    """The same; a day counts to its end."""
    found = moment(node)
    if len(scalar.text(node)) > len("2026-12-24"):
        return found
    try:
        return found + timedelta(days=1)
    except OverflowError:
        raise bad(node.place, "there is no day after this one", "leave the key out") from None
