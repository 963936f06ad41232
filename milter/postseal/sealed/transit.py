"""Master keys on a server with the API of Vault's transit engine (also OpenBao's): they never leave it.

The context goes along as associated data, so the key must be of a type with it: aes256-gcm96.  Each wrap
and each unwrap is one request; what does not answer within the timeout is Failure(KEYS), and the mail
waits with the MTA.  Connections are not kept: a request is a message sealed or opened.
"""

import base64
import http.client
import json
import re
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from postseal.errors import Cause, Failure
from postseal.sealed.container import KEY_OCTETS
from postseal.sealed.master import NAME_CHARACTERS, Wrapped
from postseal.settings.ome import Transit

_LONGEST: Final = 1 << 20
_CIPHERTEXT: Final = re.compile(r"vault:v([0-9]{1,9}):[A-Za-z0-9+/=]{20,2000}")


class TransitKeys:
    """The key *url*, `https://HOST:PORT/v1/MOUNT/KEY`."""

    def __init__(self, url: str, settings: Transit) -> None:
        parts = urlsplit(url)
        mount, _, self._key = parts.path.rpartition("/")
        self._mount = mount
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._settings = settings

    @property
    def current(self) -> str:
        """The name of the newest version of the key."""
        version = self._ask("GET", "keys").get("latest_version")
        if not isinstance(version, int):
            raise _failure("the answer names no version of the key")
        return self._name(version)

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """*key*, wrapped by the newest version; the octets are the server's own text."""
        asked = {"plaintext": _text(key), "associated_data": _text(context)}
        ciphertext = self._ask("POST", "encrypt", asked).get("ciphertext")
        version = _CIPHERTEXT.fullmatch(ciphertext) if isinstance(ciphertext, str) else None
        if version is None:
            raise _failure("the answer is no ciphertext")
        return Wrapped(self._name(int(version[1])), version[0].encode("ascii"))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key in *wrapped*."""
        asked = {"ciphertext": wrapped.octets.decode("ascii", "replace"), "associated_data": _text(context)}
        plaintext = self._ask("POST", "decrypt", asked).get("plaintext")
        try:
            key = base64.b64decode(plaintext, validate=True) if isinstance(plaintext, str) else b""
        except ValueError:
            key = b""
        if len(key) != KEY_OCTETS:
            raise _failure("the answer is no key")
        return key

    def _name(self, version: int) -> str:
        return f"{self._key}.v{version}"[-NAME_CHARACTERS:]

    def _ask(self, method: str, verb: str, body: dict[str, str] | None = None) -> dict[str, object]:
        headers = {"Accept": "application/json", "X-Vault-Request": "true"}
        if body:
            headers["Content-Type"] = "application/json"
        try:
            if self._settings.token_file:
                headers["X-Vault-Token"] = _token(self._settings.token_file)
            connection = self._connection()
            try:
                path = f"{self._mount}/{verb}/{self._key}"
                connection.request(method, path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                octets = answer.read(_LONGEST)
            finally:
                connection.close()
        except ValueError:  # its words would quote the token
            raise _failure("the token is none that a request can carry") from None
        except (OSError, http.client.HTTPException) as error:
            raise _failure(f"{self._host}: {type(error).__name__}: {error}") from None
        try:
            said = json.loads(octets)
        except ValueError:
            said = None
        if answer.status != 200:
            raise _failure(f"{self._host} answered {answer.status}: {_errors(said)}")
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, dict):
            raise _failure(f"{self._host} answered something else than asked")
        return data

    def _connection(self) -> http.client.HTTPConnection:
        if not self._secure:  # the settings allow it on this host only
            return http.client.HTTPConnection(self._host, self._port, timeout=self._settings.timeout)
        authority = self._settings.certificate_authority
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._settings.timeout, context=context
        )


def _token(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _errors(said: object) -> str:
    """The server's own words, on one line; it repeats nothing secret."""
    errors = said.get("errors") if isinstance(said, dict) else None
    words = "; ".join(str(error) for error in errors) if isinstance(errors, list) else ""
    return "".join(each if each.isprintable() else " " for each in words)[:200] or "without a reason"


def _failure(detail: str) -> Failure:
    return Failure(Cause.KEYS, f"transit: {detail}")
