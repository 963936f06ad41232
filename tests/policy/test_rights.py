"""Rules that withhold rights or name a template, and the folder of templates."""

from pathlib import Path

import pytest

from postseal.body import Body
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.language.language import Language
from postseal.licence import Attachments
from postseal.message import Header, Message
from postseal.outcome import Reply
from postseal.policy import templates
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.rights import Right, licence
from postseal.settings.judging import Directory
from postseal.settings.settings import Settings
from postseal.treatment import Treatment

PEOPLE = """
people:
  - {address: dan@example.com, groups: [board]}
"""
TEMPLATES = """
templates:
  board:
    rights:
      - {groups: board, grant: owner}
      - {domains: partner.example, grant: [VIEW, REPLY, EXTRACT]}
      - {users: cy@mail.example, grant: editor}
    expire: 2d
  old: {rights: [{anyone: true, grant: viewer}], archived: true}
"""
DAN, EVE, CY, BOB = "dan@example.com", "eve@sub.partner.example", "cy@mail.example", "bob@mail.example"
ALL = frozenset(Right)
V, R, A, F, E, P, C, S = Right


def policy(folder: Path, then: str, templates: str = TEMPLATES, *, more: str = "") -> Policy:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "10.yaml").write_text(templates)
    (folder / "people").mkdir(exist_ok=True)
    (folder / "people" / "people.yaml").write_text(PEOPLE)
    (folder / "10.yaml").write_text(f"rules:\n  - name: one\n    then: {then}\n{more}")
    directory = Directory(file=folder / "people" / "people.yaml")
    settings = Settings(policies=folder, accepted_domains=("example.com",), directory=directory)
    return load(settings, {"smime", "ome"})


def treatments(found: Policy, *to: str) -> dict[str, Treatment]:
    message = Message((Header.of("From", "ann@example.com"),), Body.of(b"text"))
    envelope = Envelope("ann@example.com", tuple(map(Recipient, to)), Client())
    decided = found.decide(message, envelope)
    explained = {line.recipient: line.treatment for line in found.explain(message, envelope).lines}
    assert decided == explained
    return {who.address: treatment for who, treatment in decided.items()}


def problems(folder: Path, then: str, templates: str = TEMPLATES, *, more: str = "") -> list[str]:
    with pytest.raises(BadInput) as raised:
        policy(folder, then, templates, more=more)
    return [str(each).replace(f"{folder}/", "") for each in raised.value.problems]


def test_each_recipient_has_what_the_template_grants_him(tmp_path: Path) -> None:
    found = treatments(policy(tmp_path, "[protect: ome, template: board]"), DAN, EVE, CY)

    assert found[DAN].withheld == set()
    assert found[EVE].withheld == ALL - {V, R, C}
    assert found[CY].withheld == {S}
    assert {each.lifetime for each in found.values()} == {2 * 86400}


def test_who_has_no_right_gets_no_message_and_nobody_else_either(tmp_path: Path) -> None:
    found = treatments(policy(tmp_path, "[protect: ome, template: board]"), DAN, BOB)

    assert isinstance(found[BOB].refusal, Reply)
    assert (found[BOB].refusal.code, found[BOB].refusal.status) == (550, "5.7.1")
    assert "board" not in found[BOB].refusal.text


def test_an_address_that_an_mta_may_send_elsewhere_has_only_what_both_have(tmp_path: Path) -> None:
    found = treatments(policy(tmp_path, "[protect: ome, template: board]"), "x%mail.example@partner.example")

    assert found["x%mail.example@partner.example"].refusal


def test_rights_add_up_and_templates_restrict_each_other(tmp_path: Path) -> None:
    then = "[protect: ome, template: board, template: do_not_forward, withhold: [reply], expire: 1d]"
    found = treatments(policy(tmp_path, f"[{{{then[1:-1].replace(', ', '}, {')}}}]"), DAN)

    assert found[DAN].withheld == {F, P, C, S, R}
    assert found[DAN].lifetime == 86400


def test_never_protect_withholds_nothing(tmp_path: Path) -> None:
    then = "[{protect: ome}, {template: do_not_forward}, {withhold: reply}, {never_protect: true}]"

    assert treatments(policy(tmp_path, then), DAN)[DAN] == Treatment()


@pytest.mark.parametrize(
    ("expected", "met"),
    [
        ("{protect: ome, template: board}", True),
        ("{protect: ome, withhold: save}", True),
        ("{protect: ome, withhold: [save, print]}", False),
        ("{protect: ome}", False),
        ("{protect: ome, template: do_not_forward}", False),
    ],
)
def test_example_says_exactly_which_rights_are_withheld(tmp_path: Path, expected: str, *, met: bool) -> None:
    more = f"examples:\n  - {{from: ann@example.com, to: {CY}, expect: {expected}}}\n"

    if met:
        assert policy(tmp_path, "[protect: ome, template: board]", more=more).examples == 1
    else:
        (problem,) = problems(tmp_path, "[protect: ome, template: board]", more=more)
        assert "but it is protect: [ome], expire: 2d, template: board, withhold: [save]" in problem


def test_a_template_that_vanished_or_was_archived_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "[protect: ome, template: bored]") == [
        "10.yaml:3:36: unknown template 'bored'\n  hint: did you mean 'board'?"
    ]
    assert problems(tmp_path, "[protect: ome, template: old]") == [
        "10.yaml:3:36: template 'old' is archived\n  hint: name another one, or take it back"
    ]


@pytest.mark.parametrize(
    ("offline", "found"),
    [("never", (False, 0)), ("always", (True, None)), ("7d", (True, 7 * 86400)), ("", (False, None))],
)
def test_template_says_what_readers_are_told_and_how_long_they_read(
    tmp_path: Path, offline: str, found: tuple[bool, int | None]
) -> None:
    more = f"    offline: {offline}\n" if offline else ""
    told = "    name: {en: Board only, de: Nur Vorstand}\n    description: Partners read.\n" + more
    written = TEMPLATES.replace("    expire: 2d\n", told)

    found_policy = policy(tmp_path, "[protect: ome, template: board]", written)
    made = licence(treatments(found_policy, DAN)[DAN].templates)

    (label,) = made.labels
    assert (label.name.read(Language.DE), label.name.read(Language.FR)) == ("Nur Vorstand", "Board only")
    assert label.description.read(Language.DE) == "Partners read."
    assert (made.offline, made.seconds) == found


@pytest.mark.parametrize(
    ("then", "attachments", "withheld"),
    [
        ("[protect: ome, withhold: print]", None, {P, S}),
        ("[protect: ome, attachments: protect]", Attachments.PROTECT, {S}),
        ("[protect: ome, attachments: withhold, attachments: protect]", Attachments.WITHHOLD, {S}),
        ("[protect: ome, attachments: password, attachments: pictures]", Attachments.PICTURES, {S}),
        ("[protect: ome, template: files]", Attachments.PROTECT, {E, P, C, S, F}),
        ("[protect: ome, template: files, attachments: view_only]", Attachments.VIEW_ONLY, {E, P, C, S, F}),
        ("[protect: ome, template: files, attachments: password]", Attachments.PROTECT, {E, P, C, S, F}),
        ("[attachments: protect, never_protect: true]", None, set()),
    ],
)
def test_strictest_that_is_said_about_attachments_holds(
    tmp_path: Path, then: str, attachments: Attachments | None, withheld: set[Right]
) -> None:
    more = "  files: {rights: [{anyone: true, grant: viewer}], attachments: protect}\n"
    actions = ", ".join(f"{{{each}}}" for each in then.strip("[]").split(", "))  # one may stand there twice

    found = treatments(policy(tmp_path, f"[{actions}]", TEMPLATES + more), BOB)[BOB]

    assert (found.attachments, found.withheld) == (attachments, withheld)


def test_example_may_say_what_becomes_of_attachments(tmp_path: Path) -> None:
    more = "examples:\n  - {from: ann@example.com, to: BOB, expect: {protect: ome, attachments: FILES}}\n"
    then, more = "[protect: ome, attachments: protect]", more.replace("BOB", BOB)

    assert policy(tmp_path, then, more=more.replace("FILES", "protect")).examples == 1
    (problem,) = problems(tmp_path, then, more=more.replace("FILES", "view_only"))
    assert "but it is protect: [ome], withhold: [save], attachments: protect" in problem


def test_files_that_nothing_here_can_encrypt_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "find_spec", lambda _library: None)
    written = "templates:\n  x: {rights: [{anyone: true, grant: viewer}], attachments: password}\n"
    hint = "\n  hint: pip install 'postseal[pdf,office]', here and where the portal runs"

    assert problems(tmp_path, "[protect: ome, attachments: protect]") == [
        f"10.yaml:3:39: 'protect' needs pikepdf and msoffcrypto, not installed here{hint}"
    ]
    (found,) = problems(tmp_path, "[protect: ome]", written)
    assert found.startswith("templates/10.yaml:2:61: 'password' needs pikepdf")
    assert policy(tmp_path, "[protect: ome, attachments: view_only]")


def test_changed_templates_are_another_policy(tmp_path: Path) -> None:
    then = "[protect: ome, template: board]"

    first = policy(tmp_path, then).digest

    assert policy(tmp_path, then).digest == first
    assert policy(tmp_path, then, TEMPLATES.replace("owner", "viewer")).digest != first


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("x: {rights: [{anyone: true, grant: [print]}]}", "nothing else helps who may not view it"),
        ("x: {rights: [{grant: viewer}]}", "nobody has these rights"),
        ("x: {rights: [{anyone: true, grant: [view, prnt]}]}", "unknown right 'prnt'"),
        ("do_not_forward: {rights: [{anyone: true, grant: viewer}]}", "'do_not_forward' is always there"),
        ("X y: {rights: [{anyone: true, grant: viewer}]}", "bad name of a template 'X y'"),
        ("x: {description: nothing}", "'rights' is missing"),
        ("x: {rights: [{anyone: true, grant: viewer}], attachments: lock}", "unknown word 'lock'"),
        ("x: {rights: []}", "nobody has any right"),
        ("x: {rights: [{groups: board, grant: owner}], expire: 1s}", "nobody could read it in time"),
        ("x: {rights: [{anyone: true, grant: viewer}], offline: 1s}", "nobody could read it in time"),
        ("x: {rights: [{anyone: true, grant: viewer}], offline: yes}", "expected a time span, found 'yes'"),
        ("x: {rights: [{anyone: true, grant: viewer}], name: {eng: Board}}", "unknown language 'eng'"),
        (f"x: {{rights: [{{anyone: true, grant: viewer}}], name: {'B' * 101}}}", "too long, or not text"),
    ],
)
def test_bad_template(tmp_path: Path, written: str, what: str) -> None:
    found = problems(tmp_path, "[protect: ome]", f"templates:\n  {written}\n")

    assert len(found) == 1
    assert what in found[0]
    assert found[0].startswith("templates/10.yaml:2:")
