"""Every action: what is asked for one recipient, changed by one word of a rule.

The function's name is the word in YAML, its second parameter's annotation the type of the value, its
docstring the manual.  `ACTIONS` at the end is the only list of them.  Actions run in the order of
rules and within a rule as written; none takes away protection that another one asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from postseal.binding import Reader, known
from postseal.document import Entry, Node, Problems, Scalar, Sequence, bad
from postseal.errors import Place
from postseal.policy import table
from postseal.policy.action_values import Line, Methods, NewField, OldField, Rejection, Yes
from postseal.scalar import mapped
from postseal.treatment import AddHeader, HeaderEdit, PrependSubject, RemoveHeader, SetHeader, Treatment


def protect(treatment: Treatment, methods: Methods) -> Treatment:
    """Protect the message by the first of these methods that reaches the recipient.

    If none does, the mail is refused as the rule's `on_error` says; it never goes plain.  A later rule
    replaces the list of an earlier one: it can choose other methods, but not none.
    """
    return replace(treatment, protect=methods)


def sign(treatment: Treatment, _yes: Yes) -> Treatment:
    """Sign the message for its sender; without a key for the sender the mail is refused."""
    return replace(treatment, sign=True)


def set_header(treatment: Treatment, fields: dict[NewField, Line]) -> Treatment:
    """Write these header fields, each in place of all of its name."""
    return _editing(treatment, *(SetHeader(name, value) for name, value in fields.items()))


def add_header(treatment: Treatment, fields: dict[NewField, Line]) -> Treatment:
    """Add these header fields, whether or not there are others of the name."""
    return _editing(treatment, *(AddHeader(name, value) for name, value in fields.items()))


def remove_header(treatment: Treatment, names: tuple[OldField, ...]) -> Treatment:
    """Remove all header fields of these names."""
    return _editing(treatment, *(RemoveHeader(name) for name in names))


def prepend_subject(treatment: Treatment, text: Line) -> Treatment:
    """Put this text before the subject, unless it stands there already."""
    return _editing(treatment, PrependSubject(text))


def reject(treatment: Treatment, reply: Rejection) -> Treatment:
    """Refuse the message for good and tell the sender this sentence.

    The whole message is refused, for all its recipients; no rule after this one is looked at.
    """
    return replace(treatment, refusal=treatment.refusal or reply)


ACTIONS: tuple[Callable[..., Treatment], ...] = (
    protect,
    sign,
    set_header,
    add_header,
    remove_header,
    prepend_subject,
    reject,
)
"""All actions."""


def _editing(treatment: Treatment, *edits: HeaderEdit) -> Treatment:
    return replace(treatment, headers=treatment.headers + edits)


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its value."""

    place: Place
    function: Callable[..., Treatment]
    value: object

    def __call__(self, treatment: Treatment) -> Treatment:
        """*treatment* after this action."""
        return self.function(treatment, self.value)


_WORDS = {function.__name__: function for function in ACTIONS}


def actions(node: Node, reader: Reader) -> tuple[Action, ...]:
    """`action: value` lines, or a list of such; they run as written."""
    problems = Problems()
    found: list[Action] = []
    for item in node.items if isinstance(node, Sequence) else (node,):
        with problems.collect():
            if isinstance(item, Scalar) and not item.missing:
                word = known(item, _WORDS, "action")
                raise bad(item.place, f"action '{word}' has no value", f"write '{word}: …'")
            for entry in mapped(item):
                with problems.collect():
                    found.append(action(entry, reader))
    if not found and not len(problems):
        problems.add(node.place, "there is no action here", f"write one of {', '.join(_WORDS)}")
    problems.settle()
    return tuple(found)


def action(entry: Entry, reader: Reader) -> Action:
    """One `action: value`."""
    function = _WORDS[known(entry.key, _WORDS, "action")]
    return Action(entry.key.place, function, reader.read(entry.value, table.value(function)))
