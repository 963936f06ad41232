"""The audit as a file, CSV or JSON, checked row by row while it is written.

The last record says how far the audit is as it was written, so a file without one was cut off.  A row is
bad if it, or the row before it, is not what was written; the good ones around it still are.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from postseal.store.audit import Audit, Row

_COLUMNS: Final = ("number", "at", "event", "message", "address", "detail", "mac", "good")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Between:
    """Rows of which are wanted: *since* then, *before* then; None for all."""

    since: datetime | None = None
    before: datetime | None = None

    def __contains__(self, at: object) -> bool:
        assert isinstance(at, datetime)  # noqa: S101 (for the type checker)
        return (self.since is None or at >= self.since) and (self.before is None or at < self.before)


@dataclass(slots=True)
class _Found:
    rows: int = 0
    bad: list[int] = field(default_factory=list)
    last: str = ""

    @property
    def facts(self) -> dict[str, object]:
        return {"rows": self.rows, "bad": self.bad[:100], "bad_rows": len(self.bad), "last": self.last}


def facts(row: Row) -> dict[str, object]:
    """A row, for JSON."""
    return {
        "number": row.number,
        "at": row.at.isoformat(),
        "event": row.event,
        "message": row.message.hex() if row.message else None,
        "address": row.address,
        "detail": row.detail,
        "mac": row.mac.hex(),
    }


def as_json(audit: Audit, between: Between) -> Iterator[bytes]:
    """One object: `rows`, and `check`."""
    found, comma = _Found(), ""
    yield b'{"rows": ['
    for row, good in _checked(audit, between, found):
        yield f"{comma}\n{json.dumps(facts(row) | {'good': good})}".encode()
        comma = ","
    yield f'\n], "check": {json.dumps(found.facts)}}}\n'.encode()


def as_csv(audit: Audit, between: Between) -> Iterator[bytes]:
    """A line of names, a line for each row, and one whose event is `check` (RFC 4180)."""
    found = _Found()
    yield _line(_COLUMNS)
    for row, good in _checked(audit, between, found):
        values = {**facts(row), "message": row.message.hex() if row.message else "", "good": good}
        yield _line([_cell(values[name]) for name in _COLUMNS])
    said = f"{found.rows} rows, {len(found.bad)} bad" + (f", the first {found.bad[0]}" if found.bad else "")
    yield _line(["", "", "check", "", "", said, found.last, "no" if found.bad else "yes"])


def _checked(audit: Audit, between: Between, found: _Found) -> Iterator[tuple[Row, bool]]:
    for row, good in audit.checked():
        found.rows += 1
        found.last = row.mac.hex()
        if not good:
            found.bad.append(row.number)
        if row.at in between:
            yield row, good


def _cell(value: object) -> str:
    """*value*, which no spreadsheet takes for a formula: addresses and details come from anybody."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: "list[str] | tuple[str, ...]") -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
