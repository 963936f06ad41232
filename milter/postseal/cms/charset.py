"""Charsets: octets as text, the way mail programs read what a sender calls them.

Python is asked only for the charsets it has, under names that we have put in order: its codec registry
remembers every other name for ever, and strangers choose the names.
"""

import codecs
import encodings
import encodings.aliases
import pkgutil

# Codecs that are no charsets of mail: they raise or warn on innocent octets, or take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})

# EBCDIC: mail programs do not know it and show the octets as ASCII, while Python reads other letters.
_EBCDIC = frozenset({"cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"})

# What mail programs read where these are named: the larger set (WHATWG Encoding §4.2).
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}

_NAMES = (
    frozenset(encodings.aliases.aliases)
    | {module.name for module in pkgutil.iter_modules(encodings.__path__)}
) - _NO_CHARSETS

_SHIFTING = frozenset({"utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "hz"})
_SHIFTING |= {"iso2022_kr"}


def decoded(octets: bytes, charset: str) -> str | None:
    """*octets* as text, with U+FFFD for what is not valid; None if there is no such charset."""
    name = _codec(charset)
    if name is None:
        return None
    try:
        return octets.decode(name, "replace")
    except (LookupError, ValueError):  # a codec but not of characters; one that cannot replace
        return None


def doubtful(charset: str) -> bool:
    """Whether ASCII octets mean other letters in *charset* than to the many programs that do not know it."""
    return _codec(charset) in _SHIFTING


def _codec(charset: str) -> str | None:
    """Python's name of *charset*, or of what programs read in its place."""
    name = encodings.normalize_encoding(charset).lower()
    if name not in _NAMES:
        return None
    try:
        name = codecs.lookup(name).name
    except LookupError:
        return None
    return None if name in _EBCDIC else _WIDER.get(name, name)
