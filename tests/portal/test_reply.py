"""Replies through a portal that runs: what is shown, what is refused, and that nothing typed is lost."""

import re
from datetime import UTC, datetime

import pytest

from forms import file, text
from portal_place import id_of, path_of, place
from processes import eventually
from reply_desk import Desk, nonce, parsed, sent, typed
from sealing import withhold


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    return f"{re.sub('[^a-z]', '-', request.node.name.lower())[5:60]}@one.test"


def test_reply_with_a_file_arrives_and_a_second_press_sends_nothing(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    assert f'href="{path}/reply"' in visitor.get(path).text
    page = visitor.get(f"{path}/reply")
    assert "the secret quarter" in page.text
    assert "/language" not in page.text  # it would throw away what was typed
    assert "dan@lab.test" not in page.text
    parts = (
        text("nonce", nonce(page)),
        text("text", "Thank you.\r\nZoë"),
        file("files", "C:\\temp\\../plan\r\n.pdf", b"%PDF" + bytes(100_000), "application/pdf"),
        file("files", "", b""),
        text("quote", "yes"),
    )

    answers = [sent(visitor, f"{path}/reply", *parts) for _ in range(3)]

    assert [(answer.status, answer.to) for answer in answers] == [(303, f"{path}/sent")] * 3
    assert "on its way" in visitor.get(answers[0].to).text
    got = desk.inside.take_one()
    mail = parsed(got.content)
    assert got.addresses == ("ann@lab.test",)
    assert mail["Reply-To"].addresses[0].addr_spec == zoe
    assert got.sender == mail["From"].addresses[0].addr_spec == "postmaster@lab.test"
    body = mail.get_body()
    assert body
    assert body.get_content().replace("\r\n", "\n").startswith("Thank you.\nZoë\n\nAnn <ann@lab.test>")
    assert "> The numbers: 1, 2, 3." in body.get_content()
    (part,) = mail.iter_attachments()
    assert (part.get_filename(), len(part.get_payload(decode=True))) == ("plan.pdf", 100_004)
    assert desk.inside.is_quiet(0.3)
    assert desk.place.events(id_of(desk.mail)).count("replied") == 1
    assert 'postseal_portal_replies_total{result="sent"}' in desk.place.portal.private("/metrics")[1]


def test_other_text_in_the_same_form_is_another_reply(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    same = text("nonce", nonce(visitor.get(f"{path}/reply")))

    for said in ("One.", "Two."):  # somebody goes back and writes more
        assert sent(visitor, f"{path}/reply", same, text("text", said)).status == 303

    assert sorted(parsed(each.content).get_content().strip() for each in desk.inside.take(2)) == [
        "One.",
        "Two.",
    ]


def test_reply_to_all_and_a_copy_leave_sealed_for_who_is_outside(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply-all")
    assert "dan@lab.test" in page.text
    assert "fay@two.test" in page.text

    sent(
        visitor,
        f"{path}/reply-all",
        text("nonce", nonce(page)),
        text("text", "To all of you."),
        text("copy", "yes"),
    )

    inside, outside = desk.inside.take(2), desk.place.sink.take(2)
    assert sorted(each.addresses for each in inside) == [("ann@lab.test",), ("dan@lab.test",)]
    carriers = {each.addresses[0]: parsed(each.content) for each in outside}
    assert set(carriers) == {"fay@two.test", zoe}
    assert not any(b"To all of you" in each.content for each in outside)
    reader = desk.place.signed_in(path_of(carriers["fay@two.test"]), "fay@two.test")
    assert "To all of you." in reader.get(f"{path_of(carriers['fay@two.test'])}/body").text
    assert "To all of you." in visitor.get(f"{path_of(carriers[zoe])}/body").text  # signed in already


@pytest.mark.parametrize(
    ("parts", "status", "said"),
    [
        ((file("files", "big.bin", bytes((1 << 20) + 1)),), 413, "The file “big.bin” is larger than 1 MiB"),
        ((file("files", "a", b"1"),) * 3, 413, "more than 2 files"),
        ((text("text", "x" * 9000),), 413, None),
        ((text("copy", b"\xff"),), 400, None),
        ((text("other", "x"),), 400, None),
    ],
    ids=["large", "many", "long", "charset", "unknown"],
)
def test_refused_form_comes_back_with_the_text(
    desk: Desk, zoe: str, parts: tuple[bytes, ...], status: int, said: str | None
) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    mine = nonce(visitor.get(f"{path}/reply"))
    before = () if status == 413 and said is None else (text("text", "Long work &amp; <b>\r\nmore"),)

    answer = sent(visitor, f"{path}/reply", text("nonce", mine), *before, *parts)

    assert answer.status == status
    assert said is None or said in answer.text
    if before:
        assert typed(answer).splitlines() == ["Long work &amp; <b>", "more"]
    assert nonce(answer) == mine
    assert desk.inside.is_quiet(0.1)


def test_empty_reply_is_asked_for_a_text(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply")

    assert sent(visitor, f"{path}/reply", text("nonce", nonce(page)), text("text", " \r\n")).status == 422
    assert sent(visitor, f"{path}/reply", text("nonce", "short"), text("text", "x")).status == 422
    assert desk.inside.is_quiet(0.1)


def test_text_is_given_back_when_the_session_is_over(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply")
    stranger = desk.place.visitor()

    assert stranger.get(f"{path}/reply").to == path
    for who, parts in ((stranger, ()), (stranger, (file("files", "a", b"1"),))):
        answer = sent(
            who, f"{path}/reply", text("nonce", nonce(page)), text("text", "Hours of work."), *parts
        )
        assert answer.status == 403
        assert typed(answer) == "Hours of work."
        assert "session is over" in answer.text
    assert desk.inside.is_quiet(0.2)


@pytest.mark.parametrize("whom", ["reply", "reply-all"])
def test_withheld_right_is_refused_to_a_direct_post(desk: Desk, zoe: str, whom: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    mine = nonce(visitor.get(f"{path}/{whom}"))
    withhold(desk.place.ring, id_of(desk.mail), zoe, whom.replace("-", "_"))

    page, shown = visitor.get(path), visitor.get(f"{path}/{whom}")
    answer = sent(visitor, f"{path}/{whom}", text("nonce", mine), text("text", "In spite of it."))

    assert f'href="{path}/{whom}"' not in page.text
    assert shown.status == 403
    assert "does not allow" in shown.text
    assert (answer.status, typed(answer)) == (403, "In spite of it.")
    assert desk.inside.is_quiet(0.2)
    other = "reply-all" if whom == "reply" else "reply"
    assert visitor.get(f"{path}/{other}").status == 200
    assert 'name="quote"' not in visitor.get(f"{path}/{other}").text


def test_revoked_message_cannot_be_answered_and_the_text_comes_back(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply")
    desk.place.ring.access.revoke(id_of(desk.mail), at=datetime.now(UTC))

    answer = sent(visitor, f"{path}/reply", text("nonce", nonce(page)), text("text", "Too late."))

    assert (answer.status, typed(answer)) == (403, "Too late.")
    assert visitor.get(f"{path}/reply").status == 410
    assert desk.inside.is_quiet(0.2)


def test_form_of_another_site_sends_nothing(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    page = visitor.get(f"{path}/reply")
    parts = (text("nonce", nonce(page)), text("text", "Forged."))
    token = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
    assert token

    visitor.send["Sec-Fetch-Site"] = "cross-site"
    assert sent(visitor, f"{path}/reply", *parts, text("token", token[1])).status == 403
    del visitor.send["Sec-Fetch-Site"]  # a browser of ten years ago
    assert sent(visitor, f"{path}/reply", *parts).status == 403
    assert desk.inside.is_quiet(0.2)
    assert sent(visitor, f"{path}/reply", *parts, text("token", token[1])).status == 303
    desk.inside.take_one()


def test_reply_that_nobody_takes_shows_on_the_page_of_the_message(desk: Desk, zoe: str) -> None:
    path = desk.sealed(zoe)
    visitor = desk.place.signed_in(path, zoe)
    desk.inside.answers["ann@lab.test"] = "550 5.1.1 nobody here"
    try:
        parts = (text("nonce", nonce(visitor.get(f"{path}/reply"))), text("text", "Hello?"))
        assert sent(visitor, f"{path}/reply", *parts).status == 303
        note = desk.place.sink.take_one()
    finally:
        desk.inside.answers.clear()

    assert note.addresses == (zoe,)
    assert "ann@lab.test" in parsed(note.content).get_content()
    assert b"Hello?" not in note.content
    # The note leaves before that is noted.
    eventually(lambda: "has not reached ann@lab.test" in visitor.get(path).text)


def test_portal_without_a_listener_for_replies_has_none(zoe: str) -> None:
    with place(more="  replies: {submit_to: none}\n") as quiet:
        mail = quiet.sealed(to=(zoe,))
        path = path_of(mail)
        visitor = quiet.signed_in(path, zoe)

        assert "/reply" not in visitor.get(path).text
        assert visitor.get(f"{path}/reply").status == 403
        assert sent(visitor, f"{path}/reply", text("nonce", "0" * 32), text("text", "x")).status == 403
