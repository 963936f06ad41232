"""Passphrases that readers choose: whether somebody could find one by trying, and one that nobody finds.

What is tried is a file that anybody may have: no server counts the tries.
"""

import secrets
import unicodedata
from enum import StrEnum
from typing import Final

SHORTEST: Final = 12
"""Characters."""
_ENOUGH: Final = 12
"""The decimal logarithm of the guesses it has to stand: who makes 20,000 a second needs a year."""
_LOOKED_AT: Final = 72  # the library's limit
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"


class Weak(StrEnum):
    """Why a passphrase will not do."""

    SHORT = "short"
    GUESSED = "guessed"
    DIFFERENT = "different"  # from what was typed the second time


def weakness(passphrase: str, again: str, *, known: tuple[str, ...]) -> Weak | None:
    """Why *passphrase* will not do.  *known*: words that whoever has the file may try first."""
    written = unicodedata.normalize("NFKC", passphrase)
    if written != unicodedata.normalize("NFKC", again):
        return Weak.DIFFERENT
    if len(written) < SHORTEST:
        return Weak.SHORT
    from zxcvbn import zxcvbn  # noqa: PLC0415 (its words take 14 MiB, and few readers take a copy)

    told = zxcvbn(written[:_LOOKED_AT], user_inputs=[word for word in known if word])
    return Weak.GUESSED if told["guesses_log10"] < _ENOUGH else None


def proposed() -> str:
    """A passphrase of 80 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
