"""Actions on header fields: labels for programs and people, and what is written into the subject.

Fields that say who wrote to whom, or how to read the message, are out of reach.
"""

from collections.abc import Callable
from dataclasses import replace

from postseal.policy.action_values import Line
from postseal.policy.header_values import Label, NewField, OldFields, SpamLevel, SubjectChange, Tags
from postseal.treatment import (
    AddHeader,
    HeaderEdit,
    PrependSubject,
    SetHeader,
    StripSubject,
    Treatment,
)


def set_header(treatment: Treatment, fields: dict[NewField, Line]) -> Treatment:
    """Write these header fields, each in place of all of its name."""
    return _editing(treatment, *(SetHeader(name, value) for name, value in fields.items()))


def add_header(treatment: Treatment, fields: dict[NewField, Line]) -> Treatment:
    """Add these header fields, whether or not there are others of the name."""
    return _editing(treatment, *(AddHeader(name, value) for name, value in fields.items()))


def remove_header(treatment: Treatment, fields: OldFields) -> Treatment:
    """Remove all header fields of these names; `X-Label: draft` only those with this value."""
    return _editing(treatment, *fields)


def prepend_subject(treatment: Treatment, text: Line) -> Treatment:
    """Put this text before the subject, unless it stands there already."""
    return _editing(treatment, PrependSubject(text))


def strip_subject(treatment: Treatment, tags: Tags) -> Treatment:
    """Remove these tags from the subject, wherever they stand and in any letter case.

    For what senders type to have mail treated, such as `[secure]`; readers need not see it.
    """
    return _editing(treatment, StripSubject(tags))


def change_subject(treatment: Treatment, change: SubjectChange) -> Treatment:
    """Replace what matches in the subject.

    `match` is removed wherever it is found, in any letter case.  `with` is written in its place; or,
    `at: begin` or `at: end`, once before or behind the rest.  A subject without a match stays as it is.
    """
    return _editing(treatment, change)


def classify(treatment: Treatment, label: Label) -> Treatment:
    """Write the field `X-Classification` with this label, in place of any other."""
    return _editing(treatment, SetHeader("X-Classification", label))


def spam_level(treatment: Treatment, level: SpamLevel) -> Treatment:
    """Tell Exchange and Outlook the spam confidence level, as `X-MS-Exchange-Organization-SCL`."""
    return _editing(treatment, SetHeader("X-MS-Exchange-Organization-SCL", str(level)))


ACTIONS: tuple[Callable[..., Treatment], ...] = (
    set_header,
    add_header,
    remove_header,
    prepend_subject,
    strip_subject,
    change_subject,
    classify,
    spam_level,
)
"""The actions of this room."""


def _editing(treatment: Treatment, *edits: HeaderEdit) -> Treatment:
    return replace(treatment, headers=treatment.headers + edits)
