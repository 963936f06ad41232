"""The sensitive information types that rules may name: those of the folder `types` beside the policies.

The folder is read when the first rule asks for a type.  Problems are raised as BadInput, all at once; a
policy that names no type does not need the folder.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from postseal import document
from postseal.binding import Reader, known
from postseal.document import Problems, Scalar, bad
from postseal.policy import pattern
from postseal.policy.pattern import Pattern
from postseal.policy.sensitive.checks import bare
from postseal.policy.sensitive.detector import Detector
from postseal.policy.sensitive.kinds import Need, SensitiveType, Way
from postseal.policy.sensitive.types import Evidence, Finder, Lists, TypeFile, Written


class Library(Mapping[str, tuple[SensitiveType, ...]]):
    """The types by name; a bundle's name stands for several."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digest = b""
        self._detector: Detector | None = None
        self.used: dict[str, SensitiveType] = {}
        """Those that rules have asked for."""

    def __getitem__(self, name: str) -> tuple[SensitiveType, ...]:
        """The types called *name*, from now on among those used."""
        found = self._types[name]
        self.used |= {each.name: each for each in found}
        return found

    def detector(self) -> Detector:
        """What looks for all types that rules have asked for; to be asked when all rules are read."""
        if self._detector is None or len(self._detector.types) != len(self.used):
            self._detector = Detector(tuple(self.used.values()))
        return self._detector

    def joined(self, digest: str) -> str:
        """The *digest* of a policy with that of the types that it uses, twelve digits."""
        if not self._digest:
            return digest
        return hashlib.sha256(digest.encode() + self._digest).hexdigest()[:12]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types

    @cached_property
    def _types(self) -> dict[str, tuple[SensitiveType, ...]]:
        problems = Problems()
        files = []
        digest = hashlib.sha256()
        for path in sorted(self._folder.glob("*.yaml")) if self._folder.is_dir() else []:
            with problems.collect():
                octets = document.read(path)
                digest.update(b"%b\0%d\0%b" % (path.name.encode(), len(octets), octets))
                files.append(Reader().bind(document.parse(octets, str(path)), TypeFile))
        self._digest = digest.digest()
        keywords = {name: texts for file in files for name, texts in file.keywords.items()}
        expressions = {name: texts for file in files for name, texts in file.expressions.items()}
        types: dict[str, tuple[SensitiveType, ...]] = {}
        for written in (each for file in files for each in file.types):
            with problems.collect():
                if written.name in types:
                    raise bad(
                        written.place, f"there is another type '{written.name}'", "give it another name"
                    )
                types[written.name] = (_made(written, keywords, expressions),)
        for bundle in (each for file in files for each in file.bundles):
            with problems.collect():
                if bundle.name in types:
                    raise bad(bundle.place, f"there is another type '{bundle.name}'", "give it another name")
                if missing := [name for name in bundle.types if name not in types]:
                    raise bad(bundle.place, f"there is no type '{missing[0]}'", "correct the list of types")
                found = (each for name in bundle.types for each in types[name])
                types[bundle.name] = tuple(dict.fromkeys(found))
        problems.settle()
        return types


def _made(written: Written, keywords: Lists, expressions: Lists) -> SensitiveType:
    ways = []
    problems = Problems()
    for finder in written.patterns:
        with problems.collect():
            ways.append(_way(written, finder, keywords, expressions))
    problems.settle()
    ways.sort(key=lambda way: -way.confidence)
    return SensitiveType(written.name, written.title or written.name, tuple(ways), written.recommended)


def _way(written: Written, finder: Finder, keywords: Lists, expressions: Lists) -> Way:
    found = finder.find or written.find
    if found is None:
        raise bad(
            finder.place, f"nothing says what '{written.name}' looks like", "add 'find:' with a pattern"
        )
    if written.whole:
        found = Pattern.of(rf"\b(?:{found.expression})\b")
    within = written.within if finder.within is None else finder.within
    needs = tuple(_need(each, within, keywords, expressions) for each in finder.evidence)
    checks = written.check if finder.check is None else finder.check
    excluded = frozenset(map(bare, written.exclude.values))
    return Way(finder.confidence, found, checks, written.exclude, needs, excluded)


def _need(evidence: Evidence, within: int, keywords: Lists, expressions: Lists) -> Need:
    within = within if evidence.within is None else evidence.within
    words = [*evidence.words, *_named(evidence.keywords, keywords)]
    matches = [*evidence.matches, *_named(evidence.expressions, expressions)]
    patterns = ([pattern.words(words)] if words else []) + ([pattern.patterns(matches)] if matches else [])
    parts = tuple(_need(each, within, keywords, expressions) for each in evidence.any)
    if not patterns and not parts:
        raise bad(evidence.place, "there is no evidence here", "write words:, keywords:, matches: or any:")
    if len(patterns) > 1:
        patterns = [Pattern.of("|".join(f"(?:{each.expression})" for each in patterns))]
    return Need(patterns[0] if patterns else None, parts, evidence.at_least, evidence.at_most, within)


def _named(names: Sequence[Scalar], lists: Lists) -> Iterator[Scalar]:
    for name in names:
        yield from lists[known(name, lists, "list")]
