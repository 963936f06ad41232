"""Finds sensitive information in texts.

One pass over a text says which evidence of all types in use may be in it at all; only what has it, or needs
none, is looked for.  (The patterns of the numbers themselves take Hyperscan seconds to join, and RE2 a few
milliseconds a megabyte each.)  Every candidate is checked, excluded or weighed by the evidence around it.
The time is linear in the length of the text; a text with more candidates than anybody writes raises
Failure(UNINSPECTABLE).
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from postseal.errors import Cause, Failure
from postseal.policy.pattern import Pattern
from postseal.policy.scanner import Scanner
from postseal.policy.sensitive.checks import bare
from postseal.policy.sensitive.kinds import Need, SensitiveType, Way
from postseal.policy.sensitive.types import ANYWHERE

CANDIDATES = 200_000
"""Candidates of one type in one text."""

ENOUGH = 500
"""Different ones of a type in one text, with the greatest confidence: nobody may ask for more."""

_JOINS = (b"-", b".")


@dataclass(frozen=True, slots=True)
class Hit:
    """One found, with the confidence of that.  *written*: as it stands in the text."""

    written: str = field(repr=False)
    confidence: int


Hits = dict[str, Hit]
"""What was found of a type: by letters and digits, so that each counts once."""

_Candidate = tuple[str, str, int, int, Sequence[Way]]
"""As written; its letters and digits; from where to where; the ways that accept it."""


class Detector:
    """Looks for *types*."""

    def __init__(self, types: Collection[SensitiveType]) -> None:
        self.types = tuple(types)
        self._scanner = Scanner(
            pattern
            for each in self.types
            for way in each.ways
            for need in way.needs
            for pattern in need.patterns()
        )

    def found(self, text: bytes) -> dict[str, Hits]:
        """What *text*, which `seen` made, holds of each type, by name."""
        sheet = _Sheet(text, self._scanner.scan(text).possible)
        hits = ((each.name, sheet.hits(each)) for each in self.types)
        return {name: found for name, found in hits if found}


class _Sheet:
    """One text, and where in it things were found."""

    def __init__(self, text: bytes, possible: Collection[Pattern]) -> None:
        self._text = text
        self._possible = possible
        self._spans: dict[Pattern, list[tuple[int, int]]] = {}

    def hits(self, kind: SensitiveType) -> Hits:
        """What there is of *kind*."""
        hits: Hits = {}
        best = kind.ways[0].confidence
        certain = 0
        for pattern, ways in _by_pattern(self._promising(kind)):
            for written, key, start, stop, accepting in self._candidates(kind, pattern, ways):
                known = hits[key].confidence if key in hits else 0
                for way in accepting:
                    if known >= way.confidence:
                        break
                    if all(self._met(need, start, stop) for need in way.needs):
                        hits[key] = Hit(written, way.confidence)
                        certain += way.confidence == best
                        break
                if certain >= ENOUGH:
                    return hits
        return hits

    def _promising(self, kind: SensitiveType) -> Iterator[Way]:
        """The ways whose evidence may be there; most texts leave few."""
        for way in kind.ways:
            if all(self._may_be_met(need) for need in way.needs):
                yield way

    def _may_be_met(self, need: Need) -> bool:
        if need.at_least < 1:
            return True
        if need.pattern and need.pattern in self._possible:
            return True
        return sum(map(self._may_be_met, need.parts)) >= need.at_least if need.parts else False

    def _candidates(self, kind: SensitiveType, pattern: Pattern, ways: Sequence[Way]) -> Iterator[_Candidate]:
        """Where *pattern* is found, with those of *ways* that accept the value itself.

        Where none does, the next may begin within it: a house number may stand before a card number.
        """
        accepting: dict[str, list[Way]] = {}
        position = tried = 0
        while span := pattern.next(self._text, position):
            start, stop = span
            tried += 1
            if tried > CANDIDATES:
                raise Failure(Cause.UNINSPECTABLE, f"there are too many candidates for {kind.name}")
            position = start + 1
            if _continued(self._text, start, stop):
                continue
            written = self._text[start:stop].decode("utf-8", "replace")
            key = bare(written)
            if written not in accepting:
                accepting[written] = [way for way in ways if key and way.accepts(written, key)]
            if accepting[written]:
                yield written, key, start, stop, accepting[written]
                position = max(stop, start + 1)

    def _met(self, need: Need, start: int, stop: int) -> bool:
        """Whether evidence stands near the text from *start* to *stop*, not in it."""
        count = sum(self._met(part, start, stop) for part in need.parts)
        if need.pattern:
            first, last = self._around(start, stop, need.within)
            spans = self._found(need.pattern)
            for at in range(bisect_left(spans, (first, 0)), len(spans)):
                begin, end = spans[at]
                if begin >= last:
                    break
                if end <= last and (end <= start + 1 or begin >= stop - 1):
                    count += 1
                    if need.at_most is None and count >= need.at_least:
                        break
        return count >= need.at_least and (need.at_most is None or count <= need.at_most)

    def _found(self, pattern: Pattern) -> list[tuple[int, int]]:
        if pattern not in self._spans:
            found: Iterable[tuple[int, int]] = pattern.spans(self._text) if pattern in self._possible else ()
            self._spans[pattern] = list(found)
        return self._spans[pattern]

    def _around(self, start: int, stop: int, within: int) -> tuple[int, int]:
        """The octets at most *within* characters from the text from *start* to *stop*."""
        if within == ANYWHERE:
            return 0, len(self._text)
        before = self._text[max(0, start - 4 * within) : start]
        after = self._text[stop : stop + 4 * within]
        first = start - len(before.decode("utf-8", "ignore")[-within:].encode())
        last = stop + len(after.decode("utf-8", "ignore")[:within].encode())
        # A word's pattern takes in the character before and behind it.
        return max(0, first - 1), last + 1


def _by_pattern(ways: Iterable[Way]) -> list[tuple[Pattern, list[Way]]]:
    """The ways that look for the same, the most confident first."""
    groups: dict[Pattern, list[Way]] = {}
    for way in ways:
        groups.setdefault(way.pattern, []).append(way)
    return list(groups.items())


def _continued(text: bytes, start: int, stop: int) -> bool:
    """Whether it is a piece of a longer number: of a decimal fraction, or of another row of groups."""
    before = (
        text[start - 1 : start] in _JOINS and text[start - 2 : start - 1].isdigit() if start > 1 else False
    )
    return before or (text[stop : stop + 1] in _JOINS and text[stop + 1 : stop + 2].isdigit())
