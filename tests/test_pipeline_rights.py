"""Rights are withheld by a method that can, or the message does not leave."""

from dataclasses import replace

import pytest

from postseal.body import Body
from postseal.errors import Cause
from postseal.methods.method import Methods
from postseal.outcome import Outcome, Reply
from postseal.pipeline import process
from postseal.rights import Right, withholding
from postseal.treatment import Already, Treatment, Unreached
from test_pipeline import ANN, BOB, Pen, Rules, Sealing, envelope, message
from test_pipeline_modes import PGP

NO_PRINT = withholding([Right.PRINT])
ASKED = Treatment(protect=("smime", "ome"), withheld=NO_PRINT)


def processed(
    treatment: Treatment, *, body: bytes = b"text", enforces: frozenset[Right] = NO_PRINT
) -> Outcome:
    able = Sealing(frozenset({ANN, BOB}))
    able.enforces = enforces
    table = {"smime": Sealing(frozenset({ANN, BOB})), "ome": able}
    return process(
        message().with_body(Body.of(body)), envelope(ANN), Rules({ANN: treatment}), Methods(table, Pen())
    )


def test_the_first_method_that_can_withhold_is_taken_though_another_is_preferred() -> None:
    outcome = processed(ASKED)

    assert isinstance(outcome, list)
    assert [copy.method for copy in outcome] == ["ome"]


@pytest.mark.parametrize(
    "treatment",
    [
        replace(ASKED, protect=("smime",)),
        replace(ASKED, protect=()),
        replace(ASKED, protect=("smime",), unreached=Unreached.PLAIN),
        replace(ASKED, withheld=NO_PRINT | {Right.COPY}),
    ],
    ids=["no method", "no protection", "if possible", "not all rights"],
)
def test_without_a_method_that_can_withhold_the_message_is_refused(treatment: Treatment) -> None:
    outcome = processed(treatment)

    assert isinstance(outcome, Reply)
    assert outcome.cause is Cause.NO_CERTIFICATE


def test_who_withholds_nothing_gets_what_is_preferred() -> None:
    outcome = processed(replace(ASKED, withheld=frozenset()))

    assert isinstance(outcome, list)
    assert [copy.method for copy in outcome] == ["smime"]


def test_what_the_sender_has_encrypted_cannot_have_its_rights_withheld() -> None:
    outcome = processed(ASKED, body=PGP)
    wrapped = processed(replace(ASKED, already=Already.WRAP), body=PGP)

    assert isinstance(outcome, Reply)
    assert (outcome.code, outcome.cause) == (550, Cause.ALREADY)
    assert isinstance(wrapped, list)


def test_what_a_method_that_withholds_has_made_stays_as_it_is() -> None:
    outcome = processed(ASKED, body=b"made by us")

    assert isinstance(outcome, list)
    assert [copy.method for copy in outcome] == ["kept"]
