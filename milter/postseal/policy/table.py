"""The words of the policy language are functions: name, type, check and manual of a word in one place.

The name is the word, the docstring its manual.  A condition is `(Transaction or Mail, value) -> bool`,
an action `(Treatment, value) -> Treatment`; what the second parameter is annotated with reads and
checks the value in YAML.
"""

import inspect
import typing
from collections.abc import Callable
from functools import cache


def first(function: Callable[..., object]) -> object:
    """The annotation of the first parameter: what the function looks at."""
    return _annotations(function)[0]


def value(function: Callable[..., object]) -> object:
    """The annotation of the second parameter: the type of the word's value."""
    return _annotations(function)[1]


def manual(function: Callable[..., object]) -> str:
    """What the function's docstring says about the word."""
    return inspect.getdoc(function) or ""


@cache
def _annotations(function: Callable[..., object]) -> tuple[object, ...]:
    hints = typing.get_type_hints(function, include_extras=True)
    return tuple(hints[name] for name in inspect.signature(function).parameters)
