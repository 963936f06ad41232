"""The tables that Postfix is answered from, written down by the daemon for a process that outlives it.

A file that is not there, or not whole, is no answer: Postfix keeps the mail and asks again.
"""

import json
import os
from pathlib import Path
from typing import Final

from postseal.tls.table import Tables

_FILE: Final = "connectors.json"


class Unpublished(Exception):
    """There are no tables: why."""


def publish(tables: Tables, directory: Path) -> None:
    """Write *tables* down in *directory*, all or nothing.  Raises OSError."""
    aside = directory / f"{_FILE}.new"
    with aside.open("w", encoding="utf-8") as file:
        json.dump({name: dict(table) for name, table in tables.by_name.items()}, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(directory / _FILE)


class Published:
    """What was last written down in *directory*."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / _FILE
        self._seen = (0, 0, 0)
        self._tables = Tables({})

    @property
    def tables(self) -> Tables:
        """The tables as they are now; the file is read again only when it is another.  Raises Unpublished."""
        try:
            facts = self._file.stat()
            seen = facts.st_mtime_ns, facts.st_ino, facts.st_size
            if seen != self._seen:
                self._tables, self._seen = _read(self._file), seen
        except (OSError, ValueError) as error:
            raise Unpublished(f"{self._file}: {error}") from None
        return self._tables


def _read(file: Path) -> Tables:
    """Raises OSError, ValueError."""
    found = json.loads(file.read_text(encoding="utf-8"))
    try:
        return Tables(
            {str(name): {str(key): str(said) for key, said in table.items()} for name, table in found.items()}
        )
    except AttributeError:
        raise ValueError("not what we write") from None
