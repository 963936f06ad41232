"""What a rule asks about sensitive information: which types, how many, how certain, and whether in one part.

Answered from what can be seen; where the rest could change the answer, `holds` raises Failure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from postseal import scalar
from postseal.binding import Reader, known
from postseal.content.item import SEEN
from postseal.document import Mapping, Node, Problems, Scalar, bad
from postseal.errors import Cause, Failure
from postseal.policy.mail import Transaction
from postseal.policy.sensitive.detector import Detector, Hit, Hits
from postseal.policy.sensitive.kinds import SensitiveType
from postseal.policy.sensitive.library import Library
from postseal.policy.sensitive.types import LEVELS, confidence

_MOST = 500
"""The highest number that may be asked for."""

Found = dict[str, Hits]
_Truth = bool | None


class _Question(Protocol):
    """A question about what was found; None: what was not seen could change the answer."""

    def asked(self, found: Found, *, complete: bool) -> _Truth: ...

    def hits(self, found: Found) -> Iterator[Hit]: ...


@dataclass(frozen=True, slots=True)
class _Count:
    """How many of some types there are."""

    types: tuple[SensitiveType, ...]
    least: int
    most: int | None
    confidence: int | None
    most_confidence: int = 100

    def _found(self, found: Found) -> dict[str, Hit]:
        return {
            f"{kind.name} {key}": hit
            for kind in self.types
            for key, hit in found.get(kind.name, {}).items()
            if (self.confidence or kind.recommended) <= hit.confidence <= self.most_confidence
        }

    def asked(self, found: Found, *, complete: bool) -> _Truth:
        """Whether the count lies between the bounds."""
        count = len(self._found(found))
        if self.most is not None and count > self.most:
            return False
        if count >= self.least and (complete or self.most is None):
            return True
        return False if complete else None

    def hits(self, found: Found) -> Iterator[Hit]:
        """Those counted."""
        yield from self._found(found).values()


@dataclass(frozen=True, slots=True)
class _Group:
    """Several questions; *decisive*: the answer of one that settles it."""

    parts: tuple[_Question, ...]
    decisive: bool

    def asked(self, found: Found, *, complete: bool) -> _Truth:
        """The decisive answer if a part gives it; else that it cannot be told, or the opposite."""
        answers = [part.asked(found, complete=complete) for part in self.parts]
        if self.decisive in answers:
            return self.decisive
        return None if None in answers else not self.decisive

    def hits(self, found: Found) -> Iterator[Hit]:
        """Those of all parts."""
        for part in self.parts:
            yield from part.hits(found)


@dataclass(frozen=True, eq=False)
class Query:
    """The value of the condition `sensitive`."""

    question: _Question
    same_part: bool
    detector: Callable[[], Detector]

    def holds(self, transaction: Transaction) -> bool:
        """The answer.  Raises Failure(UNINSPECTABLE) if what cannot be seen may change it."""
        together: Found = {}
        unseen: Failure | None = None
        for part in self._parts(transaction):
            if isinstance(part, Failure):
                unseen = unseen or part
                continue
            if self.same_part:
                if self.question.asked(part, complete=True):
                    return True
            else:
                for name, hits in part.items():
                    _merge(together.setdefault(name, {}), hits)
                if self.question.asked(together, complete=False):
                    return True
        if self.same_part:
            answer: _Truth = None if unseen else False
        else:
            answer = self.question.asked(together, complete=unseen is None)
        if answer is None:
            raise unseen or Failure(Cause.UNINSPECTABLE, "not all was seen")
        return answer

    def hits(self, transaction: Transaction) -> list[str]:
        """What the question is about, as it stands in the text; for masking, not for the log."""
        parts = [part for part in self._parts(transaction) if not isinstance(part, Failure)]
        return list(dict.fromkeys(hit.written for part in parts for hit in self.question.hits(part)))

    def _parts(self, transaction: Transaction) -> Iterator[Found | Failure]:
        """What each part holds, looked at when it is asked for, and once for all rules."""
        kept = transaction.findings
        if not kept:
            kept[0] = Findings(self.detector(), transaction)
        findings = kept[0]
        assert isinstance(findings, Findings)  # noqa: S101 (nobody else keeps anything there)
        yield from findings.parts()


class Findings:
    """What the parts of one message hold."""

    def __init__(self, detector: Detector, transaction: Transaction) -> None:
        self._detector = detector
        self._unlooked = _texts(transaction)
        self._looked: list[Found | Failure] = []

    def parts(self) -> Iterator[Found | Failure]:
        """The subject and the text, then every attachment with the files in it."""
        number = 0
        while number < len(self._looked) or self._look():
            yield self._looked[number]
            number += 1

    def _look(self) -> bool:
        """Look at the next part; whether there was one."""
        texts = next(self._unlooked, None)
        if texts is None:
            return False
        if isinstance(texts, Failure):
            self._looked.append(texts)
            return True
        found: Found = {}
        try:
            for text in texts:
                for name, hits in self._detector.found(text).items():
                    _merge(found.setdefault(name, {}), hits)
        except Failure as failure:
            self._looked.append(failure.with_traceback(None))
        else:
            self._looked.append(found)
        return True


def _texts(transaction: Transaction) -> Iterator[Sequence[bytes] | Failure]:
    """The texts of each part; a Failure for what cannot be seen of one."""
    try:
        yield (*transaction.subject, transaction.text)
    except Failure as failure:
        yield transaction.subject
        yield failure.with_traceback(None)
    try:
        components = transaction.files.components
    except Failure as failure:
        yield failure.with_traceback(None)
        return
    for items in components:
        yield [transaction.seen(item) for item in items if item.text]
        for item in items:
            if item.state not in SEEN:
                detail = f"an attachment cannot be inspected: {item.state}, {item.detail}"
                yield Failure(Cause.UNINSPECTABLE, detail)
                break


def _merge(known: Hits, more: Hits) -> None:
    for key, hit in more.items():
        if key not in known or known[key].confidence < hit.confidence:
            known[key] = hit


def query(node: Node, reader: Reader) -> Query:
    """Types, or `{type: …, at_least: 5, confidence: high}`, or `all:` and `any:` of such."""
    library = reader.names["sensitive type"]
    assert isinstance(library, Library)  # noqa: S101 (see load)
    same_part = False
    if isinstance(node, Mapping):
        for entry in node.entries:
            if entry.key.text == "same_part":
                same_part = scalar.boolean(entry.value)
        rest = tuple(entry for entry in node.entries if entry.key.text != "same_part")
        node = Mapping(rest, node.place)
    return Query(_question(node, library), same_part, library.detector)


def _question(node: Node, library: Library) -> _Question:
    if isinstance(node, Scalar):
        return _count({"type": node}, node, library)[0]
    if not isinstance(node, Mapping):
        return _Group(_all(node, library), decisive=True)
    words = {entry.key.text: entry for entry in node.entries}
    for word in ("all", "any"):
        if word in words:
            if len(words) > 1:
                other = next(entry for name, entry in words.items() if name != word)
                raise bad(
                    other.key.place, f"'{other.key.text}' cannot stand beside '{word}'", "move it inside"
                )
            return _Group(_all(words[word].value, library), decisive=word == "any")
    for entry in node.entries:
        known(entry.key, (*_KEYS, "all", "any", "same_part"), "key")
    questions = _count({name: entry.value for name, entry in words.items()}, node, library)
    return questions[0] if len(questions) == 1 else _Group(questions, decisive=True)


_KEYS = ("type", "at_least", "at_most", "confidence", "confidence_at_most")


def _all(node: Node, library: Library) -> tuple[_Question, ...]:
    problems = Problems()
    found: list[_Question] = []
    for item in scalar.listed(node):
        with problems.collect():
            found.append(_question(item, library))
    problems.settle()
    if not found:
        raise bad(node.place, "there is nothing asked here", "name at least one type")
    return tuple(found)


def _count(values: dict[str, Node], node: Node, library: Library) -> tuple[_Count, ...]:
    """A question for each type; together they are alternatives."""
    problems = Problems()
    least, most, lowest, highest = 1, None, None, 100
    with problems.collect():
        if "at_least" in values:
            least = _number(values["at_least"])
    with problems.collect():
        if "at_most" in values and (most := _number(values["at_most"])) < least:
            raise bad(values["at_most"].place, "'at_most' is less than 'at_least'", "exchange them")
    with problems.collect():
        if "confidence" in values:
            lowest = confidence(values["confidence"])
    with problems.collect():
        if "confidence_at_most" in values:
            highest = confidence(values["confidence_at_most"])
            if highest in LEVELS.values():
                highest += 9  # the whole level
    types = []
    for name in scalar.listed(values["type"]) if "type" in values else ():
        with problems.collect():
            types.append(library[known(scalar.one(name), library, "sensitive type")])
    if not types and not len(problems):
        problems.add(node.place, "'type' is missing", "name at least one type: policies/types has them")
    problems.settle()
    return tuple(_Count(each, least, most, lowest, highest) for each in types)


def _number(node: Node) -> int:
    if (number := scalar.count(node)) > _MOST:
        raise bad(node.place, f"nobody counts beyond {_MOST}", f"ask for at most {_MOST}")
    return number
