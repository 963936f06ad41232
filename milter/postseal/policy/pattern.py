"""Words and patterns to look for in text that strangers wrote, in time linear in its length (RE2).

The only import of `re2`.  Text is made ready once by `seen` and searched as UTF-8 octets; many
words or patterns are one automaton, so their number costs nothing per message.
"""

import re
import unicodedata
from collections.abc import Sequence

import re2

from postseal.document import Problems, Scalar, bad

MEMORY = 64 << 20
"""Octets an automaton may take; RE2's default holds some thousands of words only."""

# ASCII controls but for white space; HTML leaves a NUL out, and others are not shown either.
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r"))

# Characters that are not shown, by which one word can be made to look like another to us alone.
_INVISIBLE = re.compile(
    "[\x80-\x84\x86-\x9f"  # controls; U+0085 ends a line
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def seen(text: str) -> bytes:
    """*text* as a reader sees it, to be searched: compatible characters alike (NFKC), invisible ones gone."""
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        octets = text.encode("utf-8", "replace")
        # The standard library sorts a run of marks in quadratic time; no writing needs more than 30.
        text = _MARKS.sub(rb"\1", octets).decode("utf-8")
        text = unicodedata.normalize("NFKC", text)
    return text.encode("utf-8").translate(None, _CONTROLS)


class Pattern:
    """What is looked for; found in any letter case."""

    __slots__ = ("_regexp",)

    def __init__(self, expression: str) -> None:
        """*expression* in RE2 syntax.  Raises ValueError, which says why, if it cannot be used."""
        try:
            self._regexp = re2.compile(expression.encode("utf-8"), _options())
        except re2.error as error:
            reason = error.args[0]
            raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None

    def found(self, text: bytes) -> bool:
        """Whether *text*, which `seen` made, contains it."""
        return self._regexp.search(text) is not None


def replaced(text: str, expressions: Sequence[str], by: str) -> str | None:
    """*text* with *by* in place of all that *expressions* match; None if they match nothing in it."""
    result = unicodedata.normalize("NFC", text)
    for expression in expressions:
        written = unicodedata.normalize("NFC", expression)
        result = re2.compile(written, _options()).sub(lambda _: by, result)
    return None if result == unicodedata.normalize("NFC", text) else str(result)


def words(scalars: Sequence[Scalar]) -> Pattern:
    """Any of the words or phrases *scalars*: whole, any white space between the words of a phrase."""
    problems = Problems()
    for scalar in scalars:
        if scalar.text != scalar.text.strip() or not seen(scalar.text):
            problems.add(scalar.place, f"bad word '{scalar.text}'", "leave out the spaces around it")
    problems.settle()
    # One pair of edges for all words of a kind: an edge costs more than the words between.
    kinds: dict[tuple[str, str], list[str]] = {}
    for scalar in scalars:
        word = seen(scalar.text).decode()
        edges = (_BEFORE if _in_word(word[0]) else "", _AFTER if _in_word(word[-1]) else "")
        kinds.setdefault(edges, []).append(r"[\s\pZ]+".join(map(re2.escape, word.split())))
    return _joined(
        [f"{before}(?:{'|'.join(kind)}){after}" for (before, after), kind in kinds.items()], scalars
    )


def patterns(scalars: Sequence[Scalar]) -> Pattern:
    """Any of the regular expressions *scalars*, wherever it matches."""
    problems = Problems()
    for scalar in scalars:
        with problems.collect():
            _check(scalar)
    problems.settle()
    return _joined([unicodedata.normalize("NFC", scalar.text) for scalar in scalars], scalars)


_LOOKS = re.compile(r"\(\?<?[=!]")
_BACK = re.compile(r"\\[1-9]|\(\?P=|\\k")


def _check(scalar: Scalar) -> None:
    expression = scalar.text
    if found := re.search("[\x00-\x08\x0b-\x1f]", expression):
        what = f"control character U+{ord(found[0]):04X} in a pattern"
        raise bad(scalar.place, what, "put patterns in single quotes, so that \\b and \\t stay as written")
    try:
        pattern = Pattern(expression)
    except ValueError as error:
        if _LOOKS.search(expression):
            hint = "RE2 has no lookahead and no lookbehind; use two conditions, or not:"
        elif _BACK.search(expression):
            hint = "RE2 has no back-references, because they cannot be matched in linear time"
        else:
            hint = "see https://github.com/google/re2/wiki/Syntax"
        raise bad(scalar.place, f"bad pattern '{expression}': {error}", hint) from None
    if pattern.found(b"") and pattern.found(b"\x01"):
        raise bad(scalar.place, f"pattern '{expression}' matches everything", "let it need a character")


# A word ends where no letter, mark, digit or _ follows; a side that has none itself may have any neighbour.
_BEFORE = r"(?:^|(?-i:[^\pL\pM\pN_]))"
_AFTER = r"(?:$|(?-i:[^\pL\pM\pN_]))"


def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _joined(expressions: Sequence[str], scalars: Sequence[Scalar]) -> Pattern:
    try:
        return Pattern("|".join(f"(?:{expression})" for expression in expressions))
    except ValueError as error:
        raise bad(scalars[0].place, f"the list cannot be matched: {error}", "shorten or split it") from None


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    return options


_MARKS = re2.compile(rb"(\pM{30})\pM+")
