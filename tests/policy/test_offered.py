"""Templates that senders inside may ask for by a header field, and what becomes of it when they do."""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from postseal.body import Body
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.message import Header, Message
from postseal.outcome import Reply
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.policy.right_actions import ASKED
from postseal.rights import Right
from postseal.settings.settings import Settings
from postseal.treatment import RemoveHeader, Treatment, Unreached

TEMPLATES = """
templates:
  board:
    rights:
      - {domains: [example.com], grant: owner}
      - {users: bob@mail.example, grant: viewer}
  hidden: {rights: [{anyone: true, grant: viewer}]}
  old: {rights: [{anyone: true, grant: viewer}], archived: true}
offer: [board, do_not_forward, encrypt_only]
"""
BOB, CAT, DAN = "bob@mail.example", "cat@mail.example", "dan@example.com"
INSIDE, OUTSIDE = Client("127.0.0.1"), Client("203.0.113.5")
ALL = frozenset(Right)
V, R, A, F, E, P, C, S = Right


def policy(folder: Path, then: str = "", templates: str = TEMPLATES) -> Policy:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "10.yaml").write_text(templates)
    rules = f"rules:\n  - name: one\n    then: {then}\n" if then else "rules: []\n"
    (folder / "10.yaml").write_text(rules)
    settings = Settings(policies=folder, accepted_domains=("example.com",))
    return load(replace(settings, trusted_networks=(ip_network("127.0.0.0/8"),)), {"smime", "ome"})


def treated(
    found: Policy,
    *asked: str,
    to: str = BOB,
    client: Client = INSIDE,
    sender: str = "ann@example.com",
    field: str = ASKED,
) -> Treatment:
    fields = (
        Header.of("From", sender),
        *(Header(field.encode(), b" " + each.encode("latin-1")) for each in asked),
    )
    message, envelope = Message(fields, Body.of(b"text")), Envelope(sender, (Recipient(to),), client)
    (treatment,) = found.decide(message, envelope).values()
    (line,) = found.explain(message, envelope).lines
    assert line.treatment == treatment
    return treatment


def test_sender_inside_asks_and_nothing_goes_unprotected(tmp_path: Path) -> None:
    found = treated(policy(tmp_path), "board")

    assert found.protect == ("smime", "ome")
    assert found.unreached is Unreached.REFUSE
    assert found.withheld == ALL - {V, R, A}
    assert [each.word for each in found.templates] == ["board"]
    assert RemoveHeader(ASKED) in found.headers


def test_each_recipient_has_his_own_rights(tmp_path: Path) -> None:
    rules = policy(tmp_path)

    assert treated(rules, "board", to=DAN).withheld == set()
    refused = treated(rules, "board", to=CAT).refusal
    assert isinstance(refused, Reply)
    assert refused.code == 550


@pytest.mark.parametrize(
    ("asked", "withheld"),
    [
        (("encrypt_only",), set()),
        ((" Do_Not_Forward ",), {F, P, C, S}),
        (("do_not_forward", "board"), ALL - {V, R, A}),
    ],
)
def test_templates_that_are_always_there_and_several(
    tmp_path: Path, asked: tuple[str, ...], withheld: set[Right]
) -> None:
    assert treated(policy(tmp_path), *asked).withheld == withheld


def test_name_of_the_field_has_any_letter_case(tmp_path: Path) -> None:
    assert treated(policy(tmp_path), "board", field="x-usage-RIGHTS").templates


@pytest.mark.parametrize("word", ["hidden", "old", "boards", "", "board\tx", "b\xf6ard"])
def test_what_is_not_offered_is_refused(tmp_path: Path, word: str) -> None:
    refused = treated(policy(tmp_path), word).refusal

    assert isinstance(refused, Reply)
    assert (refused.code, refused.status) == (550, "5.7.1")
    assert word not in refused.text or not word


@pytest.mark.parametrize(
    ("client", "sender"),
    [(OUTSIDE, "ann@example.com"), (INSIDE, "ann@else.example"), (OUTSIDE, "eve@mail.example")],
)
def test_strangers_ask_in_vain(tmp_path: Path, client: Client, sender: str) -> None:
    rules = policy(tmp_path)

    for word in ("board", "hidden"):
        assert treated(rules, word, to=DAN, client=client, sender=sender) == Treatment()


def test_who_asks_can_only_add_to_what_rules_say(tmp_path: Path) -> None:
    sealed = treated(policy(tmp_path, "[{protect: ome}, {withhold: reply}, {expire: 2d}]"), "board", to=DAN)
    assert (sealed.protect, sealed.withheld, sealed.lifetime) == (("ome",), {R}, 2 * 86400)

    only_smime = treated(policy(tmp_path, "[{protect_if_possible: smime}]"), "board")
    assert (only_smime.protect, only_smime.unreached) == (("smime", "ome"), Unreached.REFUSE)

    never = treated(policy(tmp_path, "[{never_protect: true}]"), "board")
    assert (never.protect, never.withheld) == (("smime", "ome"), ALL - {V, R, A})

    rejected = treated(policy(tmp_path, "[{reject: No.}]"), "hidden").refusal
    assert isinstance(rejected, Reply)
    assert rejected.text == "No."


@pytest.mark.parametrize(
    ("offer", "what"),
    [
        ("[bord]", "unknown template 'bord'"),
        ("[old]", "template 'old' is archived"),
        ("{board: true}", "expected"),
    ],
)
def test_bad_offer_is_told_with_its_place(tmp_path: Path, offer: str, what: str) -> None:
    written = TEMPLATES.replace("[board, do_not_forward, encrypt_only]", offer)

    with pytest.raises(BadInput) as raised:
        policy(tmp_path, templates=written)

    (problem,) = raised.value.problems
    assert what in str(problem)
    assert "templates/10.yaml:9:" in str(problem)
