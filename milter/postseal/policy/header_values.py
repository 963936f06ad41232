"""The types of the values of actions on header fields, checked to be writable into mail.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader
from postseal.document import Mapping, Node, Problems, bad
from postseal.policy import pattern
from postseal.policy.action_values import line
from postseal.policy.values import field_name, some
from postseal.treatment import ChangeSubject, RemoveHeader, Where

_FIXED = re.compile(
    "content-.*|mime-version|received|return-path|date|message-id|from|sender|reply-to|to|cc|bcc|resent-.*",
    re.IGNORECASE,
)
_ATTESTING = re.compile("dkim-signature|arc-.*|authentication-results", re.IGNORECASE)


def new_field(node: Node, _reader: object = None) -> str:
    """The name of a header field that may be written."""
    name = old_field(node)
    if _ATTESTING.fullmatch(name):
        hint = "only who signs or checks may write it; remove_header may remove it"
        raise bad(node.place, f"'{name}' must not be written", hint)
    return name


def old_field(node: Node, _reader: object = None) -> str:
    """The name of a header field that may be changed."""
    name = field_name(node)
    if _FIXED.fullmatch(name):
        hint = "it says who wrote to whom or how to read the message; use a field of your own: X-Example"
        raise bad(node.place, f"'{name}' must not be changed", hint)
    return name


def old_fields(node: Node, _reader: object = None) -> tuple[RemoveHeader, ...]:
    """Names of header fields that may be changed, or `name: value` lines."""
    problems = Problems()
    found: list[RemoveHeader] = []
    for item in scalar.listed(node):
        with problems.collect():
            if isinstance(item, Mapping):
                found += [RemoveHeader(old_field(each.key), line(each.value)) for each in item.entries]
            else:
                found.append(RemoveHeader(old_field(item)))
    if not found and not len(problems):
        problems.add(node.place, "the list is empty", "write at least one name, or remove the key")
    problems.settle()
    return tuple(found)


def tags(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Tags such as `[secure]`."""
    values = some(node)
    problems = Problems()
    for value in values:
        if value.text != value.text.strip() or not value.text.isprintable() or len(value.text) > 128:
            hint = "write at most 128 printable characters, without spaces around them"
            problems.add(value.place, f"bad tag '{value.text[:40]}'", hint)
    problems.settle()
    return tuple(value.text for value in values)


def expressions(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Regular expressions in RE2 syntax: found anywhere, in any letter case."""
    values = some(node)
    pattern.patterns(values)
    return tuple(value.text for value in values)


def new_text(node: Node, _reader: object = None) -> str:
    """Text on one line, at most 900 characters; `""` for none."""
    return "" if scalar.one(node).text == "" else line(node)


def label(node: Node, _reader: object = None) -> str:
    """A label, at most 64 printable characters."""
    written = scalar.one(node)
    if not written.text.strip() or not written.text.isprintable() or len(written.text) > 64:
        raise bad(written.place, f"bad label '{written.text[:40]}'", "write at most 64 printable characters")
    return written.text


def spam_level(node: Node, _reader: object = None) -> int:
    """A spam confidence level, -1 (trusted) to 9 (certainly spam)."""
    written = scalar.one(node)
    if not re.fullmatch("-1|[0-9]", written.text, re.ASCII):
        raise bad(written.place, f"bad spam level '{written.text}'", "write a number from -1 to 9")
    return int(written.text)


@dataclass(frozen=True, slots=True)
class _Change:
    match: Annotated[tuple[str, ...], expressions]
    text: Annotated[str, new_text] = field(metadata={"word": "with"})
    at: Where = Where.MATCH


def subject_change(node: Node, reader: Reader) -> ChangeSubject:
    """`{match: PATTERNS, with: TEXT, at: match}`; `at` may be `match`, `begin` or `end`."""
    bound = reader.bind(node, _Change)
    return ChangeSubject(bound.match, bound.text, bound.at)


NewField = Annotated[str, new_field]
OldFields = Annotated[tuple[RemoveHeader, ...], old_fields]
Tags = Annotated[tuple[str, ...], tags]
SubjectChange = Annotated[ChangeSubject, subject_change]
Label = Annotated[str, label]
SpamLevel = Annotated[int, spam_level]
