"""From the mail to the text, as a browser goes, against a portal that runs."""

import re
from base64 import encodebytes
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from demo.visitor import COOKIE, Visitor
from portal_place import Place, id_of, path_of
from postseal.body import Body
from postseal.language.language import Language
from postseal.language.moment import day
from postseal.message import Header, Message
from postseal.store.containers import kept
from sealing import attached, message

NAME = "Zahlen für Q3.pdf"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
TEXT = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe numbers: 1, 2, 3.\r\n"
    "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    f"Content-Disposition: attachment; filename*=UTF-8''{quote(NAME)}\r\n\r\n"
).encode()
MIXED = TEXT + encodebytes(PDF).replace(b"\n", b"\r\n") + b"--b--\r\n"


def with_file(identity: str) -> Message:
    """A message with a text and a file."""
    plain = message(identity=identity).without("Content-Type")
    return plain.adding(Header.of("Content-Type", 'multipart/mixed; boundary="b"')).with_body(Body.of(MIXED))


def address_of(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses: there are limits for each."""
    return f"{request.node.name[:50].replace('[', '-').replace(']', '')}@one.test".lower()


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    return address_of(request)


def test_reader_follows_the_link_and_saves_the_file(here: Place, zoe: str) -> None:
    mail = here.sealed(with_file("<link@lab.test>"), to=(zoe,))
    path = path_of(mail)

    visitor = here.signed_in(path, zoe)
    page = visitor.get(path)
    body = visitor.get(f"{path}/body")
    (number,) = re.findall(rf"{path}/attachment/(\d+)", page.text)
    file = visitor.get(f"{path}/attachment/{number}")

    assert "the secret quarter" in page.text
    assert NAME in page.text
    assert "The numbers: 1, 2, 3." in body.text
    assert (file.body, file.fields["Content-Type"]) == (PDF, "application/pdf")
    assert file.fields["Content-Disposition"] == (
        f"attachment; filename=\"Zahlen f_r Q3.pdf\"; filename*=UTF-8''{quote(NAME)}"
    )
    assert here.events(id_of(mail)) == ["sealed", "code_sent", "authenticated", "shown", "fetched"]


def test_who_asks_for_the_header_alone_has_read_nothing(here: Place, zoe: str) -> None:
    mail = here.sealed(to=(zoe,))
    visitor = here.signed_in(path_of(mail), zoe)

    for ending in ("/body", "/message.eml"):
        answer = visitor.ask("HEAD", path_of(mail) + ending)
        assert (answer.status, answer.body) == (200, b"")

    assert here.events(id_of(mail)) == ["sealed", "code_sent", "authenticated"]


def test_reader_posts_the_file_and_gets_the_message_as_it_was_sent(here: Place, zoe: str) -> None:
    given = with_file("<file@lab.test>")
    mail = here.sealed(given, to=(zoe,))

    arrived = here.visitor().post_file(attached(mail))
    visitor = here.signed_in(arrived.to, zoe)
    whole = visitor.get(f"{arrived.to}/message.eml")

    assert arrived.status == 303
    assert id_of(mail).hex() not in arrived.to
    assert whole.body == b"".join(given.pieces())
    assert whole.fields["Content-Length"] == str(given.size)
    assert here.events(id_of(mail)) == ["sealed", "posted", "code_sent", "authenticated", "fetched"]


def test_passcode_mail_names_message_and_reference_and_has_no_link(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    visitor.post(f"{path}/address", address=zoe.upper())

    mail, code = here.code()
    page = visitor.get(path).text
    text = mail.get_content()

    (reference,) = re.findall(r"<dd>([A-Z]{4})</dd>", page)
    assert reference in text
    assert reference in mail["Subject"]
    assert "ann@lab.test" in text
    assert day(datetime.now(UTC), Language.EN) in text
    assert "http" not in text
    assert code not in mail["Subject"].replace(" ", "")
    assert mail.get_content_type() == "text/plain"
    assert (mail["Auto-Submitted"], mail["To"], mail["From"].addresses[0].addr_spec) == (
        "auto-generated",
        zoe,
        "postmaster@lab.test",
    )


def test_robot_that_follows_and_posts_everything_reads_nothing_and_burns_nothing(
    here: Place, zoe: str
) -> None:
    mail = here.sealed(with_file("<robot@lab.test>"), to=(zoe,))
    path = path_of(mail)
    robot = here.visitor()
    robot.send = {"X-Forwarded-For": robot.send["X-Forwarded-For"]}

    for _ in range(3):
        handle = robot.post_file(attached(mail)).to
        for where in (path, handle):
            for ending in ("", "/address", "/body", "/attachment/2", "/message.eml", "/code"):
                assert robot.get(where + ending).status in {200, 303, 403, 405}
            for ending in ("", "/address", "/code", "/body", "/message.eml"):
                assert robot.post(where + ending, address="", code="").status in {400, 403, 405}
            assert robot.post("/out").status == 403

    assert here.sink.is_quiet()
    assert here.events(id_of(mail)) == ["sealed", "posted", "posted", "posted"]
    assert here.signed_in(path, zoe).get(f"{path}/body").status == 200


def test_page_for_who_has_not_signed_in_is_the_address_page_and_nothing_else_opens(
    here: Place, zoe: str
) -> None:
    path = path_of(here.sealed(with_file("<closed@lab.test>"), to=(zoe, "other@one.test")))
    other = here.signed_in(path_of(here.sealed(to=("mallory@one.test",))), "mallory@one.test")

    for visitor in (here.visitor(), other):
        assert "/address" in visitor.get(path).text
        assert "secret quarter" not in visitor.get(path).text
        assert visitor.get(f"{path}/body").status == 403
        for ending in ("/attachment/2", "/message.eml"):
            answer = visitor.get(path + ending)
            assert (answer.status, answer.to) == (303, path)


def test_signing_in_makes_a_new_cookie_and_the_old_one_is_worth_nothing(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    planted = visitor.cookie = "A" * 43
    visitor.post(f"{path}/address", address=zoe)
    before = visitor.cookie

    answer = visitor.post(f"{path}/code", code=here.code()[1])

    assert len({planted, before, visitor.cookie}) == 3
    cookie = answer.fields["Set-Cookie"].lower()
    assert cookie.startswith(f"{COOKIE}={visitor.cookie}".lower())
    assert {"httponly", "path=/", "samesite=lax", "secure"} == set(cookie.split("; ")[1:])
    assert visitor.get(f"{path}/body").status == 200
    for old in (planted, before):
        assert Visitor(visitor.port, old).get(f"{path}/body").status == 403


def test_code_works_only_in_the_browser_that_asked(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    asked, other = here.visitor(), here.visitor()
    asked.post(f"{path}/address", address=zoe)
    other.post(f"{path}/address", address="nobody@one.test")
    code = here.code()[1]

    assert other.post(f"{path}/code", code=code).status == 422
    before = replace(asked)
    assert asked.post(f"{path}/code", code=f"{code[:4]} {code[4:]}").status == 303
    assert before.post(f"{path}/code", code=code).status == 303  # pressed twice: test_pressed_twice.py
    assert before.cookie == asked.cookie


def test_five_wrong_codes_end_the_right_one(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    visitor.post(f"{path}/address", address=zoe)
    code = here.code()[1]
    wrong = f"{(int(code) + 1) % 10**8:08}"

    pages = [visitor.post(f"{path}/code", code=wrong).text for _ in range(5)]
    last = visitor.post(f"{path}/code", code=code)

    assert ["That is not the code" in page for page in pages] == [True] * 4 + [False]
    assert last.status == 422
    assert "Ask for a new one" in last.text


def test_fourth_code_within_an_hour_is_refused_with_the_time_when_to_ask_again(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()

    answers = [visitor.post(f"{path}/address", address=zoe) for _ in range(4)]

    assert [answer.status for answer in answers] == [303, 303, 303, 429]
    assert "Too many codes" in answers[-1].text
    here.sink.take(3)


def test_sign_out_ends_the_session_and_clears_the_browser(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.signed_in(path, zoe)
    cookie = visitor.cookie

    answer = visitor.post("/out")

    assert answer.fields["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert visitor.cookie == ""
    assert Visitor(visitor.port, cookie).get(f"{path}/body").status == 403


def test_revoked_message_is_gone_at_the_next_request_and_says_why_to_its_recipient(
    here: Place, zoe: str
) -> None:
    mail = here.sealed(to=(zoe, "other@one.test"))
    path = path_of(mail)
    visitor = here.signed_in(path, zoe)
    assert visitor.get(path).status == 200

    here.ring.access.revoke(id_of(mail), [zoe], at=datetime.now(UTC))

    for ending in ("", "/body", "/message.eml"):
        assert visitor.get(path + ending).status == 410
    assert "withdrawn this message" in visitor.get(path).text
    assert here.visitor().get(path).status == 200  # the other can still read it


def test_gone_page_is_the_same_for_revoked_expired_and_never_there(here: Place) -> None:
    now = datetime.now(UTC)
    revoked, expired, unkept = (here.sealed() for _ in range(3))
    here.ring.access.revoke(id_of(revoked), at=now)
    here.ring.access.extend(id_of(expired), until=now - timedelta(seconds=1), at=now)
    here.ring.containers.remove(kept(id_of(unkept)))
    paths = [path_of(revoked), path_of(expired), path_of(unkept), f"/m/{'0' * 32}", "/m/x", f"/m/{'A' * 22}"]

    answers = [here.visitor().get(path) for path in paths]

    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert here.visitor().post_file(attached(revoked)).text == answers[0].text


def test_expiry_is_shown_with_what_is_left(here: Place, zoe: str) -> None:
    mail = here.sealed(message(identity="<expiry@lab.test>"), to=(zoe,), lifetime=3 * 86400 + 3600.0)
    path = path_of(mail)

    page = here.signed_in(path, zoe).get(path).text

    assert "3 days are left." in page
    assert "You can read it until <time" in page


def test_changed_file_is_refused_after_signing_in_and_noted(here: Place, zoe: str) -> None:
    mail = here.sealed(with_file("<tampered@lab.test>"), to=(zoe,))
    page = attached(mail)
    middle = page.index('name="p"') + 5000
    changed = "A" if page[middle] != "A" else "B"
    arrived = here.visitor().post_file(page[:middle] + changed + page[middle + 1 :])

    visitor = here.signed_in(arrived.to, zoe)
    answer = visitor.get(arrived.to)

    assert answer.status == 400
    assert "damaged or incomplete" in answer.text
    assert visitor.get(f"{arrived.to}/body").status == 400
    assert here.events(id_of(mail))[-2:] == ["failed", "failed"]


def test_file_that_is_none_or_too_large_is_refused_in_words(here: Place) -> None:
    mail = here.sealed()
    page = attached(mail)
    start = page.index('name="p"') + len('name="p" value="')

    answer = here.visitor().post_file(page[:start] + "nonsense" + page[page.index('"', start) :])

    assert (answer.status, "damaged or incomplete" in answer.text) == (400, True)
