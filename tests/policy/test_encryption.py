"""What the sender protected himself is known by its octets; what only says so is not believed."""

import base64
import subprocess
from pathlib import Path

import pytest

from postseal.body import Body
from postseal.message import Header, Message
from postseal.policy.encryption import encrypted, signed

ENVELOPED = base64.b64encode(bytes.fromhex("3080 0609 2a864886f70d010703 a080")).decode()
AUTH_ENVELOPED = base64.b64encode(bytes.fromhex("3080 060b 2a864886f70d0109100117 a080")).decode()
SIGNED = base64.b64encode(bytes.fromhex("3080 0609 2a864886f70d010702 a080")).decode()
# A PKESK packet (RFC 9580 §5.1) in new and in old format begins so.
PGP = "-----BEGIN PGP MESSAGE-----\n\nwV4DAAAAAAAAAAASAQdA\n=abcd\n-----END PGP MESSAGE-----\n"
PGP_OLD = PGP.replace("wV4D", "hQEM")
PGP_SIGNED_ONLY = PGP.replace("wV4D", "owEB")  # tag 8: compressed data, which anybody can read
MIME = (
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n"
)
TEXT = "Content-Type: text/plain; charset=utf-8\n\n"


def message(text: str) -> Message:
    head, _, body = text.partition("\n\n")
    fields = (line.partition(": ") for line in head.split("\n") if line)
    headers = tuple(Header.of(name, value) for name, _, value in fields)
    return Message(headers, Body.of(body.replace("\n", "\r\n").encode()))


def multipart(kind: str, *parts: str) -> str:
    inside = "".join(f"--b\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{inside}--b--\n"


CONTROL = "Content-Type: application/pgp-encrypted\n\nVersion: 1\n"
OCTETS = "Content-Type: application/octet-stream\n\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MIME + ENVELOPED, id="enveloped"),
        pytest.param(MIME.replace("pkcs7", "x-pkcs7") + AUTH_ENVELOPED, id="auth-enveloped"),
        pytest.param(multipart("encrypted", CONTROL, OCTETS + PGP), id="pgp-mime"),
        pytest.param(TEXT + PGP, id="inline"),
        pytest.param("\n\n" + PGP_OLD, id="inline-without-type"),
        pytest.param(TEXT + "\n \n" + PGP + "\n\n", id="inline-blank-lines"),
        pytest.param(
            TEXT + PGP.replace("\n\n", "\nVersion: GnuPG v2\nComment: x\n\n"), id="inline-armor-header"
        ),
    ],
)
def test_encrypted_is_known_by_its_octets(text: str) -> None:
    assert encrypted(message(text))
    assert not signed(message(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Subject: x\n\nhello\n", id="plain"),
        pytest.param(MIME + base64.b64encode(b"the numbers").decode(), id="label-alone"),
        pytest.param(MIME + SIGNED, id="signed"),
        pytest.param(multipart("mixed", MIME + ENVELOPED, "\nhello"), id="beside-text"),
        pytest.param(multipart("encrypted", CONTROL, OCTETS + "hello"), id="pgp-mime-label"),
        pytest.param(multipart("encrypted", CONTROL, OCTETS + PGP, "\nhello"), id="pgp-mime-more"),
        pytest.param(TEXT + "hello\n" + PGP, id="inline-text-before"),
        pytest.param(TEXT + PGP + "the numbers\n", id="inline-text-behind"),
        pytest.param(TEXT + PGP + PGP, id="inline-twice"),
        pytest.param(TEXT + PGP_SIGNED_ONLY, id="inline-not-encrypted"),
        pytest.param(TEXT + PGP.replace("\n\n", "\nNumbers: 1 2 3\n\n"), id="inline-text-in-armor"),
        pytest.param(TEXT + PGP.replace("=abcd", "the numbers"), id="inline-text-inside"),
        pytest.param(multipart("mixed", TEXT + PGP, "Content-Type: image/png\n\nx"), id="inline-attachment"),
        pytest.param("Content-Type: text/html\n\n" + PGP, id="inline-html"),
    ],
)
def test_not_encrypted_is_what_somebody_else_can_read(text: str) -> None:
    assert not encrypted(message(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            multipart(
                "signed",
                "\nhello",
                f"Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n{SIGNED}",
            ),
            True,
            id="smime",
        ),
        pytest.param(
            multipart(
                "signed",
                "\nhello",
                "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n\nx\n",
            ),
            True,
            id="pgp",
        ),
        pytest.param(MIME + SIGNED, True, id="opaque"),
        pytest.param(
            multipart("signed", "\nhello", "Content-Type: application/pkcs7-signature\n\nnothing"),
            False,
            id="label",
        ),
        pytest.param(
            multipart(
                "signed",
                "\nhello",
                "\nmore",
                "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n\nx\n",
            ),
            False,
            id="three-parts",
        ),
        pytest.param("Subject: x\n\nhello\n", False, id="plain"),
    ],
)
def test_signed_is_known_by_its_octets(text: str, expected: bool) -> None:
    assert signed(message(text)) is expected


def test_encrypted_knows_what_gpg_writes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    home = ["--homedir", str(tmp_path)]
    options = ["--batch", "--no-tty", "--passphrase", "x", "--pinentry-mode", "loopback", "--armor"]
    try:
        done = subprocess.run(
            ["gpg", *home, *options, "--symmetric"], input=b"the numbers", capture_output=True, check=True
        )
    finally:
        subprocess.run(["gpgconf", *home, "--kill", "gpg-agent"], check=True)

    assert encrypted(message(TEXT + done.stdout.decode()))
