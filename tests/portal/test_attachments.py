"""Files that must not be saved as they are: every choice of policy, tried around the interface."""

import html
import io
import re
from base64 import encodebytes

import msoffcrypto
import pikepdf
import pytest
from sqlalchemy import update

from content.carriers import text_docx, text_pdf
from demo.visitor import Visitor
from portal_place import Place, path_of
from postseal.body import Body
from postseal.licence import Attachments, Licence
from postseal.message import Header, Message
from postseal.rights import Right
from postseal.store.schema_sealed import sealed_messages
from sealing import message

SECRET = "The numbers: one two three"
KINDS = {"notes.txt": "text/plain", "numbers.pdf": "application/pdf", "plan.docx": "application/octet-stream"}
OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PASSWORD = re.compile(r'<code class="password" dir="ltr">([a-z2-9]{4}(?:-[a-z2-9]{4}){4})</code>')
WORD = text_docx(SECRET)
NOTES, NUMBERS, PLAN = 3, 4, 5
"""The numbers of the files: the places of their parts."""
_count = iter(range(10_000))


def signed() -> bytes:
    """A PDF that says so of itself."""
    with pikepdf.open(io.BytesIO(text_pdf(SECRET))) as document, io.BytesIO() as octets:
        document.Root.Perms = pikepdf.Dictionary(DocMDP=pikepdf.Dictionary(ByteRange=[0, 1, 2, 3]))
        document.save(octets)
        return octets.getvalue()


def parts(**instead: bytes) -> bytes:
    files = {"notes.txt": SECRET.encode(), "numbers.pdf": text_pdf(SECRET), "plan.docx": WORD}
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n"
    for name, octets in files.items():
        head = f"--b\r\nContent-Type: {KINDS[name]}\r\nContent-Transfer-Encoding: base64\r\n"
        head += f"Content-Disposition: attachment; filename={name}\r\n\r\n"
        body += head.encode() + encodebytes(instead.get(name.partition(".")[0], octets))
    return body + b"--b--\r\n"


def opened(
    here: Place, attachments: Attachments | None, *withheld: Right, octets: bytes = b""
) -> tuple[str, str, Visitor]:
    """The path of a message with files, the page, and its reader."""
    reader = f"files{next(_count)}@rights.test"
    given = message(("To", reader), identity=f"<{reader}>").without("Content-Type", "To")
    given = given.adding(Header.of("To", reader))
    given = given.adding(Header.of("Content-Type", 'multipart/mixed; boundary="b"'))
    mail = here.sealed(
        Message(given.headers, Body.of(octets or parts())),
        to=(reader,),
        withheld=(Right.SAVE, *withheld),
        attachments=attachments,
    )
    path = path_of(mail)
    visitor = here.signed_in(path, reader)
    return path, visitor.get(path).text, visitor


CHOICES = [
    # what policy says, rights withheld besides, then for text, PDF and Word: p page, t text, s saved
    (None, (), ("pt", "pt", "pt")),
    (Attachments.VIEW_ONLY, (Right.PRINT,), ("pt", "pt", "pt")),
    (Attachments.PICTURES, (), ("p", "p", "p")),
    (Attachments.WITHHOLD, (), ("", "", "")),
    (Attachments.PROTECT, (), ("pt", "pts", "pts")),
    (Attachments.PROTECT, (Right.FORWARD,), ("pt", "pts", "pts")),
    (Attachments.PROTECT, (Right.PRINT,), ("pt", "pts", "pt")),
    (Attachments.PROTECT, (Right.COPY,), ("pt", "pts", "pt")),
    (Attachments.PROTECT, (Right.EDIT,), ("pt", "pts", "pt")),
    (Attachments.PASSWORD, (Right.PRINT, Right.COPY), ("pt", "pts", "pts")),
]


@pytest.mark.parametrize(("choice", "withheld", "ways"), CHOICES)
def test_each_file_goes_the_ways_that_policy_leaves_open(
    here: Place, choice: Attachments | None, withheld: tuple[Right, ...], ways: tuple[str, str, str]
) -> None:
    path, page, visitor = opened(here, choice, *withheld)
    _, _, free = opened(here, None)

    for number, open_ in zip((NOTES, NUMBERS, PLAN), ways, strict=True):
        at = f"{path}/attachment/{number}"
        shown, read, saved = (visitor.get(f"{at}{end}") for end in ("/page/0", "/text/0", ""))
        assert (shown.status, read.status, saved.status) == tuple(
            200 if way in open_ else 403 for way in "pts"
        ), (number, open_)
        assert (f'"{at}/page/0"' in page) is ("p" in open_)
        assert (f'"{at}" download' in page) is ("s" in open_)
        assert (SECRET in read.text) is ("t" in open_)
        assert SECRET.encode() not in saved.body + shown.body
        assert b"PK\x03\x04" not in saved.body
        for answer in (free.get(f"{at}/page/0"), free.get(f"{at}/text/0"), free.get(at)):
            assert answer.status == 303
    assert bool(PASSWORD.search(page)) is ("s" in ways[1])
    assert ("Saving, other than files with a password" in page) is ("s" in ways[1])
    assert visitor.get(f"{path}/message.eml").status == 403


def test_saved_pdf_has_what_its_reader_may_do_and_his_password(here: Place) -> None:
    path, page, visitor = opened(here, Attachments.PROTECT, Right.PRINT)
    found = PASSWORD.search(page)
    assert found

    answer = visitor.get(f"{path}/attachment/{NUMBERS}")

    assert answer.fields["Content-Type"] == "application/pdf"
    assert 'filename="numbers.pdf"' in answer.fields["Content-Disposition"]
    assert int(answer.fields["Content-Length"]) == len(answer.body)
    with pikepdf.open(io.BytesIO(answer.body), password=found[1]) as document:
        allow = document.allow
        assert document.encryption.R == 6
        assert (allow.print_highres, allow.print_lowres) == (False, False)
        assert (allow.extract, allow.modify_other, allow.accessibility) == (True, True, True)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(answer.body))
    assert here.events(bytes.fromhex(path.removeprefix("/m/")))[-1] == "fetched"


def test_saved_document_opens_with_the_password_shown(here: Place) -> None:
    path, page, visitor = opened(here, Attachments.PROTECT)
    found = PASSWORD.search(page)
    assert found

    answer = visitor.get(f"{path}/attachment/{PLAN}")

    assert answer.fields["Content-Type"] == OFFICE
    document, plain = msoffcrypto.OfficeFile(io.BytesIO(answer.body)), io.BytesIO()
    document.load_key(password=found[1], verify_password=True)
    document.decrypt(plain, verify_integrity=True)
    assert plain.getvalue() == WORD


def test_password_is_the_same_each_time_and_another_for_each_reader_and_message(here: Place) -> None:
    path, page, visitor = opened(here, Attachments.PASSWORD)
    _, other, _ = opened(here, Attachments.PASSWORD)

    passwords = [PASSWORD.findall(text) for text in (page, visitor.get(path).text, other)]

    assert passwords[0] == passwords[1]
    assert len({each for (each,) in passwords}) == 2


def test_signed_file_is_looked_at_and_not_saved(here: Place) -> None:
    path, _, visitor = opened(here, Attachments.PROTECT, octets=parts(numbers=signed()))

    answer = visitor.get(f"{path}/attachment/{NUMBERS}")

    assert answer.status == 403
    assert "encrypting it for you would break the signature" in answer.text


@pytest.mark.parametrize("broken", [b"%PDF-1.4 nothing", b"%PDF-1.4\n" + SECRET.encode() * 50])
def test_damaged_file_is_not_saved(here: Place, broken: bytes) -> None:
    path, _, visitor = opened(
        here, Attachments.PROTECT, octets=parts(numbers=broken, plan=b"PK\x03\x04" + broken)
    )

    for number in (NUMBERS, PLAN):
        answer = visitor.get(f"{path}/attachment/{number}")
        assert answer.status == 403
        assert SECRET not in answer.text
    assert "it could not be encrypted for you" in visitor.get(f"{path}/attachment/{NUMBERS}").text


def test_text_of_a_page_is_for_screen_readers(here: Place) -> None:
    path, _, visitor = opened(here, None, Right.COPY, Right.PRINT)
    picture = visitor.get(f"{path}/attachment/{NUMBERS}/page/0").text

    page = visitor.get(f"{path}/attachment/{NUMBERS}/text/0").text

    assert f'href="{path}/attachment/{NUMBERS}/text/0"' in picture
    assert html.escape(SECRET) in page
    assert " unprinted" in page
    assert " uncopied" in page
    assert '<img class="across" src="data:image/svg+xml;base64,' in page
    assert visitor.get(f"{path}/attachment/{NUMBERS}/text/1").status == 403
    assert visitor.get(f"{path}/attachment/99/text/0").status == 404
    rows = here.ring.audit.of(bytes.fromhex(path.removeprefix("/m/")))
    assert [row.detail for row in rows if row.event == "shown"][-1] == f"{NUMBERS}, page 1 as text"


def test_who_changes_the_database_gives_himself_no_files(here: Place) -> None:
    path, _, visitor = opened(here, Attachments.WITHHOLD)
    id_ = bytes.fromhex(path.removeprefix("/m/"))
    change = (
        update(sealed_messages)
        .where(sealed_messages.c.id == id_)
        .values(licence=Licence(attachments=Attachments.PASSWORD).text)
    )
    here.ring.store.write(lambda connection: connection.execute(change))

    assert [visitor.get(f"{path}/attachment/{number}").status for number in (NOTES, NUMBERS, PLAN)] == [
        503
    ] * 3
