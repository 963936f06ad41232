"""Usage rights that somebody inside chooses for those who get his reply."""

import re
from datetime import UTC, datetime

import pytest

from demo.visitor import Answer
from forms import text
from portal_place import path_of
from reply_desk import Desk, nonce, parsed, sent, typed


def chosen(page: Answer) -> str:
    found = re.search(r'<option value="(\w+)" selected>', page.text)
    return found[1] if found else ""


def test_who_is_inside_restricts_who_gets_his_reply(desk: Desk) -> None:
    dan = f"dan{datetime.now(UTC).timestamp()}@lab.test"
    path = desk.sealed(dan)
    visitor = desk.place.signed_in(path, dan)
    page = visitor.get(f"{path}/reply", Accept_Language="de")
    offered = re.findall(r'<option value="(\w*)">([^<]*)</option>', page.text)
    assert [word for word, _ in offered] == ["", "do_not_forward", "readers", "ours"]
    assert [title for _, title in offered][2] == "Nur zum Lesen \N{EN DASH} They read, and no more."
    parts = [text("nonce", nonce(page)), text("text", "Only for reading."), text("rights", "readers")]

    assert sent(visitor, f"{path}/reply-all", *parts).status == 303

    got = {each.addresses[0]: each.content for each in desk.place.sink.take(3)}
    assert set(got) == {"ann@lab.test", "fay@two.test", "dan@lab.test"}
    assert desk.inside.is_quiet(0.3)
    assert not any(b"Only for reading." in octets for octets in got.values())
    fay = desk.place.signed_in(path_of(parsed(got["fay@two.test"])), "fay@two.test")
    read = fay.get(path_of(parsed(got["fay@two.test"]))).text
    assert "<strong>Readers only</strong>: " in read
    for word in ("Replying", "Forwarding", "Printing", "Copying", "Saving"):
        assert f"<li>{word}</li>" in read


@pytest.mark.parametrize(
    ("word", "told"),
    [("ours", "could not read it"), ("hidden", "not offered any more"), ("x", "not offered")],
)
def test_restriction_that_cannot_be_loses_no_text(desk: Desk, word: str, told: str) -> None:
    dan = f"dan{datetime.now(UTC).timestamp()}@lab.test"
    path = desk.sealed(dan)
    visitor = desk.place.signed_in(path, dan)
    parts = [text("nonce", nonce(visitor.get(f"{path}/reply"))), text("text", "Hello."), text("rights", word)]

    answer = sent(visitor, f"{path}/reply-all", *parts)

    assert answer.status == 403
    assert told in answer.text
    assert typed(answer) == "Hello."
    assert chosen(answer) == ("ours" if word == "ours" else "")
    assert desk.place.sink.is_quiet(0.2)
    assert desk.inside.is_quiet(0.1)


def test_who_is_outside_is_offered_no_restriction_and_can_ask_for_none(desk: Desk) -> None:
    zoe = f"zoe{datetime.now(UTC).timestamp()}@one.test"
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply")
    assert "<select" not in page.text

    parts = [text("nonce", nonce(page)), text("text", "Hello."), text("rights", "readers")]

    assert sent(visitor, f"{path}/reply", *parts).status == 403
