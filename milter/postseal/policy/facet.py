"""What a condition looks at, in a form by which rules are looked up, so that few of ten thousand are asked.

A condition names its facet with `asks`.  The promise that makes an index safe: a condition says no to
every mail in which its facet finds none of the tokens of the condition's value.  What a mail shows
cannot always be seen; then a facet raises Failure, and every rule is asked.
"""

import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import Protocol, TypeVar

from postseal.policy.mail import Mail, Transaction
from postseal.policy.pattern import Pattern

Subject = Transaction | Mail
Token = Hashable
Look = Callable[..., Iterable[bytes]]
"""Texts of a transaction or a mail in which to look for patterns.  Raises Failure if they cannot be seen."""

Possible = Callable[[Look, Subject], Collection[Pattern]]
"""The patterns that may be found in the texts of a look at a mail."""

Find = Callable[[Subject, Possible], Iterable[Token]]
"""The tokens that a subject shows; of tokens that no condition has, any or none."""


class Facet(Protocol):
    """See the module."""

    @property
    def dear(self) -> int:
        """How many rules are asked for what looking at it costs, about; 0 for envelope and header."""
        ...

    def tokens(self, value: object) -> Collection[Token]:
        """What a condition with this *value* is looked up by."""
        ...

    def finder(self, asked: Collection[Token]) -> Find:
        """What finds the tokens; *asked*: those of all conditions."""
        ...


class Keys:
    """The value is a key or a set of keys; the condition holds if one of them is among those shown."""

    def __init__(self, shown: Callable[..., Collection[Token]], *, dear: int = 0) -> None:
        self._shown = shown
        self.dear = dear

    def tokens(self, value: object) -> Collection[Token]:
        """The keys."""
        return value if isinstance(value, frozenset) else (value,)

    def finder(self, _asked: Collection[Token]) -> Find:
        """What is shown."""
        return lambda subject, _possible: self._shown(subject)


class Texts:
    """The value is a `Pattern`, which is looked for in the texts of several looks.

    *check*: raises Failure if there may be more text than the looks tell.
    """

    def __init__(
        self, *looks: Look, dear: int = 0, check: Callable[..., None] = lambda _subject: None
    ) -> None:
        self._looks = looks
        self._check = check
        self.dear = dear

    def tokens(self, value: object) -> Collection[Token]:
        """The pattern."""
        return (value,)

    def finder(self, _asked: Collection[Token]) -> Find:
        """The patterns that may be found."""

        def find(subject: Subject, possible: Possible) -> set[Token]:
            found: set[Token] = {pattern for look in self._looks for pattern in possible(look, subject)}
            self._check(subject)
            return found

        return find


class Fields:
    """The value is patterns by the name of a header field, in which they are looked for."""

    dear = 0

    def tokens(self, value: object) -> Collection[Token]:
        """Pairs of a name and a pattern."""
        assert isinstance(value, Mapping)  # noqa: S101 (what its type reads)
        return [(name.lower(), pattern) for name, pattern in value.items()]

    def finder(self, asked: Collection[Token]) -> Find:
        """The pairs of which the field is there, and the pattern may be found in one of these fields."""
        patterns: dict[str, set[Pattern]] = {}
        for name, pattern in typing.cast(Collection[tuple[str, Pattern]], asked):
            patterns.setdefault(name, set()).add(pattern)

        def look(transaction: Transaction) -> list[bytes]:
            names = patterns.keys() & transaction.field_names
            return [text for name in names for text in transaction.header(name)]

        def find(transaction: Subject, possible: Possible) -> list[Token]:
            assert isinstance(transaction, Transaction)  # noqa: S101 (no header is one recipient's)
            names = patterns.keys() & transaction.field_names
            found = possible(look, transaction) if names else frozenset()
            return [(name, pattern) for name in names for pattern in patterns[name].intersection(found)]

        return find


TEXT, FILES = 100, 1000
"""How dear it is to decode the text, and to have the files opened."""

F = TypeVar("F", bound=Callable[..., bool])

_FACETS: dict[Callable[..., bool], Facet] = {}


def asks(facet: Facet) -> Callable[[F], F]:
    """A decorator for conditions: rules are looked up by *facet*."""

    def note(function: F) -> F:
        _FACETS[function] = facet
        return function

    return note


def of(function: Callable[..., bool]) -> Facet | None:
    """The facet of a condition; None if there is no other way than to ask it."""
    return _FACETS.get(function)
