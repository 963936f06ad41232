from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.people.file import PeopleFile
from postseal.people.person import NOBODY, Person

YAML = """
people:
  - address: Ann@example.com
    aliases: [a@example.com]
    groups: [Sales]
    manager: CY@example.com
    attributes: {Department: Legal, city: [Bonn, Berlin]}
groups:
  Board: [a@example.com, dora@example.com]
"""
CSV = """address,Aliases,groups,manager,Department,city
Ann@example.com,a@example.com,Sales;Board,CY@example.com,Legal,Bonn; Berlin
dora@example.com,,board,,,

"""
ANN = Person(
    frozenset({"sales", "board"}), {"department": ("Legal",), "city": ("Bonn", "Berlin")}, "cy@example.com"
)


@pytest.mark.parametrize(("name", "text"), [("p.yaml", YAML), ("p.csv", CSV), ("p.csv", "\ufeff" + CSV)])
def test_people_are_found_by_all_their_addresses(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    people = PeopleFile(tmp_path / name)

    assert people.find("ann@example.com") == people.find("a@example.com") == ANN
    assert people.find("dora@example.com").groups == {"board"}
    assert people.find("x@example.com") == NOBODY


BAD = {
    "address": ("p.yaml", "people: [{address: ann}]", "p.yaml:1:20: expected an address, found 'ann'"),
    "twice": (
        "p.yaml",
        "people: [{address: a@x.example}, {address: b@x.example, aliases: A@x.example}]",
        "p.yaml:1:34: <a@x.example> is at FILE:1:10, too",
    ),
    "key": ("p.yaml", "persons: []", "p.yaml:1:1: unknown key 'persons'"),
    "csv-address": ("p.csv", "address\na@x.example\nb\n", "p.csv:3: expected an address, found 'b'"),
    "csv-header": ("p.csv", "mail,groups\n", "p.csv:1: there is no column 'address'"),
    "csv-empty": ("p.csv", "", "p.csv:1: there is no column 'address'"),
    "csv-quote": ("p.csv", 'address\n"a@x.example" x\n', "p.csv:2: not valid CSV"),
    "missing": ("none.yaml", None, "none.yaml: there is no such file"),
}


@pytest.mark.parametrize(("name", "text", "expected"), BAD.values(), ids=BAD)
def test_bad_file_is_told_with_its_place(tmp_path: Path, name: str, text: str | None, expected: str):
    if text is not None:
        (tmp_path / name).write_text(text)

    with pytest.raises(BadInput) as raised:
        PeopleFile(tmp_path / name)

    told = str(raised.value.problems[0]).replace(f"{tmp_path}/", "")
    assert told.startswith(expected.replace("FILE", name))
