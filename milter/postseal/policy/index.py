"""Which rules a mail may concern: the others are not asked, and would all have said no.

Every rule is filed under one part of its conditions that must hold: under the tokens of a facet that
fewest rules share, else under a question that is then asked once for all rules that ask it.  The
answer of a facet that cannot see what it looks at is every rule filed there, so a rule that cannot be
judged is judged all the same, and fails as it must.  What is dear to look at, the text and the files,
is guarded: a cheaper answer that the rules need as well must allow it first.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from postseal.errors import Failure
from postseal.policy import facet
from postseal.policy.clause import Clause, Condition, Group, Not
from postseal.policy.compiled import Kept
from postseal.policy.content import GAP
from postseal.policy.facet import Facet, Find, Look, Subject, Token
from postseal.policy.mail import Mail, Transaction
from postseal.policy.pattern import Pattern
from postseal.policy.rule import Mode, Rule
from postseal.policy.scanner import Scanner


@dataclass(frozen=True, slots=True)
class _Tag:
    """One thing by which a rule can be found: a token of a facet, or the answer to a question.

    *facet* None: *token* is a question, and *wanted* the answer that the rule needs.
    """

    facet: Facet | None
    of_recipient: bool
    token: Token
    wanted: bool
    condition: Condition = field(compare=False)

    @property
    def dear(self) -> bool:
        """Whether the text is decoded, or files are opened, to see it."""
        return self.facet is not None and self.facet.dear > 0


@dataclass(frozen=True, slots=True)
class _Guard:
    """An answer that rules need besides what they are filed under, and that costs less to find out."""

    question: Hashable
    wanted: bool
    condition: Condition = field(compare=False)

    def lets(self, mail: Mail) -> bool:
        """Whether *mail* may give the answer."""
        return self.condition.ask(mail).truth is not (not self.wanted)


_Place = tuple[Facet | None, bool, _Guard | None]


class Index:
    """The rules of a policy, by what mail must show for them to apply.  *kept*: see `Scanner`."""

    def __init__(self, rules: Sequence[Rule], kept: Kept | None = None) -> None:
        clauses = {
            number: Group((rule.when, Not(rule.unless)), decisive=False)
            for number, rule in enumerate(rules)
            if rule.mode is not Mode.OFF
        }
        shared = Counter(tag for clause in clauses.values() for tag in _tags(clause, wanted=True))
        chosen = {number: _chosen(clause, shared, wanted=True) for number, clause in clauses.items()}
        needed = {
            number: tuple(_needed(clauses[number], wanted=True))
            for number, tags in chosen.items()
            if any(tag.dear for tag in tags or ())
        }
        guards = Counter(guard for each in needed.values() for guard in each)
        filed: dict[_Place, dict[_Tag, list[int]]] = {}
        self._by_name = {rule.name: number for number, rule in enumerate(rules)}
        self._always: list[int] = []
        for number, tags in chosen.items():
            if tags is None:
                self._always.append(number)
                continue
            for tag in dict.fromkeys(tags):
                guard = _guard(tag, needed[number], guards) if tag.dear else None
                place = tag.facet, tag.of_recipient, guard
                filed.setdefault(place, {}).setdefault(tag, []).append(number)
        self._drawers = sorted(
            (_Drawer(place, contents) for place, contents in filed.items()),
            key=lambda drawer: drawer.numbers[0],
        )
        patterns = (token for drawer in self._drawers for token in drawer.tokens)
        self._scanner = Scanner(
            (part for token in patterns for part in _flat(token) if isinstance(part, Pattern)), kept
        )

    def lookup(self, transaction: Transaction) -> "Lookup":
        """The index as it answers for *transaction*."""
        return Lookup(transaction, self._always, self._by_name, self._drawers, self._scanner)


class Lookup:
    """The rules that may concern one transaction; what it shows is looked at when it matters, and once."""

    def __init__(
        self,
        transaction: Transaction,
        always: list[int],
        by_name: Mapping[str, int],
        drawers: Sequence["_Drawer"],
        scanner: Scanner,
    ) -> None:
        self._transaction = transaction
        self._always = always
        self._by_name = by_name
        self._drawers = drawers
        self._scanner = scanner
        self._seen: dict[_Drawer, Collection[int]] = {}

    def numbers(self, mail: Mail) -> Iterator[int]:
        """The numbers of the rules that may apply to *mail*, in order, each once.

        A drawer is opened when the first rule in it may be the next: after a rule that ends the list, no
        text is decoded any more.
        """
        # A rule that added the recipient applies to him, whatever its conditions say.
        waiting = [*self._always, *(self._by_name[name] for name in mail.added_by)]
        heapq.heapify(waiting)
        last = -1
        closed = list(self._drawers)
        closed.reverse()
        while waiting or closed:
            while closed and (not waiting or closed[-1].numbers[0] <= waiting[0]):
                drawer = closed.pop()
                for number in self._from(drawer, mail):
                    heapq.heappush(waiting, number)
            if waiting and (number := heapq.heappop(waiting)) > last:
                last = number
                yield number

    def _from(self, drawer: "_Drawer", mail: Mail) -> Collection[int]:
        if drawer.guard and not drawer.guard.lets(mail):
            return ()
        if drawer.of_recipient:
            return self._opened(drawer, mail)
        if drawer not in self._seen:
            self._seen[drawer] = self._opened(drawer, mail)
        return self._seen[drawer]

    def _opened(self, drawer: "_Drawer", mail: Mail) -> Collection[int]:
        if drawer.find is None:
            return drawer.answered(mail)
        try:
            found = drawer.find(mail if drawer.of_recipient else self._transaction, self._patterns)
        except Failure:
            return drawer.numbers
        return drawer.under(found)

    def _patterns(self, look: Look, subject: Subject) -> Collection[Pattern]:
        if isinstance(subject, Mail):
            return self._scanner.scan(GAP.join(look(subject))).possible
        if look not in subject.scans:
            subject.scans[look] = self._scanner.scan(GAP.join(look(subject)))
        return subject.scans[look].possible


class _Drawer:
    """The rules that are filed under tokens of one facet, or under questions."""

    def __init__(self, place: _Place, tags: Mapping[_Tag, list[int]]) -> None:
        facet, self.of_recipient, self.guard = place
        self.tokens: dict[Token, list[int]] = {tag.token: numbers for tag, numbers in tags.items()}
        self.numbers = sorted({number for numbers in tags.values() for number in numbers})
        self.find: Find | None = facet.finder(self.tokens) if facet else None
        self._questions = [(tag.condition, tag.wanted, numbers) for tag, numbers in tags.items()]

    def under(self, tokens: Iterable[Token]) -> Collection[int]:
        """The rules under any of *tokens*."""
        lists = [numbers for token in tokens if (numbers := self.tokens.get(token))]
        return lists[0] if len(lists) == 1 else {number for numbers in lists for number in numbers}

    def answered(self, mail: Mail) -> Collection[int]:
        """The rules whose question may have the answer that they need."""
        return {
            number
            for condition, wanted, numbers in self._questions
            if condition.ask(mail).truth is not (not wanted)
            for number in numbers
        }


def _tag(condition: Condition, *, wanted: bool) -> Iterable[_Tag]:
    """The tags of which mail must show one if *condition* is to have the *wanted* answer."""
    found = facet.of(condition.function) if wanted else None
    tokens = found.tokens(condition.value) if found else (condition.question,)
    return (_Tag(found, condition.about_recipient, token, wanted, condition) for token in tokens)


def _tags(clause: Clause, *, wanted: bool) -> Iterator[_Tag]:
    """All tags that *clause* could be filed under."""
    match clause:
        case Condition():
            yield from _tag(clause, wanted=wanted)
        case Not(part):
            yield from _tags(part, wanted=not wanted)
        case Group(parts):
            for part in parts:
                yield from _tags(part, wanted=wanted)


def _chosen(clause: Clause, shared: Mapping[_Tag, int], *, wanted: bool) -> Sequence[_Tag] | None:
    """Tags of which mail must show one if *clause* is to have the *wanted* answer; None if it need not."""
    match clause:
        case Condition():
            return tuple(_tag(clause, wanted=wanted))
        case Not(part):
            return _chosen(part, shared, wanted=not wanted)
        case Group(parts, decisive):
            needs = [_chosen(part, shared, wanted=wanted) for part in parts]
            if decisive is wanted:  # one of them must be so
                return None if None in needs else [tag for need in needs for tag in need or ()]
            return min((need for need in needs if need is not None), key=partial(_cost, shared), default=None)
    return None


def _needed(clause: Clause, *, wanted: bool) -> Iterator[_Guard]:
    """The answers without which *clause* cannot have the *wanted* one."""
    match clause:
        case Condition():
            yield _Guard(clause.question, wanted, clause)
        case Not(part):
            yield from _needed(part, wanted=not wanted)
        case Group(parts, decisive) if decisive is not wanted or len(parts) == 1:
            for part in parts:
                yield from _needed(part, wanted=wanted)


def _guard(tag: _Tag, needed: Sequence[_Guard], guards: Mapping[_Guard, int]) -> _Guard | None:
    """What of *needed* must be answered before *tag* is looked for: what most other rules ask, too."""
    cheaper = (each for each in needed if each.condition.cost < tag.condition.cost)
    return max(cheaper, key=guards.__getitem__, default=None)


def _cost(shared: Mapping[_Tag, int], tags: Sequence[_Tag]) -> int:
    """How many rules would be asked in vain, about."""
    return sum(
        shared[tag] + 2 * tag.condition.cost + tag.facet.dear
        if tag.facet
        else _QUESTION * (1 if tag.wanted else 2)
        for tag in tags
    )


_QUESTION = 1_000_000
"""A question counts for more than all tokens: half of all mail has the answer, and it must be asked."""


def _flat(token: Token) -> tuple[object, ...]:
    return token if isinstance(token, tuple) else (token,)
