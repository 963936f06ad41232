"""Usage rights: what one withholds with another, and what templates grant to whom."""

import pytest

from postseal.rights import LEVELS, OPTIONS, Grant, Right, Template, withholding

V, R, A, F, E, P, C, S = Right


@pytest.mark.parametrize(
    ("asked", "withheld"),
    [
        ({R}, {R}),
        ({R, A}, {R, A}),
        ({S}, {S}),
        *[({each}, {each, S}) for each in (F, E, P, C)],  # a file would be printed, copied, changed, sent on
        (set(), set()),
    ],
)
def test_what_a_file_would_allow_is_withheld_with_the_file(asked: set[Right], withheld: set[Right]) -> None:
    assert withholding(asked) == withheld


@pytest.mark.parametrize(
    ("name", "granted"),
    [
        ("viewer", {V, R, A}),
        ("restricted_editor", {V, R, A, E, F}),
        ("editor", {V, R, A, E, F, P, C}),
        ("owner", set(Right)),
    ],
)
def test_levels_are_those_of_rights_management(name: str, granted: set[Right]) -> None:
    assert LEVELS[name] == granted


def test_options_grant_the_same_to_whoever_gets_the_message() -> None:
    none = frozenset[str]()
    assert OPTIONS["encrypt_only"].granted("a@b", none, lambda: none) == set(Right)
    assert OPTIONS["do_not_forward"].granted("a@b", none, lambda: none) == {V, R, A, E}


def test_who_is_in_several_grants_has_the_rights_of_all() -> None:
    template = Template(
        "t",
        (
            Grant(frozenset({V}), users=frozenset({"bob@x.test"})),
            Grant(frozenset({V, P}), domains=frozenset({"x.test"})),
            Grant(frozenset({V, C}), groups=frozenset({"board"})),
        ),
    )
    here = ("sub.x.test", "x.test", "test")

    assert template.granted("bob@x.test", here, lambda: ["board"]) == {V, P, C}
    assert template.granted("bob@y.test", ("y.test",), lambda: ["board"]) == {V, C}
    assert template.granted("eve@y.test", ("y.test",), list) == set()


def test_nobody_asks_for_groups_where_no_grant_is_for_any() -> None:
    def asked() -> list[str]:
        raise AssertionError("not needed")

    assert OPTIONS["do_not_forward"].granted("a@b", (), asked)
