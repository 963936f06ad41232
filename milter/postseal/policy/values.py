"""The types of conditions' values: how each is written in YAML, checked, and made ready to compare.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

import re
from enum import StrEnum
from typing import Annotated

from postseal import scalar
from postseal.document import Node, Problems, Scalar, bad
from postseal.envelope import domain_key, key, split
from postseal.guard.own import is_own
from postseal.policy import pattern
from postseal.policy.pattern import Pattern


class Scope(StrEnum):
    """Where somebody is, seen from our organisation."""

    INSIDE = "inside"
    OUTSIDE = "outside"


def some(node: Node) -> tuple[Scalar, ...]:
    """The values of a list that must not be empty; a single value counts as a list of one."""
    problems = Problems()
    values = []
    for item in scalar.listed(node):
        with problems.collect():
            values.append(scalar.one(item))
    problems.settle()
    if not values:
        raise bad(node.place, "the list is empty", "write at least one value, or remove the key")
    return tuple(values)


def words(node: Node, _reader: object = None) -> Pattern:
    """Words or phrases: found whole, in any letter case; no wildcards."""
    return pattern.words(some(node))


def patterns(node: Node, _reader: object = None) -> Pattern:
    """Regular expressions in RE2 syntax: found anywhere, in any letter case."""
    return pattern.patterns(some(node))


def addresses(node: Node, _reader: object = None) -> frozenset[str]:
    """Addresses: equal in any letter case; `<>` is the null sender of bounces."""
    problems = Problems()
    found = set()
    for value in some(node):
        with problems.collect():
            found.add(key(address(value)))
    problems.settle()
    return frozenset(found)


def address(node: Node, _reader: object = None) -> str:
    """An address such as `ann@example.com`, or `<>` for the null sender."""
    value = scalar.one(node)
    if value.text == "<>":
        return ""
    local, domain = split(value.text)
    if "*" in value.text:
        hint = "there are no wildcards; name the domain in a condition on domains"
    elif "@" not in value.text and "." in value.text:
        hint = "for a whole domain use a condition on domains"
    else:
        hint = "write it as ann@example.com"
    if not local or re.search(r"[\s<>*]", value.text) or not scalar.is_domain(domain):
        raise bad(value.place, f"expected an address, found '{value.text}'", hint)
    return value.text


def domains(node: Node, _reader: object = None) -> frozenset[str]:
    """Domains: each stands for itself and all its subdomains."""
    problems = Problems()
    found = set()
    for value in some(node):
        with problems.collect():
            found.add(domain_key(scalar.domain(value)))
    problems.settle()
    return frozenset(found)


def field_name(node: Node, _reader: object = None) -> str:
    """The name of a header field."""
    value = scalar.one(node)
    name = value.text.removesuffix(":")
    if name != value.text or not re.fullmatch(r"[!-9;-~]{1,76}", name):
        raise bad(
            value.place,
            f"bad name of a header field '{value.text}'",
            "write it without colon and spaces: X-Example",
        )
    if is_own(name):
        hint = "such fields are Postseal's own and taken off all mail that comes in; use another name"
        raise bad(value.place, f"'{name}' can be neither seen nor changed by a rule", hint)
    return name


def extensions(node: Node, _reader: object = None) -> frozenset[str]:
    """Extensions of file names, with or without a dot: `docx`, `.exe`; equal in any letter case."""
    problems = Problems()
    found = set()
    for value in some(node):
        extension = value.text.removeprefix(".").lower()
        if not re.fullmatch(r"[^\s./\\*?]{1,40}", extension):
            what = f"bad extension '{value.text}'"
            problems.add(value.place, what, "write what follows the last dot of a name: docx")
        found.add(extension)
    problems.settle()
    return frozenset(found)


def media_types(node: Node, _reader: object = None) -> frozenset[str]:
    """Media types such as `application/pdf`, or `image/*` for all of a kind."""
    problems = Problems()
    found = set()
    for value in some(node):
        if not re.fullmatch(r"[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)", value.text.lower()):
            what = f"expected a media type, found '{value.text}'"
            problems.add(value.place, what, "write it as application/pdf; docs/content.md has a list")
        found.add(value.text.lower())
    problems.settle()
    return frozenset(found)


Words = Annotated[Pattern, words]
Patterns = Annotated[Pattern, patterns]
Addresses = Annotated[frozenset[str], addresses]
Domains = Annotated[frozenset[str], domains]
FieldName = Annotated[str, field_name]
Size = Annotated[int, scalar.size]
Extensions = Annotated[frozenset[str], extensions]
MediaTypes = Annotated[frozenset[str], media_types]
Count = Annotated[int, scalar.count]
