"""The failure policy as rules write it: `on_error`, for every cause or by cause.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

from typing import Annotated, Final

from postseal import scalar
from postseal.binding import Reader, known
from postseal.document import Entry, Mapping, Node, Problems, Scalar, Sequence, bad
from postseal.errors import Cause
from postseal.outcome import Reply
from postseal.policy.action_values import check_holding, rejection
from postseal.remedy import Choice, OnError, Remedy

_NEXT: Final = "next"
_DEFAULT: Final = "default"
_OF_METHODS: Final = frozenset(
    {Cause.LOOKUP, Cause.REVOCATION, Cause.CRYPTO, Cause.LIMIT, Cause.KEYS, Cause.STORE}
)
"""Causes for which one method may fail where another does not."""

_CAUSES: Final = {cause.value: cause for cause in Cause if cause not in {Cause.ALREADY, Cause.RELEASE}}


def on_error(node: Node, reader: Reader) -> OnError:
    """`defer`, `reject`, `quarantine` or `{reject: sentence}`; or such by cause: `{crypto: reject}`."""
    if not isinstance(node, Mapping) or [entry.key.text for entry in node.entries] == [Choice.REJECT.value]:
        return OnError(_remedy(node, reader))
    problems = Problems()
    default, causes = Remedy(), {}
    for entry in scalar.mapped(node):
        with problems.collect():
            word = known(entry.key, [*_CAUSES, _DEFAULT], "cause")
            if word == _DEFAULT:
                default = _remedy(entry.value, reader)
            else:
                causes[_CAUSES[word]] = _by_cause(entry, _CAUSES[word], reader)
    problems.settle()
    return OnError(default, frozenset(causes.items()))


def _by_cause(entry: Entry, cause: Cause, reader: Reader) -> Remedy:
    """`next`, a remedy, or a list of both: what is tried, and what is done in the end."""
    node = entry.value
    steps = node.items if isinstance(node, Sequence) else (node,)
    next_first = bool(steps) and isinstance(steps[0], Scalar) and steps[0].text == _NEXT
    if next_first and cause not in _OF_METHODS:
        causes = ", ".join(sorted(_OF_METHODS))
        raise bad(
            steps[0].place,
            f"the next method is of no help against '{cause}'",
            f"it can be tried after {causes}; who is out of reach of a method gets the next one anyway",
        )
    rest = steps[1:] if next_first else steps
    if len(rest) > 1 or not steps:
        raise bad(node.place, "expected one choice", "write one word, or [next, defer]")
    remedy = _remedy(rest[0], reader) if rest else Remedy()
    return Remedy(remedy.choice, remedy.reply, next_first)


def _remedy(node: Node, reader: Reader) -> Remedy:
    if isinstance(node, Mapping):
        (entry,) = node.entries if len(node.entries) == 1 else (None,)
        if entry is None or entry.key.text != Choice.REJECT:
            raise bad(
                node.place, "expected a choice", "write defer, reject, quarantine or {reject: sentence}"
            )
        reply = reader.read(entry.value, Annotated[Reply, rejection])
        return Remedy(Choice.REJECT, reply if isinstance(reply, Reply) else None)
    word = scalar.one(node)
    if word.text == _NEXT:
        raise bad(word.place, "'next' needs a cause", "write it by cause: {crypto: [next, defer]}")
    choice = Choice(known(word, [choice.value for choice in Choice], "word"))
    if choice is Choice.QUARANTINE:
        check_holding(word, reader)
    return Remedy(choice)


OnErrors = Annotated[OnError, on_error]
