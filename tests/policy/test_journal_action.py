"""Journal copies as rules ask for them: plain ones stay inside, and the treatment is the same with them."""

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.policy import sample
from postseal.policy.load import load
from postseal.settings.settings import Settings
from postseal.treatment import Journaled

BOB, CY = Recipient("bob@mail.example"), Recipient("cy@example.com")
RULE = "rules: [{{name: r, when: {{recipient: bob@mail.example}}, then: {{journal: {value}}}}}]"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("archive@example.com", (Journaled("archive@example.com"),)),
        ("[a@example.com, B@Example.com]", (Journaled("a@example.com"), Journaled("B@example.com"))),
        ("{to: vault@elsewhere.example, protect: smime}", (Journaled("vault@elsewhere.example", "smime"),)),
        ("{to: a@example.com, protect: plain}", (Journaled("a@example.com"),)),
    ],
)
def test_journal_names_archives_and_parts_nobody(written, value: str, expected: tuple[Journaled, ...]):
    policy = written(RULE.format(value=value))
    mail = sample.composed("ann@example.com", ["bob@mail.example"])

    treatments = policy.decide(mail, Envelope("ann@example.com", (BOB, CY), Client(login="ann")))

    assert treatments[BOB].journals == expected
    assert treatments[BOB] == treatments[CY]


def test_what_is_open_stays_inside(written):
    with pytest.raises(BadInput, match=r"must not go to <vault@elsewhere\.example>, who is outside"):
        written(RULE.format(value="vault@elsewhere.example"))


@pytest.mark.parametrize("value", ["{to: a@example.com, protect: ome}", "manager", "{protect: smime}", "[]"])
def test_what_makes_no_sense_is_refused(written, value: str):
    with pytest.raises(BadInput):
        written(RULE.format(value=value))


def test_journal_needs_a_listener(tmp_path):
    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: {journal: a@example.com}}]")

    with pytest.raises(BadInput, match="'journal' has no way to send mail"):
        load(Settings(policies=tmp_path, submit_to=""), {"plain"})
