"""Every action: what is asked for one recipient, changed by one word of a rule.

The function's name is the word in YAML, its second parameter's annotation the type of the value, its
docstring the manual.  `ACTIONS` at the end is the only list of them.  Actions run in the order of
rules and within a rule as written; none but `never_protect` takes away protection that another one asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from postseal.binding import Reader, known
from postseal.document import Entry, Node, Problems, Scalar, Sequence, bad
from postseal.errors import Place
from postseal.notice import Notice
from postseal.policy import (
    body_actions,
    header_actions,
    journal_actions,
    notice_actions,
    protection_actions,
    recipient_actions,
    right_actions,
    table,
)
from postseal.policy.action_values import Deferral, Reason, Rejection, Yes
from postseal.policy.notice_actions import Moderators
from postseal.scalar import mapped
from postseal.treatment import Hold, Journaled, Treatment


def sign(treatment: Treatment, _yes: Yes) -> Treatment:
    """Sign the message for its sender; without a key for the sender the mail is refused."""
    return replace(treatment, sign=True)


def reject(treatment: Treatment, reply: Rejection) -> Treatment:
    """Refuse the message for good and tell the sender this sentence.

    The whole message is refused, for all its recipients; no rule after this one is looked at.
    """
    return replace(treatment, refusal=treatment.refusal or reply)


def defer(treatment: Treatment, reply: Deferral) -> Treatment:
    """Refuse the message for now: the sender's server keeps it and tries again, for days.

    The whole message waits, for all its recipients; no rule after this one is looked at.  With the code 421
    Postfix closes the connection, too.
    """
    return replace(treatment, refusal=treatment.refusal or reply)


def quarantine(treatment: Treatment, reason: Reason) -> Treatment:
    """Have the MTA hold the whole message, for all its recipients, until an administrator has looked at it.

    Released, it is judged again as it was when it came, and this rule no longer holds it; what the rules say
    about protection is done then.  A rule that refuses the message wins.
    """
    rule = treatment.rules[-1] if treatment.rules else ""
    return replace(treatment, holds=(*treatment.holds, Hold(rule, reason)))


def moderate(treatment: Treatment, moderators: Moderators) -> Treatment:
    """Hold the message as `quarantine` does, and report it to these addresses, who decide.

    The report names the queue id by which the mail server releases or deletes it; written long, it is
    that of `report`.  Without a decision, or if `manager` is nobody, the message stays where it is.
    """
    held = quarantine(treatment, "awaits a moderator")
    return replace(held, notices=held.notices + moderators)


ACTIONS: tuple[Callable[..., Treatment], ...] = (
    *protection_actions.ACTIONS,
    *right_actions.ACTIONS,
    sign,
    *header_actions.ACTIONS,
    *body_actions.ACTIONS,
    *recipient_actions.ACTIONS,
    *notice_actions.ACTIONS,
    *journal_actions.ACTIONS,
    quarantine,
    moderate,
    defer,
    reject,
)
"""All actions."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its value."""

    place: Place
    function: Callable[..., Treatment]
    value: object

    @property
    def word(self) -> str:
        """Its name."""
        return self.function.__name__

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What it wants told."""
        return self.function(Treatment(), self.value).notices

    @property
    def journals(self) -> tuple[Journaled, ...]:
        """Who gets a journal copy by it."""
        return self.function(Treatment(), self.value).journals

    @property
    def tells(self) -> bool:
        """Whether all it does is to tell somebody."""
        return self.function in notice_actions.ACTIONS

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
        problems.add(node.place, "there is no action here", "write one, such as 'protect: smime'")
    problems.settle()
    return tuple(found)


def action(entry: Entry, reader: Reader) -> Action:
    """One `action: value`."""
    function = _WORDS[known(entry.key, _WORDS, "action")]
    return Action(entry.key.place, function, reader.read(entry.value, table.value(function)))
