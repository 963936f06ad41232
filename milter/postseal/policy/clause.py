"""Questions about mail, put together: a condition with its value, and `any`, `all`, `not` of such.

The answer is yes, no, or that it cannot be told (a `Failure`).  What cannot be told matters only where
the rest does not decide: `all` is no as soon as one part is no, `any` is yes as soon as one is yes.
Every answer names the conditions that decided, so an explanation and the decision cannot differ.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from postseal import scalar
from postseal.binding import Reader, known
from postseal.document import Entry, Mapping, Node, Problems, Scalar, bad
from postseal.document import Sequence as Items
from postseal.errors import Failure, Place
from postseal.policy import table
from postseal.policy.conditions import CONDITIONS
from postseal.policy.conditions.location import LOCATED, Location
from postseal.policy.mail import Mail, Transaction

Truth = bool | Failure


class Answer(NamedTuple):
    """What a clause says about a mail, and the conditions that decided, each with its own answer."""

    truth: Truth
    because: tuple[tuple["Condition", Truth], ...] = ()


class Clause(Protocol):
    """A question that is answered about one mail."""

    @property
    def cost(self) -> int:
        """Its rank when clauses are asked: cheaper ones first."""
        ...

    def ask(self, mail: Mail) -> Answer:
        """The answer for *mail*; does not raise Failure."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition with its value.  *written*: the value as it stands in the file, shortened."""

    word: str
    written: str
    place: Place
    cost: int
    about_recipient: bool
    function: Callable[..., bool]
    value: object

    @property
    def question(self) -> Hashable:
        """What it asks; conditions that ask the same have the same answer for the same mail."""
        try:
            hash(self.value)
        except TypeError:
            return self
        return self.function, self.value

    def ask(self, mail: Mail) -> Answer:
        """The function's answer; asked once per transaction unless it is about the recipient."""
        if self.about_recipient:
            truth = self._truth(mail)
        else:
            memory = mail.transaction.memory
            question = self.question
            if question not in memory:
                memory[question] = self._truth(mail.transaction)
            truth = memory[question]
        return Answer(truth, ((self, truth),))

    def _truth(self, subject: Mail | Transaction) -> Truth:
        try:
            return self.function(subject, self.value)
        except Failure as failure:
            return failure.with_traceback(None)  # its frames hold the text of the mail

    def __str__(self) -> str:
        return f"{self.word}: {self.written}"


@dataclass(frozen=True, slots=True)
class Not:
    """Yes where its part is no, and the other way round."""

    part: Clause

    @property
    def cost(self) -> int:
        """That of the part."""
        return self.part.cost

    def ask(self, mail: Mail) -> Answer:
        """The opposite answer, for the same reasons."""
        truth, because = self.part.ask(mail)
        return Answer(truth if isinstance(truth, Failure) else not truth, because)


@dataclass(frozen=True, slots=True)
class Group:
    """Several clauses.  *decisive*: the answer of one part that settles it; True makes `any`, False `all`."""

    parts: tuple[Clause, ...]
    decisive: bool

    @property
    def cost(self) -> int:
        """That of the dearest part."""
        return max((part.cost for part in self.parts), default=0)

    def ask(self, mail: Mail) -> Answer:
        """The first decisive answer; else the first that cannot be told; else the opposite."""
        because: list[tuple[Condition, Truth]] = []
        failed: Answer | None = None
        for part in self.parts:
            answer = part.ask(mail)
            if answer.truth is self.decisive:
                return answer
            if isinstance(answer.truth, Failure):
                failed = failed or answer
            because.extend(answer.because)
        return failed or Answer(not self.decisive, tuple(because))


ALWAYS = Group((), decisive=False)
"""Every mail: `all` of nothing."""

NEVER = Group((), decisive=True)
"""No mail: `any` of nothing."""


def conditions(node: Node, reader: Reader) -> Clause:
    """Conditions that must all hold."""
    return _group(node, reader, decisive=False)


def exceptions(node: Node, reader: Reader) -> Clause:
    """Exceptions, of which one is enough."""
    return _group(node, reader, decisive=True)


_WORDS = {function.__name__: (rank, function) for rank, function in enumerate(CONDITIONS)}
_GROUPS = ("all", "any", "not")
_KNOWN = dict.fromkeys((*_WORDS, *_GROUPS))


def _group(node: Node, reader: Reader, *, decisive: bool) -> Group:
    """A mapping, whose entries are joined; or a list of mappings, which are joined, their entries AND-ed."""
    if isinstance(node, Items):
        parts = _all(node.items, lambda item: _group(item, reader, decisive=False))
    else:
        if isinstance(node, Scalar) and not node.missing:
            raise bad(node.place, f"expected conditions, found '{node.text}'", "write 'condition: value'")
        entries = node.entries if isinstance(node, Mapping) else ()
        parts = _all(entries, lambda entry: _clause(entry, reader))
    if not parts:
        raise bad(node.place, "there is no condition here", "leave the key out, or write a condition")
    return Group(tuple(sorted(parts, key=lambda part: part.cost)), decisive)


def _clause(entry: Entry, reader: Reader) -> Clause:
    word = known(entry.key, _KNOWN, "condition")
    if word == "not":
        group = _group(entry.value, reader, decisive=False)
        if len(group.parts) > 1:
            raise bad(entry.key.place, "'not' takes one condition", "join several with any: or all: inside")
        return Not(group)
    if word in _GROUPS:
        return _group(entry.value, reader, decisive=word == "any")
    rank, function = _WORDS[word]
    return Condition(
        word=word,
        written=written(entry.value),
        place=entry.key.place,
        cost=rank,
        about_recipient=table.first(function) is Mail,
        function=function,
        value=reader.read(entry.value, table.value(function)),
    )


def conditions_of(clause: Clause) -> Iterator[Condition]:
    """All conditions in *clause*."""
    match clause:
        case Condition():
            yield clause
        case Not(part):
            yield from conditions_of(part)
        case Group(parts):
            for part in parts:
                yield from conditions_of(part)


def located(clause: Clause, location: Location) -> Clause:
    """*clause*, its conditions on the sender looking where *location* says."""
    match clause:
        case Condition(function=function):
            return replace(clause, function=LOCATED.get((function, location), function))
        case Not(part):
            return Not(located(part, location))
        case Group(parts):
            return replace(clause, parts=tuple(located(part, location) for part in parts))
    return clause


def _all(items: Iterable[object], read: Callable[..., Clause]) -> Sequence[Clause]:
    problems = Problems()
    clauses = []
    for item in items:
        with problems.collect():
            clauses.append(read(item))
    problems.settle()
    return clauses


def written(node: Node) -> str:
    """*node* on one line, at most about 60 characters."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        text = ", ".join(f"{entry.key.text}: {written(entry.value)}" for entry in node.entries[:20])
        text = f"{{{text}}}"
    else:
        text = f"[{', '.join(written(item) for item in scalar.listed(node)[:20])}]"
    return text if len(text) <= 60 else f"{text[:57]}..."
