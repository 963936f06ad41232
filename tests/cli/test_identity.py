"""`postseal identity`: keys from PKCS #12 and PEM, sealed on disk, used by the daemon's loading."""

import json
import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs12

from demo.pki import Authority, pem
from postseal.certificates import decryption, identity, private_key
from postseal.cli.main import main
from postseal.errors import BadInput, Place
from postseal.sealed import keyfile
from postseal.settings.smime import Decryption, Identity

ROOT = Authority.root()
ANN = ROOT.intermediate().issue("ann@example.com")
NOW = datetime.now(UTC)


class Bench:
    """Settings, master keys, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        keyfile.create(folder / "master.keys", NOW)
        self.settings = folder / "postseal.yaml"
        self.settings.write_text(f"ome: {{master_keys: 'file:{folder}/master.keys'}}\n")
        (folder / "secret").write_text("correct horse\n")

    def run(self, *words: str, code: int = 0, typed: str | None = None) -> str:
        command = ["identity", words[0], "--settings", str(self.settings), *words[1:]]
        done = CliRunner().invoke(main, command, input=typed)
        assert done.exit_code == code, done.output + done.stderr
        return done.output + done.stderr

    def masters(self) -> keyfile.FileKeys:
        return keyfile.FileKeys(self.folder / "master.keys")

    def file(self, form: str) -> str:
        secret = b"correct horse"
        assert not isinstance(ANN.key, ed25519.Ed25519PrivateKey)
        if form == "pem":
            octets = ANN.key_pem + pem(*ANN.chain)
        elif form == "encrypted pem":
            sealed = serialization.BestAvailableEncryption(secret)
            forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
            octets = ANN.key.private_bytes(*forms, sealed) + pem(*ANN.chain)
        else:
            sealed = serialization.BestAvailableEncryption(secret)
            octets = pkcs12.serialize_key_and_certificates(
                b"x", ANN.key, ANN.certificate, ANN.chain[1:], sealed
            )
        (self.folder / "ann.in").write_bytes(octets)
        return str(self.folder / "ann.in")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("form", ["pem", "encrypted pem", "pkcs12"])
def test_imported_key_signs_and_opens_and_lies_sealed(bench: Bench, form: str) -> None:
    out = bench.folder / "ann"

    options = [] if form == "pem" else ["--passphrase-file", str(bench.folder / "secret")]
    said = bench.run("import", bench.file(form), *options, "--out", str(out))

    assert "senders: [ann@example.com]" in said
    assert "recipients: [ann@example.com]" in said
    key = out.with_suffix(".key")
    assert key.stat().st_mode & 0o777 == 0o400
    assert b"BEGIN POSTSEAL SEALED KEY" in key.read_bytes()
    signers = identity.load(
        [Identity(("ann@example.com",), out.with_suffix(".pem"), key)], NOW, bench.masters
    )
    found = signers.of("ann@example.com", NOW)
    assert found
    assert found.chain == ANN.chain
    assert found.key.private_numbers() == ANN.key.private_numbers()  # type: ignore[union-attr] # RSA
    named = Decryption(
        recipients=("ann@example.com",), certificate=out.with_suffix(".pem"), key=key, place=Place("x")
    )
    assert decryption.load([named], bench.masters).belongs(ANN.certificate, "ann@example.com")


def test_passphrase_is_asked_for_where_the_file_needs_one(bench: Bench) -> None:
    bench.run("import", bench.file("pkcs12"), "--out", str(bench.folder / "ann"), typed="correct horse\n")
    bench.run("import", bench.file("pkcs12"), "--out", str(bench.folder / "bob"), typed="wrong\n", code=1)

    assert (bench.folder / "ann.key").exists()
    assert not (bench.folder / "bob.key").exists()


@pytest.mark.parametrize("change", ["sealed", "wrapped", "public", "master"])
def test_sealed_key_that_was_changed_does_not_open(bench: Bench, change: str) -> None:
    bench.run("import", bench.file("pem"), "--out", str(bench.folder / "ann"))
    file = bench.folder / "ann.key"
    parts = json.loads(b64decode("".join(file.read_text().split("\n")[1:-2])))
    if change in {"sealed", "wrapped"}:
        octets = bytearray(b64decode(parts[change]))
        octets[-1] ^= 1
        parts[change] = b64encode(octets).decode()
    else:
        parts[change] = "00" * 32 if change == "public" else "other"
    file.chmod(0o600)
    head, tail = "-----BEGIN POSTSEAL SEALED KEY-----", "-----END POSTSEAL SEALED KEY-----"
    file.write_text(f"{head}\n{b64encode(json.dumps(parts).encode()).decode()}\n{tail}\n")
    named = Identity(("ann@example.com",), bench.folder / "ann.pem", file)

    with pytest.raises(BadInput, match="cannot be opened"):
        identity.load([named], NOW, bench.masters)


def test_sealed_key_under_other_master_keys_does_not_open(bench: Bench, tmp_path: Path) -> None:
    bench.run("import", bench.file("pem"), "--out", str(bench.folder / "ann"))
    other = keyfile.FileKeys
    keyfile.create(tmp_path / "other" / "master.keys", datetime(2020, 1, 1, tzinfo=UTC))
    named = Identity(("ann@example.com",), bench.folder / "ann.pem", bench.folder / "ann.key")

    with pytest.raises(BadInput, match="there is no master key"):
        identity.load([named], NOW, lambda: other(tmp_path / "other" / "master.keys"))


def test_key_stays_open_after_a_rotation_and_its_master_key_is_not_retired(bench: Bench) -> None:
    bench.run("import", bench.file("pem"), "--out", str(bench.folder / "ann"))
    first = bench.masters().current
    keyfile.add(bench.folder / "master.keys", NOW)
    names = f"senders: [ann@example.com], certificate: {bench.folder}/ann.pem, key: {bench.folder}/ann.key"
    store = f"store: sqlite:///{bench.folder}/store/store.sqlite\n"
    bench.settings.write_text(f"{bench.settings.read_text()}{store}smime: {{identities: [{{{names}}}]}}\n")
    retired = CliRunner().invoke(main, ["keys", "retire", "--settings", str(bench.settings)])
    assert retired.exit_code == 0, retired.output + retired.stderr
    assert first in bench.masters().names
    named = Identity(("ann@example.com",), bench.folder / "ann.pem", bench.folder / "ann.key")

    assert identity.load([named], NOW, bench.masters).of("ann@example.com", NOW)


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "ed25519"])
def test_request_is_good_for_openssl_and_its_certificate_completes_the_identity(
    bench: Bench, kind: str
) -> None:
    out = bench.folder / "ann"
    bench.run("csr", "ann@example.com", "--kind", kind, "--out", str(out))

    judged = subprocess.run(
        ["openssl", "req", "-verify", "-noout", "-in", f"{out}.csr"], capture_output=True, check=False
    )
    assert b"OK" in judged.stderr + judged.stdout

    key, _ = private_key.load(out.with_suffix(".key"), bench.masters)
    ann = ROOT.issue("ann@example.com", key=key, usage={"digital_signature"})  # type: ignore[arg-type] # it signs
    out.with_suffix(".pem").write_bytes(pem(*ann.chain))
    named = Identity(("ann@example.com",), out.with_suffix(".pem"), out.with_suffix(".key"))
    found = identity.load([named], NOW, bench.masters).of("ann@example.com", NOW)
    assert found
    assert found.chain == ann.chain


def test_list_tells_when_identities_end(bench: Bench) -> None:
    bench.run("import", bench.file("pem"), "--out", str(bench.folder / "ann"))
    names = f"senders: [ann@example.com], certificate: {bench.folder}/ann.pem, key: {bench.folder}/ann.key"
    bench.settings.write_text(bench.settings.read_text() + f"smime: {{identities: [{{{names}}}]}}\n")

    assert "days left  ann@example.com" in bench.run("list")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"junk", "cannot be imported"),
        (ANN.key_pem, "cannot be imported"),
        (ANN.pem, "cannot be imported"),
    ],
    ids=["junk", "key alone", "certificate alone"],
)
def test_file_that_cannot_be_imported_is_told(bench: Bench, content: bytes, said: str) -> None:
    (bench.folder / "bad").write_bytes(content)

    told = bench.run(
        "import", str(bench.folder / "bad"), "--out", str(bench.folder / "x"), code=1, typed="x\n"
    )

    assert said in told
    assert not (bench.folder / "x.key").exists()
