"""Mail that its sender signed, compressed or encrypted as well."""

import smime_lab
from postseal.body import Spool
from postseal.message import Message
from postseal.reading.note import Note
from postseal.reading.view import view
from reading.mails import mail, multipart, part

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\nwhat was signed"
SIGNED = "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"


def told(message: Message) -> tuple[str, tuple[Note, ...], list[str]]:
    found = view(message, Spool())
    page = bytes(found.document).decode().partition("<body>")[2]
    return page, found.notes, [one.name for one in found.attachments]


def test_clear_signed_content_is_shown_and_the_signature_is_not():
    page, notes, attached = told(smime_lab.clear_signed(PLAIN))

    assert "what was signed" in page
    assert (notes, attached) == ((Note.SIGNED,), [])


def test_opaque_signed_content_is_shown():
    page, notes, attached = told(smime_lab.mail(smime_lab.around(PLAIN), SIGNED))

    assert "what was signed" in page
    assert (notes, attached) == ((Note.SIGNED,), [])


def test_signed_attachments_can_be_saved():
    entity = multipart(
        "mixed", PLAIN, part("application/pdf", b"%PDF-1.4", "Content-Disposition: attachment")
    )
    _, _, attached = told(smime_lab.mail(smime_lab.around(entity), SIGNED))

    assert attached == ["application-3.pdf"]


def test_signature_around_a_compressed_one_is_taken_off_as_well():
    squeezed = smime_lab.entity_of(
        smime_lab.squeezed([PLAIN]), "application/pkcs7-mime; smime-type=compressed-data"
    )
    page, notes, _ = told(smime_lab.mail(smime_lab.around(squeezed), SIGNED))

    assert "what was signed" in page
    assert notes == (Note.SIGNED,)


def test_what_is_encrypted_once_more_can_be_saved_and_is_told():
    page, notes, attached = told(smime_lab.mail(smime_lab.sealed(PLAIN)))

    assert "what was signed" not in page
    assert (notes, attached) == ((Note.CLOSED,), ["smime.p7m"])


def test_protected_subject_is_the_one_shown():
    entity = b'Subject: inside\r\nContent-Type: text/plain; hp="clear"\r\n\r\nx'

    assert view(smime_lab.clear_signed(entity), Spool()).subject == "inside"


def test_openpgp_is_told():
    entity = multipart(
        "encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x")
    )
    _, notes, attached = told(mail(entity))

    assert notes == (Note.CLOSED,)
    assert len(attached) == 2
