"""Encrypts and signs as the daemon does, beside cryptography's PKCS7 builders and `openssl cms`.

    PYTHONPATH=contrib python benchmarks/smime.py [--seconds S] [--mebibytes N]

Prints rates and ratios of the same run; ratios are what can be compared between machines.  At 10 KiB every
message is made whole, MIME and base64 included, and both sides take turns.  Beside signatures stands what
the key's own operation costs, which nobody can save: the "limit" is the ratio of one who does nothing
else.  At 50 MiB both sides read a file and write one, each in a process of its own; ours is timed inside,
without Python's start, as the daemon pays it once.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import pkcs7

from demo.pki import Authority, Person
from postseal.body import Body, Spool
from postseal.cms import encoding
from postseal.cms.enveloped import enveloped
from postseal.cms.recipient import recipient_key
from postseal.cms.signed import Signer, detached
from postseal.message import Header, Message

LINE = b"All work and no play makes Jack a dull boy. 0123456789 abcdefghijk\r\n"
ENTITY = b"Content-Type: text/plain\r\n\r\n" + LINE * ((10 << 10) // len(LINE) + 1)
AT = datetime.now(UTC)

LARGE = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from postseal.cms import encoding
from postseal.cms.enveloped import enveloped
from postseal.cms.recipient import recipient_key
from postseal.cms.signed import Signer, detached

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

def pieces():
    with open("large", "rb", buffering=0) as file:
        while piece := file.read(1 << 16):
            yield piece

certificate = x509.load_pem_x509_certificate(Path("certificate.pem").read_bytes())
key = load_pem_private_key(Path("key.pem").read_bytes(), None)
signer = Signer.of((certificate,), key)
size = Path("large").stat().st_size
b"".join(encoding.to_base64(enveloped([b"x"], 1, recipients=[recipient_key(certificate)])))
detached([b"x"], signers=[signer], at=datetime.now(UTC))
before, begin = peak(), time.process_time()
with open("sealed", "wb", buffering=0) as file:
    if sys.argv[1] == "encrypt":
        for piece in encoding.to_base64(enveloped(pieces(), size, recipients=[recipient_key(certificate)])):
            file.write(piece)
    else:
        signature = detached(pieces(), signers=[signer], at=datetime.now(UTC))
        for piece in pieces():
            file.write(piece)
        for piece in encoding.to_base64([signature]):
            file.write(piece)
print(time.process_time() - begin, (peak() - before) / 1024)
"""


TURNS = 20


def rates(works: list[Callable[[], object]], seconds: float) -> list[float]:
    """How often each of *works* can be done in a second of CPU: the median of turns, under the same load."""
    for work in works:
        work()
    turns: list[list[float]] = [[] for _ in works]
    for _ in range(TURNS):
        for work, found in zip(works, turns, strict=True):
            begin, number = time.process_time(), 0
            while (taken := time.process_time() - begin) < seconds / TURNS:
                work()
                number += 1
            found.append(number / taken)
    return [statistics.median(found) for found in turns]


def sealed(person: Person, cipher: str) -> bytes:
    draft = Spool().draft()
    keys = [recipient_key(person.certificate)]
    for piece in encoding.to_base64(enveloped([ENTITY], len(ENTITY), recipients=keys, cipher=cipher)):
        draft.write(piece)
    return b"".join(Message((Header.of("Content-Type", "application/pkcs7-mime"),), draft.body()).pieces())


def builder_sealed(person: Person) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(ENTITY).add_recipient(person.certificate)
    return builder.set_content_encryption_algorithm(AES256).encrypt(
        serialization.Encoding.SMIME, [pkcs7.PKCS7Options.Binary]
    )


def signed(signer: Signer) -> bytes:
    signature = detached([ENTITY], signers=[signer], at=AT)
    body = b"--b\r\n" + ENTITY + b"\r\n--b\r\n" + b"".join(encoding.to_base64([signature])) + b"--b--\r\n"
    return b"".join(Message((Header.of("Content-Type", "multipart/signed"),), Body.of(body)).pieces())


def builder_signed(person: Person) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(ENTITY)
    builder = builder.add_signer(person.certificate, person.key, hashes.SHA256())  # type: ignore[arg-type]  # it signs
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.SMIME, options)


def small(root: Authority, seconds: float) -> None:
    print(f"{len(ENTITY) >> 10} KiB, messages for each second of CPU")
    print(f"{'':34}{'ours':>10}{'builders':>10}{'ratio':>8}{'key alone':>12}{'limit':>8}")
    rsa, p256 = (root.issue(f"{kind}@example.com", kind=kind) for kind in ("rsa", "p256"))
    signers = [Signer.of(person.chain, person.key) for person in (rsa, p256)]
    digest = b"d" * 32

    def key_alone(person: Person) -> Callable[[], object]:
        key = person.key
        if isinstance(key, RSAPrivateKey):
            return lambda: key.sign(digest, PKCS1v15(), hashes.SHA256())
        assert isinstance(key, EllipticCurvePrivateKey)
        return lambda: key.sign(digest, ECDSA(hashes.SHA256()))

    alone = {"sign, RSA-2048": key_alone(rsa), "sign, P-256": key_alone(p256)}
    rows: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        ("encrypt, RSA-2048, AES-256-CBC", lambda: sealed(rsa, "aes-256-cbc"), lambda: builder_sealed(rsa)),
        ("encrypt, RSA-2048, AES-256-GCM", lambda: sealed(rsa, "aes-256-gcm"), None),
        ("encrypt, P-256, AES-256-CBC", lambda: sealed(p256, "aes-256-cbc"), None),
        ("sign, RSA-2048", lambda: signed(signers[0]), lambda: builder_signed(rsa)),
        ("sign, P-256", lambda: signed(signers[1]), lambda: builder_signed(p256)),
    ]
    for name, ours, theirs in rows:
        found, *others = rates([ours, *filter(None, [theirs, alone.get(name)])], seconds)
        if not others:
            print(f"{name:34}{found:10.0f}{'cannot':>10}")
            continue
        beside, *key = others
        limit = f"{key[0]:12.0f}{key[0] / beside:8.1f}" if key else ""
        print(f"{name:34}{found:10.0f}{beside:10.0f}{found / beside:8.2f}{limit}")


def large(root: Authority, mebibytes: int) -> None:
    print(f"\n{mebibytes} MiB, file to file, seconds of CPU; the best of five")
    print(f"{'':34}{'ours':>10}{'openssl':>10}{'ratio':>8}{'our memory':>14}")
    person = root.issue("rsa@example.com")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "certificate.pem").write_bytes(person.pem)
        (place / "key.pem").write_bytes(person.key_pem)
        with (place / "large").open("wb") as file:
            for _ in range(mebibytes):
                file.write(LINE * ((1 << 20) // len(LINE)))
        commands = {
            "encrypt": "openssl cms -encrypt -stream -binary -aes256 -in large -out theirs certificate.pem",
            "sign": "openssl cms -sign -stream -binary -in large -out theirs"
            " -signer certificate.pem -inkey key.pem",
        }
        for verb, command in commands.items():
            ours, theirs, memory = [], [], 0.0
            for _ in range(5):
                begin = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command.split(), cwd=place, check=True)
                end = resource.getrusage(resource.RUSAGE_CHILDREN)
                theirs.append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
                done = subprocess.run(
                    [sys.executable, "-c", LARGE, verb], cwd=place, check=True, capture_output=True
                )
                taken, grown = map(float, done.stdout.split())
                ours.append(taken)
                memory = max(memory, grown)
            best, beside = min(ours), min(theirs)
            print(f"{verb:34}{best:10.2f}{beside:10.2f}{best / beside:8.2f}{memory:10.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--mebibytes", type=int, default=50)
    options = parser.parse_args()
    root = Authority.root()
    small(root, options.seconds)
    large(root, options.mebibytes)


if __name__ == "__main__":
    main()
