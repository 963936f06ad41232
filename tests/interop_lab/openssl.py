"""`openssl cms`."""

from pathlib import Path
from typing import Final

from demo.pki import Person, pem
from interop_lab.peer import must, output, run, words
from smime_lab import ROOT

_ENCRYPT = {
    "RSA v1.5, AES-128-CBC": ("rsa", "-aes128"),
    "RSA v1.5, AES-256-CBC": ("rsa", "-aes256"),
    "RSA v1.5, AES-192-CBC": ("rsa", "-aes192"),
    "RSA v1.5, AES-256-CBC, streamed": ("rsa", "-aes256 -stream"),
    "RSA v1.5, AES-256-CBC, key identifier": ("rsa", "-aes256 -keyid"),
    "RSA OAEP SHA-1, AES-256-CBC": ("rsa", "-aes256 -keyopt rsa_padding_mode:oaep"),
    "RSA OAEP SHA-256, AES-256-CBC": (
        "rsa",
        "-aes256 -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha256",
    ),
    "RSA v1.5, AES-256-GCM": ("rsa", "-aes-256-gcm"),
    "RSA v1.5, 3DES": ("rsa", "-des3"),
    "RSA v1.5, RC2": ("rsa", "-rc2-128 -provider legacy -provider default"),
    "P-256 SHA-1 KDF, AES-256-CBC": ("p256", "-aes256"),
    "P-256 SHA-256 KDF, AES-128-CBC": ("p256", "-aes128 -keyopt ecdh_kdf_md:sha256"),
    "P-256 cofactor DH, AES-256-CBC": ("p256", "-aes256 -keyopt ecdh_cofactor_mode:1"),
    "P-256 SHA-1 KDF, AES-256-GCM": ("p256", "-aes-256-gcm"),
    "P-384 SHA-384 KDF, AES-256-CBC": ("p384", "-aes256 -keyopt ecdh_kdf_md:sha384"),
    "P-521 SHA-512 KDF, AES-256-CBC": ("p521", "-aes256 -keyopt ecdh_kdf_md:sha512"),
}
_SIGN = {
    "RSA v1.5": ("rsa", "-binary"),
    "RSA v1.5, around, streamed": ("rsa", "-binary -nodetach -stream"),
    "RSA v1.5, key identifier": ("rsa", "-binary -keyid"),
    "RSA PSS": ("rsa", "-binary -keyopt rsa_padding_mode:pss"),
    "RSA PSS, CAdES": ("rsa", "-binary -cades -keyopt rsa_padding_mode:pss"),
    "P-256": ("p256", "-binary"),
    "P-256, key identifier, around": ("p256", "-binary -keyid -nodetach"),
    "P-384 SHA-384": ("p384", "-binary -md sha384"),
    "P-521 SHA-512": ("p521", "-binary -md sha512"),
}


class Openssl:
    """The openssl of the PATH."""

    name: Final = "OpenSSL"
    makes: Final = {f"encrypted: {what}": ("encrypt", kind) for what, (kind, _) in _ENCRYPT.items()} | {
        f"signed: {what}": ("sign", kind) for what, (kind, _) in _SIGN.items()
    }

    def __init__(self, place: Path) -> None:
        self._place = place
        (place / "root.pem").write_bytes(pem(ROOT.certificate))

    @property
    def version(self) -> str:
        return must(run("openssl", "version", place=self._place)).decode().split()[1]

    def decrypts(self, octets: bytes, person: Person) -> bytes | None:
        self._write(person)
        (self._place / "in").write_bytes(octets)
        command = "openssl cms -decrypt -inform DER -binary -in in -inkey key -recip certificate -out out"
        return output(self._place, "out", run(*words(command), place=self._place))

    def verifies(self, octets: bytes, content: bytes | None) -> bool:
        (self._place / "in").write_bytes(octets)
        command = (
            "openssl cms -verify -inform DER -binary -in in -CAfile root.pem -purpose smimesign -out out"
        )
        if content is not None:
            (self._place / "content").write_bytes(content)
            command += " -content content"
        return output(self._place, "out", run(*words(command), place=self._place)) is not None

    def made(self, what: str, content: bytes, person: Person) -> bytes:
        self._write(person)
        (self._place / "content").write_bytes(content)
        verb, _, rest = what.partition(": ")
        if verb == "encrypted":
            # Options of a recipient stand behind him.
            options = words(_ENCRYPT[rest][1])
            own = [
                word for at, word in enumerate(options) if "-keyopt" in (word, options[at - 1] if at else "")
            ]
            common = [word for word in options if word not in own]
            command = [*words("openssl cms -encrypt -binary -outform DER -in content -out out"), *common]
            command += ["-recip", "certificate", *own]
        else:
            command = [*words("openssl cms -sign -outform DER -in content -out out -signer certificate")]
            command += ["-inkey", "key", *words(_SIGN[rest][1])]
        return must(output(self._place, "out", run(*command, place=self._place)), what)

    def _write(self, person: Person) -> None:
        (self._place / "key").write_bytes(person.key_pem)
        (self._place / "certificate").write_bytes(person.pem)
