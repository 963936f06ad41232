"""What we write we open again, in any order of layers, and say of each layer what it was."""

import re
from dataclasses import replace

import pytest

from postseal.body import Body
from postseal.cms.cipher import CIPHERS
from postseal.cms.layer import Broken, Compressed, Encrypted, Signed
from postseal.cms.recipient import KeyTransport
from postseal.cms.signature import RsaScheme
from postseal.message import Header
from smime_lab import (
    AT,
    ED25519,
    ENTITY,
    PEOPLE,
    PKCS7,
    X25519,
    around,
    clear_signed,
    entity_of,
    mail,
    multipart,
    opener,
    sealed,
    signer,
    squeezed,
)

READERS = {**PEOPLE, "x25519": X25519}


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("kind", READERS)
def test_envelope_opens_to_its_entity(kind: str, cipher: str) -> None:
    found = opener().open(mail(sealed(ENTITY, READERS[kind], cipher=cipher)))

    (layer,) = found.layers
    assert isinstance(layer, Encrypted)
    assert (layer.facts.cipher, layer.facts.authenticated) == (cipher, cipher.endswith("gcm"))
    assert layer.certificate == READERS[kind].certificate
    assert found.decrypted
    assert found.content.body.read() == b"hello\r\n"
    assert found.deliverable.first("Content-Type") == b"text/plain; charset=us-ascii"
    assert found.deliverable.first("Subject") == b"outside"
    assert not found.deliverable.all("Content-Transfer-Encoding")


def test_envelope_by_oaep_opens() -> None:
    assert opener().open(mail(sealed(ENTITY, PEOPLE["rsa"], transport=KeyTransport.OAEP))).decrypted


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096, 65_536, 300_000])
@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
def test_envelope_of_any_size_opens(size: int, cipher: str) -> None:
    found = opener().open(mail(sealed(b"\r\n" + b"x" * size, PEOPLE["p256"], cipher=cipher)))

    assert found.content.body.read() == b"x" * size


def test_each_of_mixed_recipients_opens() -> None:
    octets = sealed(ENTITY, *READERS.values())

    for person in READERS.values():
        found = opener(person).open(mail(octets))
        assert found.decrypted
        assert isinstance(found.layers[0], Encrypted)
        assert len(found.layers[0].facts.recipients) == len(READERS)


def test_envelope_for_others_stays_as_it_came() -> None:
    given = mail(sealed(ENTITY, PEOPLE["rsa"]))

    found = opener(PEOPLE["p256"]).open(given)

    assert found.faults == ("it cannot be decrypted",)
    assert not found.decrypted
    assert found.deliverable is given
    assert found.content.body.read() == given.body.read()


@pytest.mark.parametrize(
    "signature",
    [*(signer(person) for person in (*PEOPLE.values(), ED25519)), signer(PEOPLE["rsa"], RsaScheme.PSS)],
    ids=[*PEOPLE, "ed25519", "pss"],
)
def test_signatures_of_every_kind_are_intact(signature: object) -> None:
    for given in (clear_signed(ENTITY, signature), mail(around(ENTITY, signature))):  # type: ignore[arg-type]  # a Signer
        found = opener().open(given)

        (layer,) = found.layers
        assert isinstance(layer, Signed)
        assert layer.intact, found.layers
        assert layer.signatures[0].signed_at == AT
        assert layer.signatures[0].capabilities == {"aes-256-cbc", "aes-128-cbc"}
        assert found.content.body.read() == b"hello\r\n"
        assert found.deliverable is given


def test_all_signatures_count() -> None:
    both = signer(PEOPLE["rsa"]), signer(PEOPLE["p384"])
    one = replace(both[1], scheme=replace(both[1].scheme, sign=lambda _: both[1].scheme.sign(b"other")))

    for signers, intact in ((both, True), ((both[0], one), False)):
        (layer,) = opener().open(clear_signed(ENTITY, *signers)).layers
        assert isinstance(layer, Signed)
        assert (len(layer.signatures), layer.intact) == (2, intact)


def test_message_that_is_no_smime_has_no_layers() -> None:
    given = replace(mail(b""), headers=(Header.of("From", "x"),))

    found = opener().open(given)

    assert (found.layers, found.content, found.deliverable) == ((), given, given)


def test_layers_are_told_from_the_outside_in() -> None:
    inside = clear_signed(ENTITY)
    signed = inside.all("Content-Type")[0].raw + b"\r\n" + inside.body.read()
    wrapped = clear_signed(entity_of(sealed(entity_of(squeezed([signed])))))

    found = opener().open(wrapped)

    assert [type(layer) for layer in found.layers] == [Signed, Encrypted, Compressed, Signed]
    assert not found.faults
    assert found.content.body.read() == b"hello\r\n"
    assert b"pkcs7-mime" in (found.deliverable.first("Content-Type") or b"")


def test_signature_inside_is_delivered_with_the_plain_text() -> None:
    inside = clear_signed(ENTITY)
    signed = inside.all("Content-Type")[0].raw + b"\r\n" + inside.body.read()

    found = opener().open(mail(sealed(signed)))

    assert [type(layer) for layer in found.layers] == [Encrypted, Signed]
    assert found.deliverable.body.read() == inside.body.read()
    assert opener().open(found.deliverable).layers[0] == found.layers[1]


def test_layers_without_end_are_cut_off() -> None:
    octets = around()
    for _ in range(10):
        octets = around(entity_of(octets))

    found = opener().open(mail(octets))

    assert len(found.layers) == 9
    assert isinstance(found.layers[-1], Broken)


CRLF, LF = b"Content-Type: text/plain\r\n\r\na\r\nb\r\n", b"Content-Type: text/plain\n\na\nb\n"


@pytest.mark.parametrize("received", [CRLF, LF])
@pytest.mark.parametrize("signed", [CRLF, LF])
def test_line_ends_that_the_way_changed_break_no_signature(signed: bytes, received: bytes) -> None:
    (layer,) = opener().open(clear_signed(received, of=signed)).layers

    assert isinstance(layer, Signed)
    assert layer.intact


@pytest.mark.parametrize(
    "received",
    [
        CRLF[:-4] + b"c\r\n",
        CRLF + b"\r\n",
        CRLF.replace(b"a\r\n", b"a \r\n"),
        CRLF.replace(b"a\r\n", b"> a\r\n"),
        CRLF.replace(b"text/plain", b"text/html"),
    ],
)
def test_any_other_change_breaks_the_signature(received: bytes) -> None:
    (layer,) = opener().open(clear_signed(received, of=CRLF)).layers

    assert isinstance(layer, Signed)
    assert [one.fault for one in layer.signatures] == ["the content was changed"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "application/x-pkcs7-mime"),
        ("Content-Type", "APPLICATION/PKCS7-MIME; smime-type=something-else"),
        ("Content-Type", 'application/octet-stream; name="smime.p7m"'),
    ],
)
def test_other_names_for_the_same_are_known(name: str, value: str) -> None:
    given = mail(sealed())
    headers = tuple(Header.of(name, value) if one.named(name) else one for one in given.headers)

    assert opener().open(replace(given, headers=headers)).decrypted


@pytest.mark.parametrize("name", ["binary", "8bit", "quoted-printable"])
def test_other_transfer_encodings_are_read(name: str) -> None:
    octets = sealed()
    if name == "quoted-printable":
        octets = re.sub(rb"[^a-zA-Z0-9]", lambda match: b"=%02X" % match[0][0], octets)
    headers = Header.of("Content-Type", PKCS7[0]), Header.of("Content-Transfer-Encoding", name)

    assert opener().open(replace(mail(b""), headers=headers, body=Body.of(octets))).decrypted


def test_issuer_written_in_other_octets_is_found_by_serial_number() -> None:
    octets = sealed(ENTITY, PEOPLE["rsa"]).replace(b"\x0c\x09Test Root", b"\x13\x09Test Root")
    assert b"\x13\x09Test Root" in octets

    assert opener().open(mail(octets)).decrypted


def test_preamble_is_no_part_of_what_is_signed() -> None:
    given = clear_signed()
    preamble = b"This is a cryptographically signed message in MIME format.\r\n\r\n"

    (layer,) = opener().open(given.with_body(Body.of(preamble + given.body.read()))).layers

    assert isinstance(layer, Signed)
    assert layer.intact


def test_text_behind_what_is_signed_makes_it_unsigned() -> None:
    given = clear_signed()
    octets = given.body.read()
    for body in (octets + b"read me\r\n", octets + b"\r\n" * 3000):
        (layer,) = opener().open(given.with_body(Body.of(body))).layers
        assert isinstance(layer, Signed)
        assert "text stands" in layer.fault
        assert not layer.intact


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/alternative"])
def test_part_that_is_signed_or_encrypted_is_not_looked_into(kind: str) -> None:
    given = multipart(entity_of(sealed()), entity_of(around()), kind)

    found = opener().open(given)

    assert found.layers == ()
    assert found.deliverable is given
