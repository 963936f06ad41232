"""The directory on a real OpenLDAP server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postseal.errors import Cause, Failure
from postseal.people.ldap import LdapPeople
from postseal.people.members import ByDirectory
from postseal.people.person import NOBODY
from postseal.settings.judging import PeopleServer
from postseal.settings.smime import Ldap
from slapd import MANAGER, PASSWORD, SUFFIX, Slapd, installed

pytestmark = pytest.mark.skipif(
    not installed() or os.geteuid() != 0, reason="a private OpenLDAP needs slapd, and root"
)


def entry(name: str, kind: str, **values: str | list[str]) -> str:
    lines = [f"dn: cn={name},{SUFFIX}", f"objectClass: {kind}", f"cn: {name}"]
    for attribute, value in values.items():
        lines += [f"{attribute}: {each}" for each in ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n"


def named(name: str) -> str:
    return f"cn={name},{SUFFIX}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    slapd = Slapd(tmp_path_factory.mktemp("slapd"))
    person = "inetOrgPerson"
    for written in (
        entry(
            "Ann", person, sn="A", mail=["ann@example.com", "a@example.com"], manager=named("Cy"), l="Köln"
        ),
        entry("Cy", person, sn="C", mail="Cy@example.com", departmentNumber=["1", "2"]),
        entry("Twin", person, sn="T", mail="twin@example.com"),
        entry("Twin 2", person, sn="T", mail="twin@example.com"),
        entry("Sales", "groupOfNames", member=named("Ann")),
        entry("All Staff", "groupOfNames", member=[named("Sales"), named("Ring")]),
        entry("Ring", "groupOfNames", member=named("All Staff")),
        entry("Board", "groupOfUniqueNames", uniqueMember=named("Cy")),
        entry("Team", "groupOfNames", member=named("Sales")).replace(
            "cn: Team", "objectClass: extensibleObject\ncn: Team\nmail: Team@example.com"
        ),
    ):
        slapd._add(written)
    with slapd:
        yield slapd


@pytest.fixture
def people(server: Slapd, tmp_path: Path) -> Callable[..., LdapPeople]:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")

    def made(**more: object) -> LdapPeople:
        clock = more.pop("clock", None)
        options: dict[str, object] = {
            "bind_dn": MANAGER,
            "password_file": tmp_path / "password",
            "url": server.url,
        }
        options |= more
        url = options.pop("url")
        settings = PeopleServer(Ldap(url, SUFFIX, **options), seconds=30.0, remembered=60.0)
        return LdapPeople(settings, clock=clock) if clock else LdapPeople(settings)

    return made


def test_person_is_found_with_groups_attributes_and_manager(people):
    ann = people().find("a@example.com")

    assert {"sales", "all staff", "ring"} <= ann.groups
    assert named("Sales").lower() in ann.groups
    assert "board" not in ann.groups
    assert ann.attributes["l"] == ("Köln",)
    assert ann.manager == "cy@example.com"


def test_group_of_unique_names_counts(people):
    cy = people().find("cy@example.com")

    assert "board" in cy.groups
    assert cy.attributes["departmentnumber"] == ("1", "2")
    assert cy.manager == ""


@pytest.mark.parametrize("address", ["x@example.com", "*", "a*@example.com", ")(mail=*"])
def test_nobody_is_found_by_what_is_no_address_of_his(people, address: str):
    assert people().find(address) == NOBODY


def test_address_of_two_cannot_be_told(people):
    with pytest.raises(Failure, match="2 entries have the address") as raised:
        people().find("twin@example.com")

    assert raised.value.cause is Cause.DIRECTORY


@pytest.mark.parametrize("more", [{"bind_dn": "", "password_file": None}, {"url": "ldap://127.0.0.1:1"}])
def test_server_that_does_not_answer_is_a_failure_of_its_own(people, more: dict[str, object]):
    with pytest.raises(Failure) as raised:
        people(**more).find("ann@example.com")

    assert raised.value.cause is Cause.DIRECTORY


def test_answer_is_remembered_for_its_time(people):
    now = [0.0]
    asked = people(clock=lambda: now[0])
    first = asked.find("ann@example.com")
    asked._search = None  # nobody can be asked any more

    now[0] = 59.0
    assert asked.find("ann@example.com") is first
    now[0] = 61.0
    with pytest.raises((Failure, AttributeError)):
        asked.find("ann@example.com")


def test_members_of_a_list_are_those_whose_groups_have_its_address(people, server: Slapd):
    now = [0.0]
    asked = people(clock=lambda: now[0])
    members = ByDirectory(lambda: asked)

    assert members.list_of("a@example.com", ["crew@example.com", "team@example.com"]) == "team@example.com"
    assert members.list_of("cy@example.com", ["team@example.com"]) == ""
    assert members.list_of("x@example.com", ["team@example.com"]) == ""
    ldap = pytest.importorskip("ldap")
    wire = ldap.initialize(server.url)
    wire.simple_bind_s(MANAGER, PASSWORD)
    wire.modify_s(named("Team"), [(ldap.MOD_REPLACE, "member", [named("Cy").encode()])])
    wire.unbind_s()
    now[0] = 61.0  # what was remembered is over

    assert members.list_of("a@example.com", ["team@example.com"]) == ""
    assert members.list_of("cy@example.com", ["team@example.com"]) == "team@example.com"
