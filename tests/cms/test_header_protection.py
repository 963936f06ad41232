"""Header fields inside of what is signed or encrypted (RFC 9788): made, taken out, and not believed else."""

import pytest

from postseal.body import Body
from postseal.cms.header_protection import Found, Veil, found, obscured, payload, restored, veiled
from postseal.message import Header, Message
from smime_lab import PEOPLE, around, entity_of, mail, multipart, opener, sealed

FIELDS = (
    Header.of("Received", "from x"),
    Header.of("From", "Ann <ann@example.com>"),
    Header.of("To", "bob@example.com"),
    Header(b"Subject", b" the long\r\n subject"),
    Header.of("Keywords", "merger"),
    Header.of("Content-Type", "text/plain; charset=utf-8;"),
)
MAIL = Message(FIELDS, Body.of(b"hello\r\n"))


def raw(message: Message) -> bytes:
    return b"".join(message.pieces())


def enveloped(inner: Message, outside: Message) -> Message:
    return Message(
        outside.without("Content-Type").headers + mail(b"").all("Content-Type", "Content-Transfer-Encoding"),
        mail(sealed(raw(inner), PEOPLE["p256"])).body,
    )


def opened(message: Message) -> Found:
    return found(message, opener().open(message))


def test_signed_payload_bears_the_fields_that_people_see() -> None:
    assert raw(payload(MAIL, Veil.CLEAR)) == (
        b"From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: the long\r\n subject\r\n"
        b'Keywords: merger\r\nContent-Type: text/plain; charset=utf-8;\r\n hp="clear"\r\n\r\nhello\r\n'
    )


def test_encrypted_payload_tells_what_stays_outside() -> None:
    shown, hidden = (payload(MAIL, veil).all("HP-Outer") for veil in (Veil.SHOWN, Veil.HIDDEN))

    assert [one.value for one in shown] == [
        b" From: Ann <ann@example.com>",
        b" To: bob@example.com",
        b" Subject: the long\r\n subject",
        b" Keywords: merger",
    ]
    assert [one.value for one in hidden] == [
        b" From: Ann <ann@example.com>",
        b" To: bob@example.com",
        b" Subject: [...]",
    ]


def test_outside_the_subject_is_replaced_and_keywords_are_gone() -> None:
    headers = obscured(MAIL).headers

    assert [one.name for one in headers] == [b"Received", b"From", b"To", b"Subject", b"Content-Type"]
    assert headers[3].value == b" [...]"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/signed; boundary=b",
        "application/pkcs7-mime",
        "multipart/encrypted",
        "text/plain; hp=clear",
        "x",
    ],
)
def test_what_is_protected_already_stays_as_it_is(kind: str) -> None:
    given = Message((Header.of("Subject", "x"), Header.of("Content-Type", kind)), Body.of(b""))

    assert payload(given, Veil.HIDDEN).headers == given.headers[1:]


@pytest.mark.parametrize("veil", [Veil.SHOWN, Veil.HIDDEN])
def test_fields_come_out_as_they_went_in(veil: Veil) -> None:
    outside = obscured(MAIL) if veil is Veil.HIDDEN else MAIL
    given = enveloped(payload(MAIL, veil), outside)

    protected = opened(given)
    after = restored(opener().open(given).deliverable, protected)

    assert protected.doubt == ""
    assert protected.confidential == ({"Subject", "Keywords"} if veil is Veil.HIDDEN else frozenset())
    assert after.first("Subject") == b"the long\r\n subject"
    assert after.first("Keywords") == b"merger"
    assert [one.name for one in after.headers].count(b"From") == 1
    assert after.body.read() == b"hello\r\n"


def test_fields_under_a_sound_signature_replace_those_outside() -> None:
    outside = obscured(MAIL)
    given = Message(
        outside.without("Content-Type").headers + mail(b"").headers[-2:],
        mail(around(raw(payload(MAIL, Veil.CLEAR)))).body,
    )

    protected = opened(given)

    assert restored(given, protected).first("Subject") == b"the long\r\n subject"
    assert protected.confidential == frozenset()


def test_encrypted_fields_without_encryption_are_not_used() -> None:
    given = Message(
        MAIL.headers[:-1] + mail(b"").headers[-2:], mail(around(raw(payload(MAIL, Veil.HIDDEN)))).body
    )

    assert opened(given) == Found(doubt="the header says that it was encrypted, and it was not")


def test_fields_of_a_part_or_without_protection_are_not_used() -> None:
    inner = payload(MAIL, Veil.SHOWN)
    part = multipart(raw(inner), raw(inner), "multipart/mixed")
    bare = enveloped(Message(FIELDS, MAIL.body), MAIL)

    assert opened(part) == Found()
    assert opened(enveloped(Message(part.all("Content-Type"), part.body), MAIL)) == Found()
    assert opened(bare) == Found()
    assert opened(inner) == Found()


def test_another_author_inside_is_never_put_outside() -> None:
    outside = MAIL.without("From").adding(Header.of("From", "eve@example.com"))

    protected = opened(enveloped(payload(MAIL, Veil.SHOWN), outside))
    after = restored(outside, protected)

    assert protected.doubt == "the protected From is another than that of the message"
    assert after.first("From") == b"eve@example.com"
    assert after.first("To") == b"bob@example.com"


def test_field_that_is_there_twice_inside_is_not_used() -> None:
    inner = payload(MAIL, Veil.SHOWN)
    twice = Message((Header.of("Subject", "two"), *inner.headers), inner.body)

    assert opened(enveloped(twice, MAIL)).doubt == "a protected field is there twice"


def test_signature_tells_whether_it_bears_what_is_hidden() -> None:
    hidden, shown = (raw(payload(MAIL, veil)) for veil in (Veil.HIDDEN, Veil.SHOWN))
    signature = entity_of(b"", "application/pkcs7-signature")
    whole = MAIL.without("Content-Type")
    other = whole.without("Subject").adding(Header.of("Subject", "other"))

    for first, outside, expected in (
        (hidden, whole, True),
        (shown, whole, False),
        (hidden, other, False),
        (raw(MAIL), whole, False),
    ):
        given = multipart(first, signature)
        assert veiled(Message(outside.headers + given.all("Content-Type"), given.body)) is expected
    assert not veiled(MAIL)
