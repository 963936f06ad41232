"""Bouncy Castle, through a small Java program that stays and answers."""

import base64
import subprocess
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.pki import Person
from interop_lab.peer import must

_CLASSES = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil"))
_ENCRYPT = {
    "RSA v1.5, AES-128-CBC": "rsa",
    "RSA v1.5, AES-256-CBC": "rsa",
    "RSA v1.5, AES-256-CBC, key identifier": "rsa",
    "RSA OAEP SHA-256, AES-256-CBC": "rsa",
    "RSA v1.5, AES-256-GCM": "rsa",
    "RSA OAEP SHA-256, AES-256-GCM": "rsa",
    "RSA v1.5, 3DES": "rsa",
    "RSA v1.5, AES-256-GCM in EnvelopedData": "rsa",
    "P-256 SHA-1 KDF, AES-256-CBC": "p256",
    "P-256 SHA-256 KDF, AES-256-CBC": "p256",
    "P-256 SHA-256 KDF, AES-256-GCM": "p256",
    "P-256 cofactor DH, AES-256-CBC": "p256",
    "P-384 SHA-384 KDF, AES-256-CBC": "p384",
    "P-521 SHA-512 KDF, AES-256-CBC": "p521",
}
_SIGN = {
    "RSA v1.5": "rsa",
    "RSA v1.5, around": "rsa",
    "RSA PSS": "rsa",
    "P-256": "p256",
    "P-384, around": "p384",
    "P-521": "p521",
    "Ed25519": "ed25519",
}


class BouncyCastle:
    """Debian's Bouncy Castle; it checks no chains here, and no key agreement with GCM, which it lacks."""

    name: Final = "Bouncy Castle"
    makes: Final = (
        {f"encrypted: {what}": ("encrypt", kind) for what, kind in _ENCRYPT.items()}
        | {f"signed: {what}": ("sign", kind) for what, kind in _SIGN.items()}
        | {"compressed": ("compress", "rsa")}
    )

    def __init__(self, place: Path) -> None:
        source = Path(__file__).with_name("Driver.java")
        command = ["ecj", "-17", "-nowarn", "-proc:none", "-cp", _CLASSES, "-d", str(place), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        java = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{_CLASSES}:{place}", "Driver"]
        pipe = subprocess.PIPE
        self._java = subprocess.Popen(java, stdin=pipe, stdout=pipe, text=True)

    def close(self) -> None:
        """Let the program end."""
        assert self._java.stdin
        assert self._java.stdout
        self._java.stdin.close()
        self._java.wait(60)
        self._java.stdout.close()

    @property
    def version(self) -> str:
        return must(self._asked("version")).decode()

    def decrypts(self, octets: bytes, person: Person) -> bytes | None:
        return self._asked("decrypt", octets, _key(person), _certificate(person))

    def verifies(self, octets: bytes, content: bytes | None) -> bool:
        return self._asked("verify", octets, content) is not None

    def decompresses(self, octets: bytes) -> bytes | None:
        """The content of a CompressedData."""
        return self._asked("decompress", octets)

    def made(self, what: str, content: bytes, person: Person) -> bytes:
        verb, _, rest = what.partition(": ")
        if verb == "compressed":
            return must(self._asked("compress", content))
        own = [_certificate(person)] if verb == "encrypted" else [_key(person), _certificate(person)]
        verb = "encrypt" if verb == "encrypted" else "sign"
        return must(self._asked(verb, rest.encode(), content, *own), what)

    def _asked(self, verb: str, *fields: bytes | None) -> bytes | None:
        assert self._java.stdin
        assert self._java.stdout
        words = ("-" if field is None else base64.b64encode(field).decode() for field in fields)
        self._java.stdin.write(" ".join([verb, *words]) + "\n")
        self._java.stdin.flush()
        answer = self._java.stdout.readline().rstrip("\n")
        self.reason = answer
        word, _, rest = answer.partition(" ")
        return base64.b64decode(rest) if word == "ok" else None


def _key(person: Person) -> bytes:
    return person.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _certificate(person: Person) -> bytes:
    return person.certificate.public_bytes(Encoding.DER)
