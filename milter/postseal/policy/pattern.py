"""Words and patterns to look for in text that strangers wrote, in time linear in its length (RE2).

The only import of `re2`.  Text is made ready once by `seen` and searched as UTF-8 octets; many
words or patterns are one automaton, so their number costs nothing per message.
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar, NamedTuple
from weakref import WeakValueDictionary

import re2

from postseal.document import Problems, Scalar, bad
from postseal.policy import superset
from postseal.policy.folded import IN_WORD, word_superset

MEMORY = 64 << 20
"""Octets an automaton may take; RE2's default holds some thousands of words only."""

_SMALL = 20_000
"""Characters of words, or steps of automata, that together are far from filling MEMORY."""

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


class Supersets(NamedTuple):
    """Expressions for the scanner, one of which finds something wherever a pattern does.

    *in_text*: in the text itself.  *in_words*: in what `folded` makes of it, all of one group together.
    Where both are empty the pattern may be found in any text.
    *exact*: the pattern is found wherever one of them finds something.
    """

    in_text: tuple[bytes, ...] = ()
    in_words: tuple[tuple[bytes, ...], ...] = ()
    exact: bool = False


class Pattern:
    """What is looked for; found in any letter case.  Equal patterns in use are one object."""

    __slots__ = ("__weakref__", "_regexp", "_supersets", "expression")

    _used: ClassVar[WeakValueDictionary[str, "Pattern"]] = WeakValueDictionary()

    def __init__(self, expression: str, supersets: Supersets | None) -> None:
        """Use `of`."""
        self.expression = expression
        self._supersets = supersets

    @classmethod
    def of(cls, expression: str, supersets: Supersets | None = None) -> "Pattern":
        """The pattern *expression* in RE2 syntax.  *supersets*: if the caller knows them."""
        pattern = cls._used.get(expression)
        if pattern is None:
            pattern = cls._used[expression] = cls(expression, supersets)
        return pattern

    def compile(self) -> int:
        """Get ready to search; the size of the automaton.  Raises ValueError, which says why it cannot be."""
        if not hasattr(self, "_regexp"):
            try:
                self._regexp = re2.compile(self.expression.encode("utf-8"), _options())
            except re2.error as error:
                reason = error.args[0]
                raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
        return int(self._regexp.programsize)

    @property
    def supersets(self) -> Supersets:
        """By what the scanner finds it."""
        if self._supersets is None:
            self._supersets = Supersets(in_text=superset.superset(self.expression))
        return self._supersets

    def found(self, text: bytes) -> bool:
        """Whether *text*, which `seen` made, contains it."""
        self.compile()
        return self._regexp.search(text) is not None

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where in *text* it is found, one behind the other."""
        self.compile()
        return ((match.start(), match.end()) for match in self._regexp.finditer(text))

    def next(self, text: bytes, position: int) -> tuple[int, int] | None:
        """Where in *text* it is found first from *position* on; what stands before it still counts."""
        self.compile()
        match = self._regexp.search(text, position)
        return match and (match.start(), match.end())

    def hits(self, text: bytes, limit: int) -> list[str]:
        """The first *limit* pieces of *text* that it finds, on one line, less what stands around words."""
        if not self.found(text):
            return []
        found = itertools.islice(self._regexp.finditer(text), limit)
        texts = (" ".join(match.group().decode("utf-8", "replace").split()) for match in found)
        return [_EDGES.sub("", text) for text in texts]


_EDGES = re.compile(r"^\W+(?=\w)|(?<=\w)\W+$")


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
    looked_for = [seen(scalar.text).decode() for scalar in scalars]
    # One pair of edges for all words of a kind: an edge costs more than the words between.
    kinds: dict[tuple[str, str], list[str]] = {}
    for word in looked_for:
        edges = (_BEFORE if _in_word(word[0]) else "", _AFTER if _in_word(word[-1]) else "")
        kinds.setdefault(edges, []).append(r"[\s\pZ]+".join(map(re2.escape, word.split())))
    expression = "|".join(
        f"(?:{before}(?:{'|'.join(kind)}){after})" for (before, after), kind in kinds.items()
    )
    return _compilable(Pattern.of(expression, _of_words(looked_for)), len(expression), scalars)


def _of_words(looked_for: Collection[str]) -> Supersets:
    found = {word: word_superset(word.encode()) for word in looked_for}
    return Supersets(
        in_text=tuple(superset.literal(word) for word, whole in found.items() if not whole),
        in_words=tuple(dict.fromkeys(filter(None, found.values()))),
        exact=all(all(map(_in_word, word)) for word in looked_for),
    )


def patterns(scalars: Sequence[Scalar]) -> Pattern:
    """Any of the regular expressions *scalars*, wherever it matches."""
    problems = Problems()
    checked: list[Pattern] = []
    for scalar in scalars:
        with problems.collect():
            checked.append(_checked(scalar))
    problems.settle()
    if len(checked) == 1:
        return checked[0]
    joined = Pattern.of("|".join(f"(?:{each.expression})" for each in checked))
    return _compilable(joined, sum(each.compile() for each in checked), scalars)


def _compilable(pattern: Pattern, size: int, scalars: Sequence[Scalar]) -> Pattern:
    """*pattern*, compiled unless it is of so small a *size* that it can be when mail first asks for it.

    Few of ten thousand patterns are ever searched for alone: the scanner rules the others out.
    """
    if size > _SMALL:
        try:
            pattern.compile()
        except ValueError as error:
            what = f"the list cannot be matched: {error}"
            raise bad(scalars[0].place, what, "shorten or split it") from None
    return pattern


_LOOKS = re.compile(r"\(\?<?[=!]")
_BACK = re.compile(r"\\[1-9]|\(\?P=|\\k")


def _checked(scalar: Scalar) -> Pattern:
    expression = unicodedata.normalize("NFC", scalar.text)
    if found := re.search("[\x00-\x08\x0b-\x1f]", expression):
        what = f"control character U+{ord(found[0]):04X} in a pattern"
        raise bad(scalar.place, what, "put patterns in single quotes, so that \\b and \\t stay as written")
    pattern = Pattern.of(expression)
    try:
        pattern.compile()
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
    return pattern


# A word ends where no letter, mark, digit or _ follows; a side that has none itself may have any neighbour.
_BEFORE = rf"(?:^|(?-i:[^{IN_WORD}]))"
_AFTER = rf"(?:$|(?-i:[^{IN_WORD}]))"


def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    return options


_MARKS = re2.compile(rb"(\pM{30})\pM+")
