"""The log: one line an event, key=value, to standard error; systemd adds the time.

No value can break out of its line: control characters and quotes are escaped.  Subjects, bodies,
passcodes and keys are never handed to this module.
"""

import codecs
import logging
import sys
import traceback
from pathlib import Path
from typing import Final

_PRIORITIES: Final = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_PLAIN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@<>+,=[]*~#%!?$&;()|"
)

# Looked up now: Python reads a file for it, which must not fail when we log that no file can be opened.
_escaped: Final = codecs.getencoder("unicode_escape")


class _Lines(logging.Formatter):
    """Every line of a record gets the priority that systemd reads (sd-daemon(3))."""

    def __init__(self, *, for_journal: bool) -> None:
        super().__init__("%(message)s" if for_journal else "%(asctime)s %(levelname)s %(message)s")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not self._for_journal:
            return text
        prefix = f"<{_PRIORITIES.get(record.levelno, 3)}>"
        return "\n".join(prefix + line for line in text.splitlines())


def start(level: str, *, for_journal: bool) -> None:
    """Send all records of *level* (a name such as "INFO") and above to standard error."""
    # libmilter's threads are not Python's: without this, each leaves a dummy thread object behind.
    logging.logThreads = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(for_journal=for_journal))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def line(**fields: object) -> str:
    """*fields* as key=value in their order; empty ones are left out."""
    return " ".join(
        f"{name}={_value(str(value))}" for name, value in fields.items() if value not in ("", None)
    )


def trace(error: BaseException) -> str:
    """Where *error* came from, innermost first: its type and the places, not its text.

    The text of somebody else's exception may quote the mail that it choked on.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}({frame.name})" for frame in reversed(frames)]
    return " < ".join([type(error).__name__, *places])


def _value(text: str) -> str:
    if _PLAIN.issuperset(text):
        return text
    # The escapes of ASCII Python are enough: no line end, no control character, no lone surrogate.
    escaped = _escaped(text)[0].decode("ascii").replace('"', '\\"')
    return f'"{escaped}"'
