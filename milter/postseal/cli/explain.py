"""`postseal explain`: what policy makes of a message, for each recipient, and why."""

import dataclasses
import json
from pathlib import Path
from typing import IO

import click

from postseal import message_file
from postseal.body import Spool
from postseal.cli.common import give_up, settings_option
from postseal.cli.offline import offline
from postseal.daemon import house
from postseal.envelope import Envelope
from postseal.errors import BadInput, Failure
from postseal.guard.own import stripped
from postseal.methods.method import Methods
from postseal.methods.selection import BOUNCED, obstacles
from postseal.outcome import Held
from postseal.pipeline import KEPT, intended
from postseal.policy.explanation import Explanation, Line, described, told
from postseal.policy.scanned import scanned
from postseal.remedy import refusal


@click.command()
@offline
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--text", "as_text", is_flag=True, help="Print too what was scanned, piece by piece; this is mail."
)
@settings_option
def explain(*, message: IO[bytes], envelope: Envelope, as_json: bool, as_text: bool, path: Path) -> None:
    """Say what would happen to MESSAGE ("-" for standard input), and why.

    For each recipient: every rule that was looked at, the conditions that decided, the treatment that
    results, and the method that would be used.  Nothing is sent or written.
    """
    try:
        built = house.build(path)
    except BadInput as error:
        give_up(error)
    received = built.received(stripped(message_file.read(message, Spool())), envelope)
    explanation = built.policy.explain(received.content, dataclasses.replace(envelope, smime=received.state))
    pieces = list(scanned(explanation.transaction)) if as_text else []
    if as_json:
        facts = _facts(explanation, built.methods)
        if as_text:
            facts["scanned"] = [dataclasses.asdict(piece) for piece in pieces]
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(explanation)
    for piece in pieces:
        click.echo(f"scanned: {piece}")
    for line in explanation.lines:
        click.echo(f"to <{line.recipient.address}>: {_outcome(explanation, line, built.methods)}")


def _outcome(explanation: Explanation, line: Line, methods: Methods) -> str:
    if line.treatment.refusal:
        held = isinstance(line.treatment.refusal, Held)
        return "the message is held" if held else "the message is refused"
    if not line.treatment.leaves:
        return "gets no copy"
    if line.treatment.holds:
        return f"the message is held; released, it {_copy(explanation, line, methods)}"
    return _copy(explanation, line, methods)


def _copy(explanation: Explanation, line: Line, methods: Methods) -> str:
    word = _intended(explanation, line, methods)
    if isinstance(word, Failure):
        answer = refusal(word.cause, line.treatment.on_error)
        return f"cannot be protected: {word.detail}; the answer: {answer}"
    if word == BOUNCED:
        return f"goes back to the sender: {obstacles(methods.table, line.treatment, line.recipient)}"
    return "goes as the sender protected it" if word == KEPT else f"goes by method {word}"


def _intended(explanation: Explanation, line: Line, methods: Methods) -> str | Failure:
    seen = explanation.transaction
    try:
        return intended(
            seen.message, seen.envelope, methods, recipient=line.recipient, treatment=line.treatment
        )
    except Failure as failure:
        return failure


def _facts(explanation: Explanation, methods: Methods) -> dict[str, object]:
    transaction = explanation.transaction
    return {
        "policy": explanation.digest,
        "sender": transaction.envelope.sender,
        "sender_scope": "inside" if transaction.from_inside else "outside",
        "recipients": [_line_facts(explanation, line, methods) for line in explanation.lines],
    }


def _line_facts(explanation: Explanation, line: Line, methods: Methods) -> dict[str, object]:
    treatment = line.treatment
    refused = treatment.refusal
    word = None if refused or not treatment.leaves else _intended(explanation, line, methods)
    return {
        "recipient": line.recipient.address,
        "treatment": described(treatment),
        "protect": list(treatment.protect),
        "sign": treatment.sign,
        "method": word if isinstance(word, str) else None,
        "deleted": treatment.deleted,
        "added": [addition.address for addition in treatment.added],
        "redirected": [addition.address for addition in treatment.redirected],
        "notices": [{"kind": each.kind, "to": each.to, "rule": each.rule} for each in treatment.notices],
        "held": [hold.reason for hold in treatment.holds],
        "refusal": str(refused) if refused else None,
        "cause": refused.cause if refused else word.cause if isinstance(word, Failure) else None,
        "on_error": str(treatment.on_error) or "defer",
        "rules": [
            {
                "rule": verdict.rule.name,
                "place": str(verdict.rule.place),
                "mode": verdict.rule.mode,
                "applies": _truth(verdict.answer.truth) if verdict.answer else False,
                "told": told(verdict),
                "because": [
                    {"condition": str(condition), "place": str(condition.place), "true": _truth(truth)}
                    for condition, truth in (verdict.answer.because if verdict.answer else ())
                ],
            }
            for verdict in line.verdicts
        ],
    }


def _truth(truth: "bool | Failure") -> bool | None:
    """True, False, or None where it cannot be told."""
    return truth if isinstance(truth, bool) else None
