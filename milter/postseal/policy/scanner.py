"""All patterns of a policy looked for in one pass over a text (Hyperscan).

The only import of `hyperscan`.  The scanner rules patterns out and decides nothing: it looks for
supersets (see `superset`), and a pattern that it reports may still not be found.  Where it cannot
tell, because an expression is too large for it or the processor is too old, it reports the pattern.
"""

import hashlib
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import hyperscan

from postseal.policy.compiled import Kept
from postseal.policy.pattern import Pattern
from postseal.policy.thread import called

_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SINGLEMATCH

_FEW = 500
"""Expressions that are compiled faster than a file would be looked for."""


class Scanner:
    """Knows which of *patterns* a text may contain."""

    def __init__(self, patterns: Iterable[Pattern], kept: Kept | None = None) -> None:
        """*kept*: where the compiled form is found if it was made before."""
        self.patterns = tuple(dict.fromkeys(patterns))
        expressions = [
            (number, expression)
            for number, pattern in enumerate(self.patterns)
            for expression in pattern.supersets
        ]
        self._database, compiled = _database(expressions, kept)
        self.anywhere = frozenset(
            pattern for number, pattern in enumerate(self.patterns) if number not in compiled
        )
        """Patterns that every text may contain."""
        self._scratches: list[hyperscan.Scratch] = []

    def possible(self, text: bytes) -> set[Pattern]:
        """Patterns that *text*, which `seen` made, may contain; the others it does not."""
        database = self._database
        if database is None:
            return set(self.anywhere)
        found: list[int] = []

        def note(number: int, _start: int, _stop: int, _flags: int, _context: object) -> None:
            found.append(number)

        # One thread at a time may use a scratch; there are as many as threads ever met here.
        try:
            scratch = self._scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        try:
            called(lambda: database.scan(text, match_event_handler=note, scratch=scratch))
        except hyperscan.error:
            return set(self.patterns)
        finally:
            self._scratches.append(scratch)
        return {*self.anywhere, *map(self.patterns.__getitem__, found)}


_Expressions = Sequence[tuple[int, bytes]]


def _database(
    expressions: _Expressions, kept: Kept | None
) -> tuple[hyperscan.Database | None, frozenset[int]]:
    """The automaton for *expressions*, and the numbers of the patterns that it covers entirely."""
    digest = hashlib.sha256(f"{version('hyperscan')} {_FLAGS} {expressions}".encode()).hexdigest()
    worth_keeping = kept is not None and len(expressions) > _FEW
    numbers = frozenset(number for number, _ in expressions)
    try:
        if kept and worth_keeping and (octets := kept.load(digest)):
            return hyperscan.loadb(octets, hyperscan.HS_MODE_BLOCK), numbers
    except hyperscan.error:
        pass  # made on another processor, or damaged
    try:
        database = _compiled(expressions)
    except hyperscan.error:
        return _without_the_bad(expressions)
    if kept and worth_keeping and database:
        kept.keep(digest, hyperscan.dumpb(database))
    return database, numbers


def _without_the_bad(expressions: _Expressions) -> tuple[hyperscan.Database | None, frozenset[int]]:
    bad = set()
    for number, expression in expressions:
        try:
            _compiled([(number, expression)])
        except hyperscan.error:
            bad.add(number)
    good = [(number, expression) for number, expression in expressions if number not in bad]
    try:
        return _compiled(good), frozenset(number for number, _ in good)
    except hyperscan.error:
        return None, frozenset()


def _compiled(expressions: _Expressions) -> hyperscan.Database | None:
    if not expressions:
        return None
    database = hyperscan.Database()
    database.compile(
        [expression for _, expression in expressions], ids=[number for number, _ in expressions], flags=_FLAGS
    )
    return database
