"""All patterns of a policy looked for in one pass over a text (Hyperscan).

The only import of `hyperscan`.  The scanner rules patterns out and decides nothing: it looks for
supersets (see `superset` and `folded`), and a pattern that it reports may still not be found.  Where it
cannot tell, because an expression is too large for it or the processor is too old, it reports the pattern.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from importlib.metadata import version
from typing import NamedTuple

import hyperscan

from postseal.policy.compiled import Kept
from postseal.policy.folded import folded
from postseal.policy.pattern import Pattern
from postseal.policy.thread import called

_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH

_FEW = 500
"""Expressions that are compiled faster than a file would be looked for."""


class Found(NamedTuple):
    """Of the patterns *asked*, those that a text may contain, and those that it certainly contains."""

    possible: Collection[Pattern]
    certain: Collection[Pattern]
    asked: Collection[Pattern]

    def answer(self, pattern: Pattern) -> bool | None:
        """Whether the text contains *pattern*; None if it must be looked for."""
        if pattern in self.certain:
            return True
        return False if pattern in self.asked and pattern not in self.possible else None


class Scanner:
    """Knows which of *patterns* a text may contain."""

    def __init__(self, patterns: Iterable[Pattern], kept: Kept | None = None) -> None:
        """*kept*: where the compiled form is found if it was made before."""
        self.patterns = tuple(dict.fromkeys(patterns))
        self._asked = frozenset(self.patterns)
        numbered = [(number, pattern.supersets) for number, pattern in enumerate(self.patterns)]
        self._text = _Automaton([(n, each) for n, found in numbered for each in found.in_text], kept)
        self._words = _Words([(n, each) for n, found in numbered for each in found.in_words], kept)
        anywhere = [
            number
            for number, found in numbered
            if not (found.in_text or found.in_words)
            or number in self._text.missing
            or number in self._words.missing
        ]
        self._anywhere = frozenset(map(self.patterns.__getitem__, anywhere))

    def scan(self, text: bytes) -> Found:
        """What *text*, which `seen` made, contains."""
        if not (self._text or self._words):
            return Found(self._anywhere, frozenset(), self._asked)
        try:
            found = set(map(self.patterns.__getitem__, called(lambda: self._numbers(text))))
        except hyperscan.error:
            return Found(self._asked, frozenset(), self._asked)
        exact = {pattern for pattern in found if pattern.supersets.exact and pattern not in self._anywhere}
        return Found(found | self._anywhere, exact, self._asked)

    def _numbers(self, text: bytes) -> list[int]:
        numbers = self._text.found(text)
        return numbers + self._words.found(folded(text)) if self._words else numbers


_Expressions = Sequence[tuple[int, bytes]]


class _Words:
    """Groups of expressions with their numbers; a group is found where all of it are.

    *missing*: see `_Automaton`.
    """

    def __init__(self, groups: Sequence[tuple[int, tuple[bytes, ...]]], kept: Kept | None) -> None:
        ids: dict[bytes, int] = {}
        # Under its longest word, which is the rarest, and with the others, a group is looked at the least.
        self._under: dict[int, list[tuple[int, frozenset[int]]]] = {}
        for number, group in groups:
            numbers = [ids.setdefault(each, len(ids)) for each in sorted(group, key=len, reverse=True)]
            self._under.setdefault(numbers[0], []).append((number, frozenset(numbers[1:])))
        self._automaton = _Automaton([(number, each) for each, number in ids.items()], kept)
        bad = self._automaton.missing
        self.missing = frozenset(
            number
            for first, entries in self._under.items()
            for number, others in entries
            if first in bad or others & bad
        )

    def __bool__(self) -> bool:
        return bool(self._automaton)

    def found(self, text: bytes) -> list[int]:
        """The numbers of the groups of which *text* contains everything.  Raises hyperscan.error."""
        shown = set(self._automaton.found(text))
        return [
            number
            for first in shown
            for number, others in self._under.get(first, ())
            if not others or others <= shown
        ]


class _Automaton:
    """Expressions with their numbers, compiled together.  *missing*: numbers of those that cannot be."""

    def __init__(self, expressions: _Expressions, kept: Kept | None) -> None:
        self._numbers = frozenset(number for number, _ in expressions)
        self.missing: frozenset[int] = frozenset()
        self._scratches: list[hyperscan.Scratch] = []
        self._database = self._loaded(expressions, kept) if expressions else None

    def __bool__(self) -> bool:
        return self._database is not None

    def found(self, text: bytes) -> list[int]:
        """The numbers of the expressions that find something in *text*.  Raises hyperscan.error."""
        found: list[int] = []
        if self._database is None:
            return found

        def note(number: int, _start: int, _stop: int, _flags: int, _context: object) -> None:
            found.append(number)

        # One thread at a time may use a scratch; there are as many as threads ever met here.
        try:
            scratch = self._scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        try:
            self._database.scan(text, match_event_handler=note, scratch=scratch)
        finally:
            self._scratches.append(scratch)
        return found

    def _loaded(self, expressions: _Expressions, kept: Kept | None) -> hyperscan.Database | None:
        digest = hashlib.sha256(f"{version('hyperscan')} {_FLAGS} {expressions}".encode()).hexdigest()
        if len(expressions) <= _FEW:
            kept = None
        try:
            if kept and (octets := kept.load(digest)):
                return hyperscan.loadb(octets, hyperscan.HS_MODE_BLOCK)
        except hyperscan.error:
            pass  # made on another processor, or damaged
        try:
            database = _compiled(expressions)
        except hyperscan.error:
            return self._without_the_bad(expressions)
        if kept:
            kept.keep(digest, hyperscan.dumpb(database))
        return database

    def _without_the_bad(self, expressions: _Expressions) -> hyperscan.Database | None:
        bad = set()
        for number, expression in expressions:
            try:
                _compiled([(number, expression)])
            except hyperscan.error:
                bad.add(number)
        self.missing = frozenset(bad)
        good = [(number, expression) for number, expression in expressions if number not in bad]
        try:
            return _compiled(good) if good else None
        except hyperscan.error:
            self.missing = self._numbers
            return None


def _compiled(expressions: _Expressions) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(
        [expression for _, expression in expressions], ids=[number for number, _ in expressions], flags=_FLAGS
    )
    return database
