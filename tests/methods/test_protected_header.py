"""Protected headers through the methods: signed, encrypted, and both, with the subject visible or hidden."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.pki import pem
from postseal.body import Body, Spool
from postseal.certificates import directory, identity
from postseal.cms import der, encoding
from postseal.cms.cipher import CIPHERS, Mode
from postseal.cms.header_protection import found, restored
from postseal.cms.layer import Encrypted, Opened, Signed
from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Header, Message
from postseal.methods.signature import SmimeSignature
from postseal.methods.smime import SmimeMethod
from postseal.settings.smime import Identity, Peer, Smime, Subject
from smime_lab import PEOPLE, ROOT, opener

ANN = ROOT.intermediate().issue("ann@example.com")
BOB = PEOPLE["rsa"]
TO_BOB = (Recipient("rsa@example.com"),)
LOGGED_IN = Envelope("ann@example.com", TO_BOB, Client("192.0.2.1", login="ann"))
NOW = datetime.now(UTC)
HIDDEN, VISIBLE = Smime(subject=Subject.HIDDEN), Smime()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates/bob.pem").write_bytes(BOB.pem)
    (tmp_path / "ann.pem").write_bytes(pem(*ANN.chain))
    (tmp_path / "ann.key").write_bytes(ANN.key_pem)
    (tmp_path / "ann.key").chmod(0o600)
    return tmp_path


def message(*more: Header) -> Message:
    fields = Header.of("From", "Ann <ann@example.com>"), Header.of("Subject", "merger"), *more
    return Message(fields, Body.of(b"gr\xc3\xbcn\r\n"))


def sealing(place: Path, settings: Smime) -> SmimeMethod:
    certificates = directory.load(place / "certificates", NOW)
    return SmimeMethod(certificates, Spool(), clock=lambda: NOW, settings=settings)


def signing(place: Path, settings: Smime) -> SmimeSignature:
    named = Identity(("ann@example.com",), place / "ann.pem", place / "ann.key")
    identities = identity.load([named], NOW)
    return SmimeSignature(identities, Spool(), clock=lambda: NOW, settings=settings)


def both(place: Path, settings: Smime, given: Message) -> Message:
    """*given*, signed and sealed as the pipeline does it."""
    method = sealing(place, settings)
    signed = signing(place, settings).sign(given, LOGGED_IN, veil=method.manner(TO_BOB[0]).veil)
    return method.protect(signed, TO_BOB)


def read(sent: Message) -> tuple[Opened, Message]:
    """*sent* as its reader has it."""
    opened = opener().open(sent)
    assert not opened.faults
    protected = found(sent, opened)
    assert not protected.doubt
    return opened, restored(opened.deliverable, protected)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("settings", "outside"), [(HIDDEN, b"[...]"), (VISIBLE, b"merger")])
def test_subject_is_hidden_outside_as_the_settings_say(
    settings: Smime, outside: bytes, signed: bool, place: Path
) -> None:
    sent = both(place, settings, message()) if signed else sealing(place, settings).protect(message(), TO_BOB)

    opened, after = read(sent)

    assert sent.first("Subject") == outside
    assert (b"merger" in sent.header_block) is (settings is VISIBLE)
    assert [type(layer) for layer in opened.layers] == [Encrypted, Signed][: 1 + signed]
    assert after.first("Subject") == b"merger"
    assert found(sent, opened).confidential == ({"Subject"} if settings is HIDDEN else frozenset())


def test_signed_message_protects_its_subject(place: Path) -> None:
    sent = signing(place, VISIBLE).sign(message(), LOGGED_IN)
    changed = sent.without("Subject").adding(Header.of("Subject", "urgent"))

    assert read(changed)[1].first("Subject") == b"merger"


def test_subject_of_mail_that_somebody_else_signed_stays_outside(place: Path) -> None:
    theirs = signing(place, Smime(header_protection=False)).sign(message(), LOGGED_IN)

    sent = sealing(place, HIDDEN).protect(theirs, TO_BOB)

    assert sent.first("Subject") == b"merger"


def test_without_header_protection_nothing_goes_inside(place: Path) -> None:
    settings = Smime(header_protection=False, subject=Subject.HIDDEN)

    sent = both(place, settings, message())

    assert sent.first("Subject") == b"merger"
    assert not opener().open(sent).payload.all("Subject", "HP-Outer")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_peer_gets_the_cipher_that_he_insists_on(cipher: str, place: Path) -> None:
    settings = Smime(peers=(Peer(("example.com",), cipher=cipher, key_transport="rsa-oaep"),))

    sent = sealing(place, settings).protect(message(), TO_BOB)

    (layer,) = opener().open(sent).layers
    assert isinstance(layer, Encrypted)
    assert layer.facts.cipher == cipher
    assert layer.facts.recipients[0][1] == "RSA OAEP"
    kind = b"authEnveloped-data" if CIPHERS[cipher].mode is Mode.GCM else b"enveloped-data"
    assert b"smime-type=" + kind + b";" in (sent.first("Content-Type") or b"")


def test_pss_is_signed_with_if_the_settings_say_so(place: Path) -> None:
    sent = signing(place, Smime(signature="rsa-pss")).sign(message(), LOGGED_IN)

    (layer,) = opener().open(sent).layers
    assert isinstance(layer, Signed)
    assert layer.intact
    octets = b"".join(encoding.from_base64([sent.body.read().rpartition(b'"smime.p7s"')[2]]))
    assert der.oid("1.2.840.113549.1.1.10") in octets
