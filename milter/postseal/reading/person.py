"""Names that strangers gave themselves, their mails and their files, made safe to show.

What cannot be seen, or makes other characters be seen elsewhere, is taken out; a display name that
pretends to be an address is not shown, because the address behind it is another.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from postseal.cms import field
from postseal.message import Header

# Joiners are letters' business in Persian and of emoji; Arabic has visible signs in this category.
_FORMATS = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")  # they look like nothing and count as letters
_AT = re.compile(r"@|\bat\b.{0,40}\.\w", re.IGNORECASE)
_NAME = 120
_LINE = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a header: the display name, "" if there is none to be trusted, and the address."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def cleaned(text: str, *, limit: int = _LINE) -> str:
    """*text* on one line, of at most *limit* characters, without what is not to be seen."""
    seen = "".join(_seen(character) for character in text[: 4 * limit])
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def people(headers: Iterable[Header], *, limit: int = 200) -> tuple[Person, ...]:
    """Everybody in *headers*, up to *limit*."""
    return tuple(islice(_people(headers), limit))


def _people(headers: Iterable[Header]) -> Iterator[Person]:
    for header in headers:
        for name, address in field.mailboxes(header.value):
            shown = cleaned(address, limit=320)
            yield Person(displayed(name, shown), shown)


def displayed(name: str, address: str) -> str:
    """*name* as it may stand before *address*: nothing if it says the same, or pretends to be another."""
    told = unicodedata.normalize("NFKC", cleaned(name)).strip(" '\"")
    if told.lower() == address.lower() or _AT.search(told):
        return ""
    # Brackets could close the name and begin another address.
    return cleaned(re.sub(r"[<>\[\]\"]+", " ", told), limit=_NAME)


def _seen(character: str) -> str:
    if character in _FORMATS:
        return character
    if character in _FILLERS or unicodedata.category(character) in _UNSEEN:
        return " " if character in "\r\n\t\x0b\x0c\u2028\u2029" or character in _FILLERS else ""
    return character
