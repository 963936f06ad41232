"""What a sender may ask of whoever has signed in, before he reads: what a mailbox knows nothing of.

A passphrase, which he has told his readers by another way, or a telephone to which a code goes.  They are in
memory only: a log never has them, and what is kept is a hash of the one and the other encrypted.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import Final

SHORTEST: Final = 8
LONGEST: Final = 200
"""Characters of a passphrase."""


@dataclass(frozen=True, slots=True)
class Locks:
    """*passphrase*: in the form to compare, "" for none.  *numbers*: by addresses in that form."""

    passphrase: str = field(default="", repr=False)
    numbers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.passphrase or self.numbers)

    def number(self, address: str) -> str:
        """The telephone of *address*, in the form to compare, or ""."""
        return dict(self.numbers).get(address, "")


NO_LOCKS: Final = Locks()
"""Of a sender who asks for nothing."""


def comparable(passphrase: str) -> str:
    """*passphrase* as it is compared: case, width and blanks make no difference, as people type it."""
    return " ".join(unicodedata.normalize("NFKC", passphrase).casefold().split())
