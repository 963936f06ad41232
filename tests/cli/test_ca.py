"""`postseal ca`: what it makes is judged by openssl and by our own trust."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from postseal.cli.main import main
from postseal.settings.smime import Revocation
from postseal.trust import anchors, crl
from postseal.trust.crl import Crl
from postseal.trust.trust import NothingKnown, Trust, Use

ANN = "ann@example.com"


class Authority:
    """A folder with passphrases, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = folder / "ca"
        (folder / "secret").write_text("correct horse\n")

    def run(self, *words: str, code: int = 0) -> str:
        options = ["--directory", str(self.directory)]
        if words[0] in {"init", "issue", "crl"}:
            options += ["--passphrase-file", str(self.folder / "secret")]
        done = CliRunner().invoke(main, ["ca", words[0], *options, *words[1:]])
        assert done.exit_code == code, done.output + done.stderr
        return done.output + done.stderr

    def issue(self, *words: str) -> x509.Certificate:
        out = self.folder / f"{len(list(self.folder.iterdir()))}.p12"
        secret = str(self.folder / "secret")
        self.run("issue", *words, "--out", str(out), "--p12-passphrase-file", secret)
        bundle = pkcs12.load_pkcs12(out.read_bytes(), b"correct horse")
        assert bundle.cert
        assert out.stat().st_mode & 0o777 == 0o600
        assert bundle.key
        assert bundle.key.public_key() == bundle.cert.certificate.public_key()
        return bundle.cert.certificate

    def crl(self) -> bytes:
        self.run("crl", "--out", str(self.folder / "list.crl"))
        return (self.folder / "list.crl").read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.run("init", "--name", "Example Mail CA", "--domain", "example.com")
    return authority


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


class Lists(NothingKnown):
    def __init__(self, octets: bytes) -> None:
        self.known = [crl.load(octets)]

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[Crl]:
        return self.known


def rule(made: Authority, certificate: x509.Certificate, use: Use = Use.ENCRYPT) -> str | None:
    at = datetime.now(UTC)
    trust = Trust(anchors.load(made.directory, at), Revocation.HARD, Lists(made.crl()))
    return trust.judge(certificate, at=at, use=use, owner=ANN).rule


@pytest.mark.parametrize("purpose", ["smimesign", "smimeencrypt"])
def test_issued_certificate_is_good_for_openssl(made: Authority, tmp_path: Path, purpose: str) -> None:
    certificate = made.issue(ANN, "--name", "Ann", "--list-url", "http://crl.example.com/ca.crl")
    (tmp_path / "ann.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    root, file = str(made.directory / "root.pem"), str(tmp_path / "ann.pem")
    judged = tool(
        "openssl", "verify", "-x509_strict", "-purpose", purpose, "-verify_email", ANN, "-CAfile", root, file
    )

    assert judged.returncode == 0, judged.stderr
    assert crl.addresses(certificate) == ("http://crl.example.com/ca.crl",)


def test_issued_certificate_and_its_file_are_good_for_thunderbirds_library(
    made: Authority, tmp_path: Path
) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("no certutil: contrib/install-tools installs it")
    made.issue(ANN, "--name", "Ann")
    bundle = str(max(made.folder.glob("*.p12"), key=lambda file: file.stat().st_mtime_ns))
    database, root = f"sql:{tmp_path}", str(made.directory / "root.pem")
    for words in (
        ("certutil", "-N", "-d", database, "--empty-password"),
        ("certutil", "-A", "-d", database, "-n", "root", "-t", ",C,", "-i", root),
        ("pk12util", "-d", database, "-i", bundle, "-w", str(made.folder / "secret")),
        ("certutil", "-V", "-d", database, "-n", "Ann", "-u", "S"),
        ("certutil", "-V", "-d", database, "-n", "Ann", "-u", "R"),
    ):
        done = tool(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def test_issued_certificate_is_believed_until_it_is_revoked(made: Authority) -> None:
    certificate = made.issue(ANN)
    assert rule(made, certificate) is None
    assert rule(made, certificate, Use.VERIFY) is None

    made.run("revoke", ANN)

    assert rule(made, certificate) == "revoked"
    assert "revoked" in made.run("list")
    assert rule(made, made.issue(ANN)) is None


def test_lists_are_numbered_and_judged_good_by_openssl(made: Authority) -> None:
    numbers = [crl.load(made.crl()).number for _ in range(2)]

    assert numbers[1] == numbers[0] + 1
    file, root = str(made.folder / "list.crl"), str(made.directory / "root.pem")
    judged = tool("openssl", "crl", "-inform", "DER", "-in", file, "-CAfile", root, "-noout")
    assert "verify OK" in judged.stderr + judged.stdout


def test_authority_for_a_domain_is_believed_for_no_other(made: Authority) -> None:
    at = datetime.now(UTC)
    stranger = made.issue("ann@example.net")
    trust = Trust(anchors.load(made.directory, at), Revocation.OFF)

    assert trust.judge(stranger, at=at, use=Use.ENCRYPT).rule == "constraint"


def test_local_part_beyond_ascii_is_certified(made: Authority) -> None:
    at = datetime.now(UTC)
    certificate = made.issue("jürgen@example.com")
    trust = Trust(anchors.load(made.directory, at), Revocation.OFF)

    assert trust.judge(certificate, at=at, use=Use.ENCRYPT, owner="jürgen@example.com").rule is None


def test_request_made_elsewhere_is_certified(made: Authority, tmp_path: Path) -> None:
    request, out = tmp_path / "ann.csr", tmp_path / "ann.pem"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=whatever"]
    assert not tool(
        "openssl", "req", "-new", *new, "-keyout", str(tmp_path / "k"), "-out", str(request)
    ).returncode

    made.run("issue", ANN, "--csr", str(request), "--out", str(out))

    assert rule(made, x509.load_pem_x509_certificate(out.read_bytes())) is None
    made.run("issue", ANN, "--csr", str(request), "--out", str(out), code=1)  # it exists


def test_key_of_the_authority_lies_encrypted_and_closed_to_others(made: Authority) -> None:
    file = made.directory / "root.key"

    assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o400
    assert made.directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("init", "--name", "x"), "there is an authority already"),
        (("issue", "nobody", "--out", "x.p12"), "is no mail address"),
        (("revoke", "zoe@example.com"), "no such certificate was issued"),
    ],
)
def test_what_cannot_be_done_is_told(made: Authority, words: tuple[str, ...], said: str) -> None:
    assert said in made.run(*words, code=1)


def test_wrong_passphrase_is_told(made: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    other.directory = made.directory
    (tmp_path / "secret").write_text("wrong")

    assert "the passphrase does not open the key" in other.run("crl", "--out", str(tmp_path / "l"), code=1)


def test_no_authority_is_told(tmp_path: Path) -> None:
    assert "there is no authority" in Authority(tmp_path).run("list", code=1)
