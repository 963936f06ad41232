"""What the S/MIME methods make of a message, judged by openssl."""

import ipaddress
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.pki import Authority, Person, pem
from postseal.body import Body, Spool
from postseal.certificates import directory, identity
from postseal.cms.mime import Kind, parts, walk
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.methods.signature import SmimeSignature
from postseal.methods.smime import SmimeMethod
from postseal.settings.smime import Identity, Smime

BARE = Smime(header_protection=False)  # that is another test's matter
ROOT = Authority.root()
ANN = ROOT.intermediate().issue("ann@example.com")
READERS = {kind: ROOT.issue(f"{kind}@example.net", kind=kind) for kind in ("rsa", "p256", "p384", "p521")}
NOW = datetime.now(UTC)
SIGNERS = {
    "rsa": ANN,
    **{kind: ROOT.intermediate().issue("ann@example.com", kind=kind) for kind in ("p256", "p384", "p521")},
}
LOGGED_IN = Envelope("Ann@example.com", (Recipient("rsa@example.net"),), Client("192.0.2.1", login="ann"))


def header(name: str, value: str) -> Header:
    return Header.of(name, value)


def message(body: bytes = b"gr\xc3\xbcn\r\n", *more: Header) -> Message:
    headers = (
        header("Received", "from x"),
        header("DKIM-Signature", "v=1; x"),
        header("From", "Ann <ann@example.com>"),
        header("Subject", "x"),
        header("Content-Type", "text/plain; charset=utf-8"),
        header("MIME-Version", "1.0"),
        header("Content-Transfer-Encoding", "8bit"),
        header("Bcc", "secret@example.net"),
        Header(b"X-Odd ", b"   folded\r\n\tvalue "),
    )
    return Message(headers + more, Body.of(body))


@pytest.fixture
def smime(tmp_path: Path) -> SmimeMethod:
    """The method, with the certificates of all READERS."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    for kind, person in READERS.items():
        (folder / f"{kind}.pem").write_bytes(person.pem)
    return SmimeMethod(directory.load(folder, NOW), Spool(tmp_path, 1000), clock=lambda: NOW, settings=BARE)


def signature(tmp_path: Path, signer: Person = ANN, *, days: int = 0, **options: object) -> SmimeSignature:
    """The signature of *signer* for ann@example.com, at a time *days* from now."""
    (tmp_path / "ann.pem").write_bytes(pem(*signer.chain))
    (tmp_path / "ann.key").write_bytes(signer.key_pem)
    (tmp_path / "ann.key").chmod(0o600)
    named = Identity(("ann@example.com",), tmp_path / "ann.pem", tmp_path / "ann.key")
    at = NOW + timedelta(days=days)
    given = {"settings": BARE, **options}
    return SmimeSignature(identity.load([named], NOW), Spool(tmp_path, 1000), clock=lambda: at, **given)  # type: ignore[arg-type]  # passed on


def raw(message: Message) -> bytes:
    return b"".join(message.pieces())


def decrypted(sealed: bytes, person: Person, place: Path) -> bytes:
    (place / "key.pem").write_bytes(person.key_pem)
    (place / "certificate.pem").write_bytes(person.pem)
    (place / "sealed.eml").write_bytes(sealed)
    command = [*("openssl", "cms", "-decrypt", "-in", "sealed.eml", "-out", "decrypted")]
    command += ["-inkey", "key.pem", "-recip", "certificate.pem"]
    subprocess.run(command, cwd=place, check=True)
    return (place / "decrypted").read_bytes()


def verified(signed: bytes, place: Path) -> bytes:
    """The entity that openssl has verified, from ann@example.com and back to the root alone."""
    (place / "root.pem").write_bytes(pem(ROOT.certificate))
    (place / "signed.eml").write_bytes(signed)
    command = [*("openssl", "cms", "-verify", "-in", "signed.eml", "-out", "verified", "-crlfeol")]
    command += ["-CAfile", "root.pem", "-purpose", "smimesign", "-verify_email", "ann@example.com"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    return (place / "verified").read_bytes()


INNER = (
    b"Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\ngr\xc3\xbcn\r\n"
)


@pytest.mark.parametrize("kind", READERS)
def test_encrypted_message_opens_to_its_entity(kind: str, smime: SmimeMethod, tmp_path: Path) -> None:
    found = smime.protect(message(), (Recipient(f"{kind}@example.net"),))

    assert decrypted(raw(found), READERS[kind], tmp_path) == INNER


def test_each_recipient_of_a_copy_opens_it(smime: SmimeMethod, tmp_path: Path) -> None:
    recipients = tuple(Recipient(f"{kind}@example.net") for kind in READERS)

    sealed = raw(smime.protect(message(), recipients))

    assert [decrypted(sealed, person, tmp_path) for person in READERS.values()] == [INNER] * 4


def test_encrypted_message_keeps_its_other_fields(smime: SmimeMethod) -> None:
    given = message()

    found = smime.protect(given, (Recipient("rsa@example.net"),))

    assert found.header_block == (
        b"Received: from x\r\nFrom: Ann <ann@example.com>\r\nSubject: x\r\nX-Odd :   folded\r\n\tvalue \r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7m"\r\n'
    )
    lines = found.body.read().split(b"\r\n")
    assert lines[-1] == b""
    assert max(map(len, lines)) == 76


@pytest.mark.parametrize("body", [b"", b"\r\n", b"x"])
def test_message_without_mime_header_opens_as_text(body: bytes, smime: SmimeMethod, tmp_path: Path) -> None:
    given = Message((header("Subject", "x"),), Body.of(body))

    found = smime.protect(given, (Recipient("p256@example.net"),))

    assert decrypted(raw(found), READERS["p256"], tmp_path) == b"Content-Type: text/plain\r\n\r\n" + body


def test_smime_reaches_who_has_a_usable_certificate(smime: SmimeMethod) -> None:
    assert smime.reaches(Recipient("RSA@Example.net"))
    assert not smime.reaches(Recipient("nobody@example.net"))


def test_certificate_that_expired_meanwhile_fails(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_bytes(READERS["p256"].pem)
    late = NOW + timedelta(days=400)
    smime = SmimeMethod(directory.load(tmp_path, NOW), Spool(), clock=lambda: late)

    with pytest.raises(Failure, match="it expired") as caught:
        smime.protect(message(), (Recipient("p256@example.net"),))

    assert caught.value.cause is Cause.NO_CERTIFICATE
    assert not smime.reaches(Recipient("p256@example.net"))


def test_recipient_without_certificate_fails(smime: SmimeMethod) -> None:
    with pytest.raises(Failure, match=r"nobody@example\.net") as caught:
        smime.protect(message(), (Recipient("rsa@example.net"), Recipient("nobody@example.net")))

    assert caught.value.cause is Cause.NO_CERTIFICATE


@pytest.mark.parametrize("kind", SIGNERS)
def test_signed_message_verifies(kind: str, tmp_path: Path) -> None:
    found = signature(tmp_path, SIGNERS[kind]).sign(message(), LOGGED_IN)

    assert verified(raw(found), tmp_path) == INNER.replace(b"8bit", b"quoted-printable").replace(
        b"\xc3\xbc", b"=C3=BC"
    )


@pytest.mark.parametrize(("kind", "micalg"), [("rsa", b"sha-256"), ("p384", b"sha-384")])
def test_signed_message_has_the_form_of_rfc_8551(kind: str, micalg: bytes, tmp_path: Path) -> None:
    found = signature(tmp_path, SIGNERS[kind]).sign(message(), LOGGED_IN)

    root, text, signed, epilogue = walk(found.headers, found.body)
    expected = b'multipart/signed; protocol="application/pkcs7-signature"; micalg=' + micalg
    assert (found.first("Content-Type") or b"").startswith(expected)
    assert found.all("MIME-Version", "Content-Transfer-Encoding", "DKIM-Signature", "Bcc") == (
        header("MIME-Version", "1.0"),
    )
    assert (root.kind, text.content_type, epilogue.kind) == (Kind.MULTIPART, "text/plain", Kind.EPILOGUE)
    assert (signed.content_type, signed.encoding, signed.filename) == (
        "application/pkcs7-signature",
        "base64",
        "smime.p7s",
    )
    assert found.body.read().isascii()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"no end of line",
        b"From here \r\n.\r\n..\r\n-- \r\n",
        b"bare\nline\rends",
        b"x" * 5000,
        b"--b\r\n\r\none\r\n--b\r\nContent-Type: image/png\r\n\r\n\0\xff\r\n--b--\r\nepilogue",
        b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nunclosed",
    ],
    ids=["empty", "blank", "no end", "dots", "bare", "long", "multipart", "unclosed"],
)
def test_signature_over_any_body_verifies(body: bytes, tmp_path: Path) -> None:
    headers = (header("From", "ann@example.com"), header("Content-Type", "multipart/mixed; boundary=b"))

    found = signature(tmp_path).sign(Message(headers, Body.of(body)), LOGGED_IN)

    assert verified(raw(found), tmp_path)


@pytest.mark.parametrize("kind", READERS)
def test_signed_and_encrypted_message_keeps_its_signature(
    kind: str, smime: SmimeMethod, tmp_path: Path
) -> None:
    signed = signature(tmp_path).sign(message(b"gr\xc3\xbcn\r\n" * 5000), LOGGED_IN)

    sealed = smime.protect(signed, (Recipient(f"{kind}@example.net"),))

    opened = decrypted(raw(sealed), READERS[kind], tmp_path)
    assert opened.endswith(b"\r\n\r\n" + signed.body.read())
    assert b"gr=C3=BCn\r\n" * 5000 in verified(opened, tmp_path)


def test_message_signed_by_somebody_else_keeps_every_octet(tmp_path: Path) -> None:
    first = signature(tmp_path, SIGNERS["p256"]).sign(message(), LOGGED_IN)

    second = signature(tmp_path).sign(first, LOGGED_IN)

    entity = verified(raw(second), tmp_path)
    assert first.body.read() in entity
    assert b"gr=C3=BCn" in verified(entity, tmp_path)


def test_8bit_part_signed_by_somebody_else_is_declared(tmp_path: Path) -> None:
    headers = header("From", "ann@example.com"), header("Content-Type", "multipart/signed; boundary=b")

    found = signature(tmp_path).sign(Message(headers, Body.of(b"--b\r\n\r\n\xfc\r\n--b--\r\n")), LOGGED_IN)

    assert found.first("Content-Transfer-Encoding") == b"8bit"
    assert verified(raw(found), tmp_path)


def test_trusted_network_may_sign(tmp_path: Path) -> None:
    envelope = replace(LOGGED_IN, client=Client("192.0.2.1"))
    networks = (ipaddress.ip_network("192.0.2.0/24"),)

    assert signature(tmp_path, trusted_networks=networks).sign(message(), envelope)


@pytest.mark.parametrize(
    ("sender", "client", "froms", "reason"),
    [
        ("ann@example.com", Client("192.0.2.1"), ["ann@example.com"], "has not logged in"),
        ("ann@example.com", Client(""), ["ann@example.com"], "has not logged in"),
        ("ann@example.com", Client("192.0.2.1", login=""), ["ann@example.com"], "has not logged in"),
        ("bob@example.com", Client(login="ann"), ["ann@example.com"], "one author"),
        ("", Client(login="ann"), ["ann@example.com"], "one author"),
        ("ann@example.com", Client(login="ann"), ["bob@example.com"], "one author"),
        ("ann@example.com", Client(login="ann"), ["ann@example.com, bob@example.com"], "one author"),
        ("ann@example.com", Client(login="ann"), ["ann@example.com", "ann@example.com"], "one author"),
        ("ann@example.com", Client(login="ann"), [], "one author"),
        ("ann@example.com", Client(login="ann"), ["<ann@example.com> <bob@example.com>"], "one author"),
        ("bob@example.com", Client(login="bob"), ["bob@example.com"], "no identity"),
    ],
)
def test_nobody_signs_for_others(
    sender: str, client: Client, froms: list[str], reason: str, tmp_path: Path
) -> None:
    given = Message(tuple(header("From", value) for value in froms), Body.of(b"x"))

    with pytest.raises(Failure, match=reason) as caught:
        signature(tmp_path).sign(given, Envelope(sender, (), client))

    assert caught.value.cause is Cause.NO_SIGNER


def test_expired_identity_does_not_sign(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="it expired") as caught:
        signature(tmp_path, days=400).sign(message(), LOGGED_IN)

    assert caught.value.cause is Cause.NO_SIGNER


def test_signature_over_a_large_message_verifies(tmp_path: Path) -> None:
    body = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ gr\xc3\xbcn\r\n" * (40 << 14)

    found = signature(tmp_path).sign(message(body), LOGGED_IN)

    entity = verified(raw(found), tmp_path)
    assert entity.partition(b"\r\n\r\n")[2] == body.replace(b"\xc3\xbc", b"=C3=BC")
    assert len(list(parts(found))) == 2
