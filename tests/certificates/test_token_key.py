"""Keys on a token sign and open mail as those in files do, and tell nobody what was wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15

from demo.pki import Authority, Person, pem
from postseal.body import Body, Spool
from postseal.certificates import decryption, identity, token_key
from postseal.cms.layer import Encrypted, Signed
from postseal.cms.opening import Opener
from postseal.cms.recipient import KeyTransport
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput, Cause, Failure, Place
from postseal.message import Header, Message
from postseal.methods.signature import SmimeSignature
from postseal.settings.smime import Decryption, Identity, Smime
from smime_lab import mail, opener, sealed
from softhsm import SoftHsm

ROOT = Authority.root()
NOW = datetime.now(UTC)
PEOPLE = {kind: ROOT.issue("ann@example.com", kind=kind) for kind in ("rsa", "p256", "p384", "p521")}
LOGGED_IN = Envelope("ann@example.com", (Recipient("b@x.example"),), Client("192.0.2.1", login="ann"))
MESSAGE = Message((Header.of("From", "ann@example.com"),), Body.of(b"hello\r\n"))


def files(hsm: SoftHsm, person: Person) -> Path:
    """The certificate in a file, and the key on the token."""
    hsm.put("ann", person.key)
    path = hsm.directory / "ann.pem"
    path.write_bytes(pem(*person.chain))
    return path


def signature(hsm: SoftHsm, person: Person, settings: Smime) -> SmimeSignature:
    named = Identity(("ann@example.com",), files(hsm, person), hsm.parsed("ann"))
    identities = identity.load([named], NOW)
    assert not identities.warnings
    return SmimeSignature(identities, Spool(), clock=lambda: NOW, settings=settings)


def opening(hsm: SoftHsm, person: Person) -> Opener:
    named = Decryption(Place("x"), ("ann@example.com",), files(hsm, person), hsm.parsed("ann"))
    return Opener(Spool(), decryption.load([named]).ring)


@pytest.mark.parametrize(
    ("kind", "scheme"), [("rsa", "rsa-pkcs1"), ("rsa", "rsa-pss"), *((kind, "rsa-pkcs1") for kind in PEOPLE)]
)
def test_key_on_a_token_signs(kind: str, scheme: str, hsm: SoftHsm) -> None:
    sent = signature(hsm, PEOPLE[kind], Smime(signature=scheme)).sign(MESSAGE, LOGGED_IN)

    (layer,) = opener().open(sent).layers
    assert isinstance(layer, Signed)
    assert layer.intact
    assert layer.signatures[0].certificate == PEOPLE[kind].certificate


@pytest.mark.parametrize("transport", KeyTransport)
@pytest.mark.parametrize("kind", PEOPLE)
def test_key_on_a_token_opens_mail(kind: str, transport: KeyTransport, hsm: SoftHsm) -> None:
    opened = opening(hsm, PEOPLE[kind]).open(
        mail(sealed(b"Content-Type: text/x\r\n\r\nhi", PEOPLE[kind], transport=transport))
    )

    assert opened.decrypted
    assert opened.content.body.read() == b"hi"


def test_every_ciphertext_that_is_wrong_is_one_error(hsm: SoftHsm) -> None:
    hsm.put("ann", PEOPLE["rsa"].key)
    key = token_key.load(hsm.parsed("ann"))
    assert isinstance(key, token_key.TokenRsaKey)
    oaep = OAEP(MGF1(hashes.SHA256()), hashes.SHA512(), b"label")
    good = [(padding, key.public_key().encrypt(b"x", padding)) for padding in (PKCS1v15(), oaep)]

    for padding, octets in good:
        assert key.decrypt(octets, padding) == b"x"
        for wrong in (octets[:-1] + bytes([octets[-1] ^ 1]), bytes(256), b"\xff" * 256, b"", b"x" * 10):
            with pytest.raises(ValueError):
                key.decrypt(wrong, padding)
    with pytest.raises(ValueError):
        key.decrypt(good[1][1], OAEP(MGF1(hashes.SHA256()), hashes.SHA512(), None))


def test_mail_with_a_wrong_key_stays_closed_as_with_any_key(hsm: SoftHsm) -> None:
    octets = sealed(b"Content-Type: text/plain\r\n\r\nhi", PEOPLE["rsa"])
    at = octets.index(b"\x04\x82\x01\x00") + 40  # within the encrypted key
    broken = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]

    (layer,) = opening(hsm, PEOPLE["rsa"]).open(mail(broken)).layers

    assert isinstance(layer, Encrypted)
    assert layer.fault == "it cannot be decrypted"


def test_token_that_is_away_is_a_failure_and_no_closed_mail(hsm: SoftHsm) -> None:
    opener_ = opening(hsm, PEOPLE["rsa"])
    message = mail(sealed(b"Content-Type: text/plain\r\n\r\nhi", PEOPLE["rsa"]))
    assert opener_.open(message).decrypted

    hsm.remove()
    with pytest.raises(Failure) as raised:
        opener_.open(message)
    hsm.insert()

    assert raised.value.cause is Cause.KEYS


def test_key_never_shows(hsm: SoftHsm) -> None:
    hsm.put("ann", PEOPLE["rsa"].key)
    key = token_key.load(hsm.parsed("ann"))

    with pytest.raises(TypeError):
        key.private_numbers()
    assert hsm.pin.read_text().strip() not in repr(vars(key))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda hsm: hsm.pin.write_text("wrong-1\n"), "PinIncorrect"),
        (lambda hsm: hsm.remove(), "NoSuchToken"),
        (lambda hsm: None, "NoSuchKey"),
    ],
)
def test_key_that_is_not_there_is_told(change, why: str, hsm: SoftHsm) -> None:
    change(hsm)

    with pytest.raises(BadInput) as raised:
        token_key.load(hsm.parsed("nobody"))

    (problem,) = raised.value.problems
    assert why in problem.what
    assert str(problem.place) == "pkcs11:token=mail;object=nobody"
    assert problem.hint


def test_certificate_of_another_key_is_refused(hsm: SoftHsm) -> None:
    named = Identity(("ann@example.com",), files(hsm, PEOPLE["rsa"]), hsm.parsed("ann"))
    named.certificate.write_bytes(pem(*PEOPLE["p256"].chain))

    with pytest.raises(
        BadInput, match="none of the certificates belongs to the key pkcs11:token=mail;object=ann"
    ):
        identity.load([named], NOW)
