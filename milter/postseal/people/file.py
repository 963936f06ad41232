"""A directory in a file: YAML, or CSV as other programs write it.  Read once, with all its problems told.

YAML has `people:`, a list, and `groups:`, members by the name of a group.  A member that is the address of
another group stands for all of its members.  CSV has a row of names first:
`address`, `aliases`, `groups`, `manager`; other columns are attributes.  `;` divides several values.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import document, scalar
from postseal.binding import Reader
from postseal.document import Node, Problems, Scalar, bad
from postseal.envelope import key, split
from postseal.errors import Place
from postseal.people.person import NOBODY, Person


def address(node: Node, _reader: object = None) -> str:
    """An address such as `ann@example.com`."""
    written = scalar.one(node)
    if not all(split(written.text)) or any(each.isspace() for each in written.text):
        raise bad(
            written.place, f"expected an address, found '{written.text}'", "write it as ann@example.com"
        )
    return key(written.text)


def name(node: Node, _reader: object = None) -> str:
    """The name of a group or an attribute, in any letter case."""
    return scalar.text(node).strip().lower()


@dataclass(frozen=True, slots=True)
class _Entry:
    place: Place
    address: Annotated[str, address]
    aliases: tuple[Annotated[str, address], ...] = ()
    groups: tuple[Annotated[str, name], ...] = ()
    manager: Annotated[str, address] = ""
    attributes: dict[Annotated[str, name], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    people: tuple[_Entry, ...] = ()
    groups: dict[Annotated[str, name], tuple[Annotated[str, address], ...]] = field(default_factory=dict)


class PeopleFile:
    """The people of the file *path*.  Raises BadInput."""

    seconds = 1.0

    def __init__(self, path: Path) -> None:
        octets = document.read(path)
        if path.suffix == ".csv":
            content = _File(tuple(_rows(octets, path)))
        else:
            content = Reader().bind(document.parse(octets, str(path)), _File)
        self._people = _people(content)

    def find(self, wanted: str) -> Person:
        """Who has the address *wanted*."""
        return self._people.get(wanted, NOBODY)


def _people(content: _File) -> dict[str, Person]:
    problems = Problems()
    groups: dict[str, set[str]] = {}
    for group, members in content.groups.items():
        for member in members:
            groups.setdefault(member, set()).add(group)
    found: dict[str, Person] = {}
    places: dict[str, Place] = {}
    for entry in content.people:
        addresses = (entry.address, *entry.aliases)
        member_of = {*entry.groups, *(group for each in addresses for group in groups.get(each, ()))}
        person = Person(_all(member_of, groups), entry.attributes, entry.manager)
        for each in addresses:
            if each in places:
                problems.add(entry.place, f"<{each}> is at {places[each]}, too", "write everybody once")
            places.setdefault(each, entry.place)
            found[each] = person
    problems.settle()
    for member in groups.keys() - found.keys():
        found[member] = Person(_all(groups[member], groups))
    return found


def _all(direct: Iterable[str], groups: dict[str, set[str]]) -> frozenset[str]:
    """The groups *direct*, and those that these are members of by their addresses, however far up."""
    found: set[str] = set()
    left = list(direct)
    while left:
        group = left.pop()
        if group not in found:
            found.add(group)
            left += groups.get(group, ())
    return frozenset(found)


_COLUMNS = ("address", "aliases", "groups", "manager")


def _rows(octets: bytes, path: Path) -> Iterator[_Entry]:
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise bad(Place(str(path)), "not UTF-8", "save the file as UTF-8") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems = Problems()
    try:
        names = [each.strip().lower() for each in next(rows, [])]
        if "address" not in names:
            hint = f"write a first row with {', '.join(_COLUMNS)} and the names of attributes"
            raise bad(Place(str(path), 1), "there is no column 'address'", hint)
        for row in rows:
            place = Place(str(path), rows.line_num)
            with problems.collect():
                if any(row):
                    yield _entry(dict(zip(names, row, strict=False)), place)
    except csv.Error as error:
        problems.add(Place(str(path), rows.line_num), f"not valid CSV: {error}", "see the quotes of this row")
    problems.settle()


def _entry(row: dict[str, str], place: Place) -> _Entry:
    def several(value: str) -> Iterable[str]:
        return (each.strip() for each in value.split(";") if each.strip())

    def addresses(value: str) -> tuple[str, ...]:
        return tuple(address(Scalar(each, place)) for each in several(value))

    return _Entry(
        place,
        address(Scalar(row["address"].strip(), place)),
        addresses(row.get("aliases", "")),
        tuple(each.lower() for each in several(row.get("groups", ""))),
        next(iter(addresses(row.get("manager", ""))), ""),
        {column: tuple(several(value)) for column, value in row.items() if column not in _COLUMNS},
    )
