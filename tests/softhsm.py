"""A private token of SoftHSM below a directory: `with SoftHsm(tmp_path) as hsm: hsm.uri("ann")`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from postseal.pkcs11_uri import Pkcs11Uri, parse
from postseal.sealed import cryptoki

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, LABEL = "s3cr3t-42", "mail"

_IMPORT = """
import sys
import pkcs11
from pkcs11.util import ec, rsa
library, label, pin, name, kind, private, public = sys.argv[1:]
private, public = bytes.fromhex(private), bytes.fromhex(public)
store = {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: name, pkcs11.Attribute.ID: name.encode()}
secret = store | {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False,
                  pkcs11.Attribute.PRIVATE: True, pkcs11.Attribute.SIGN: True}
with pkcs11.lib(library).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    if kind == "rsa":
        session.create_object(rsa.decode_rsa_private_key(private) | secret | {pkcs11.Attribute.DECRYPT: True})
    else:
        session.create_object(ec.decode_ec_private_key(private) | secret | {pkcs11.Attribute.DERIVE: True})
        session.create_object(ec.decode_ec_public_key(public) | store)
"""


def close() -> None:
    """End the sessions of this process; the next one reads the configuration anew."""
    cryptoki.pause()
    cryptoki.resume()


def installed() -> bool:
    return LIBRARY.exists() and shutil.which("softhsm2-util") is not None


class SoftHsm:
    """*directory*: where the token is kept, and its PIN in the file `pin`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tokens, self._away = directory / "tokens", directory / "away"
        self.pin = directory / "pin"
        self._before = os.environ.get("SOFTHSM2_CONF")

    def __enter__(self) -> Self:
        self.tokens.mkdir()
        configuration = self.directory / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\n")
        self.pin.touch(mode=0o600)
        self.pin.write_text(f"{PIN}\n")
        close()
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN]
        subprocess.run([*command, "--so-pin", "12345678"], check=True, capture_output=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        close()
        if self._before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = self._before

    def uri(self, name: str) -> str:
        """The key *name*, as the settings write it."""
        return f"pkcs11:token={LABEL};object={name}?module-path={LIBRARY}&pin-source=file:{self.pin}"

    def parsed(self, name: str) -> Pkcs11Uri:
        """The key *name*, as the settings read it."""
        return parse(self.uri(name))

    def put(self, name: str, key: object) -> None:
        """Put *key* on the token, by a process of its own, as an administrator would."""
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        private = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        kind = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ec"
        words = [str(LIBRARY), LABEL, PIN, name, kind, private.hex(), public.hex()]
        subprocess.run([sys.executable, "-c", _IMPORT, *words], check=True, capture_output=True)

    def remove(self) -> None:
        """The token is gone."""
        self.tokens.rename(self._away)
        self.tokens.mkdir()

    def insert(self) -> None:
        """It is back."""
        self.tokens.rmdir()
        self._away.rename(self.tokens)
