"""Every right, granted and withheld, tried around the interface: what is withheld has no way out."""

import re
from base64 import b64decode, encodebytes
from io import BytesIO

import pytest
from PIL import Image

from demo.visitor import Visitor
from forms import KIND, form, text
from portal_place import Place, path_of
from postseal.body import Body
from postseal.message import Header, Message
from postseal.rights import OPTIONS, Right
from sealing import message

TEXT = "The secret numbers: 1, 2, 3."
PARTS = (
    (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=notes.txt\r\n\r\n"
        + "A line of the notes.\r\n"
        * 200
        + "--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=box.zip\r\n\r\n"
    ).encode()
    + encodebytes(b"PK\x03\x04" + bytes(300))
    + b"--b--\r\n"
)
DO_NOT_FORWARD = frozenset(Right) - OPTIONS["do_not_forward"].granted("", (), frozenset)
WORDS = {
    Right.REPLY: "Replying",
    Right.REPLY_ALL: "Replying to all",
    Right.FORWARD: "Forwarding",
    Right.EDIT: "Changing",
    Right.PRINT: "Printing",
    Right.COPY: "Copying",
    Right.SAVE: "Saving",
}
_count = iter(range(10_000))


def opened(here: Place, *withheld: Right) -> tuple[str, str, Visitor]:
    """The path of a message of which rights are withheld, its reader's address, and he himself."""
    reader = f"reader{next(_count)}@rights.test"
    given = message(("To", f"{reader}, other@rights.test"), identity=f"<{reader}>")
    given = given.without("Content-Type", "To").adding(Header.of("To", f"{reader}, other@rights.test"))
    given = given.adding(Header.of("Content-Type", 'multipart/mixed; boundary="b"'))
    mail = here.sealed(Message(given.headers, Body.of(PARTS)), to=(reader,), withheld=withheld)
    path = path_of(mail)
    return path, reader, here.signed_in(path, reader)


def files(page: str) -> list[str]:
    return re.findall(r"/attachment/(\d+)", page)


@pytest.mark.parametrize("right", list(WORDS), ids=str)
def test_a_right_is_granted_or_withheld_by_the_server(here: Place, right: Right) -> None:
    free, _, at_liberty = opened(here)
    bound, _, restricted = opened(here, right)
    saving = right in {Right.REPLY, Right.REPLY_ALL}

    page, allowed = restricted.get(bound).text, at_liberty.get(free).text

    assert f"<li>{WORDS[right]}</li>" in page
    assert "The sender does not allow" not in allowed
    assert at_liberty.get(f"{free}/message.eml").status == 200
    assert restricted.get(f"{bound}/message.eml").status == 403
    for number in range(6):
        with_all = at_liberty.get(f"{free}/attachment/{number}").status
        assert restricted.get(f"{bound}/attachment/{number}").status == (with_all if saving else 403)
    for way, needed in (("reply", Right.REPLY), ("reply-all", Right.REPLY_ALL)):
        assert at_liberty.get(f"{free}/{way}").status == 200
        assert restricted.get(f"{bound}/{way}").status == (403 if right is needed else 200)
        answer = form(text("nonce", "0" * 32), text("text", ""))  # an empty one is not sent
        sent = restricted.ask("POST", f"{bound}/{way}", answer, {"Content-Type": KIND})
        assert sent.status == (403 if right is needed else 422)
    body, plain = restricted.get(f"{bound}/body").text, at_liberty.get(f"{free}/body").text
    assert TEXT in body
    assert TEXT in plain
    assert ("@media print{html{display:none" in body) is (right is Right.PRINT)
    assert ("user-select:none" in body) is (right is Right.COPY)
    assert ("body::after" in body) is not saving
    assert "body::after" not in plain
    assert (" unprinted" in page) is (right is Right.PRINT)
    assert (" uncopied" in page) is (right is Right.COPY)


def test_mark_names_reader_time_and_message(here: Place) -> None:
    path, reader, visitor = opened(here, *DO_NOT_FORWARD)

    (picture,) = re.findall(r"svg\+xml;base64,([\w+/=]+)", visitor.get(f"{path}/body").text)
    mark = b64decode(picture).decode()

    assert reader in mark
    assert path.removeprefix("/m/")[:8] in mark
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", mark)


def test_file_that_must_not_be_saved_is_looked_at_page_by_page(here: Place) -> None:
    path, _, visitor = opened(here, Right.SAVE)
    page = visitor.get(path).text
    (number,) = set(files(page))

    first = visitor.get(f"{path}/attachment/{number}/page/0").text
    second = visitor.get(f"{path}/attachment/{number}/page/1")

    assert f"/attachment/{number}/page/1" in first
    assert second.status == 200
    (png,) = re.findall(r"data:image/png;base64,([\w+/=]+)", first)
    picture = Image.open(BytesIO(b64decode(png)))
    assert picture.width > 300
    assert "A line of the notes" not in first
    assert "box.zip" in page
    assert "it cannot be shown here" in page
    assert visitor.get(f"{path}/attachment/{number}").status == 403
    assert visitor.get(f"{path}/attachment/{number}/page/999").status == 403
    assert visitor.get(f"{path}/attachment/77/page/0").status == 404
    assert here.events(bytes.fromhex(path.removeprefix("/m/")))[-2:] == ["shown", "shown"]


def test_file_that_may_be_saved_has_no_pages(here: Place) -> None:
    path, _, visitor = opened(here)
    number = files(visitor.get(path).text)[0]

    assert visitor.get(f"{path}/attachment/{number}").status == 200
    assert visitor.get(f"{path}/attachment/{number}/page/0").status == 404


def test_every_way_around_the_page_is_refused(here: Place) -> None:
    path, _, visitor = opened(here, *DO_NOT_FORWARD)
    other_path, _, stranger = opened(here)
    number = files(visitor.get(path).text)[0]
    posted_path = visitor.get(path).status and path.upper().replace("/M/", "/m/")
    leaks = 0

    for asker in (visitor, stranger, here.visitor()):
        for where in (path, f"{path}/", posted_path, path + "%00", f"{other_path}/..{path}"):
            for ending in (
                *(
                    "/message.eml",
                    f"/attachment/{number}",
                    f"/attachment/0{number}",
                    f"/attachment/{number}/",
                ),
                *(f"/attachment/{number}?download=1", f"/attachment/{number}/page", "/message.eml?save"),
                *(f"/attachment/%3{number}", "/attachment/0", "/attachment/-1", "/reply/../message.eml"),
            ):
                for answer in (asker.get(where + ending), asker.ask("HEAD", where + ending)):
                    assert answer.status != 200 or not answer.fields.get("Content-Disposition")
                    leaks += b"notes" in answer.body and b"A line" in answer.body
                    leaks += b"PK\x03\x04" in answer.body
    for asker in (stranger, here.visitor()):
        for ending in ("/body", f"/attachment/{number}/page/0"):
            answer = asker.get(path + ending)
            leaks += TEXT.encode() in answer.body or b"image/png" in answer.body

    assert leaks == 0


def test_two_readers_with_different_rights_have_each_his_own(here: Place) -> None:
    free, _, at_liberty = opened(here)
    bound, _, restricted = opened(here, Right.SAVE)
    number = files(restricted.get(bound).text)[0]

    assert at_liberty.get(f"{free}/attachment/{number}").status == 200
    assert restricted.get(f"{bound}/attachment/{number}").status == 403
    assert restricted.get(f"{free}/attachment/{number}").status == 303  # he signs in for that one
    assert at_liberty.get(f"{bound}/attachment/{number}").status == 303


def test_reply_quotes_nothing_of_a_restricted_message(here: Place) -> None:
    path, _, visitor = opened(here, Right.COPY)

    assert 'name="quote"' not in visitor.get(f"{path}/reply").text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Der Absender erlaubt nicht:"),
        ("ar", "لا يسمح المرسل بما يلي:"),
        ("ja", "差出人は次のことを許可していません："),
    ],
)
def test_rights_are_told_in_the_reader_s_language(here: Place, language: str, said: str) -> None:
    path, _, visitor = opened(here, Right.PRINT)
    visitor.send["Accept-Language"] = language

    assert said in visitor.get(path).text
