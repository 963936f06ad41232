"""A stand-in for a key server: the API of Vault's transit engine, with keys in memory."""

import base64
import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Engine(ThreadingHTTPServer):
    """A stand-in with the API of the transit engine: keys with versions, AEAD with associated data."""

    token = "s.token"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.versions = [AESGCM(AESGCM.generate_key(256))]
        self.broken: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/transit/postseal"


class Request(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if self.server.broken is not None:
            self.wfile.write(self.server.broken)
            return
        if self.headers["X-Vault-Token"] != self.server.token:
            self.say(403, {"errors": ["permission denied"]})
            return
        verbs = {
            "/v1/transit/keys/postseal": self.keys,
            "/v1/transit/encrypt/postseal": self.encrypt,
            "/v1/transit/decrypt/postseal": self.decrypt,
        }
        if self.path not in verbs:
            self.say(404, {"errors": []})
            return
        try:
            self.say(200, {"data": verbs[self.path](asked)})
        except (InvalidTag, ValueError, KeyError):
            self.say(400, {"errors": ["cipher: message authentication failed"]})

    def keys(self, _: dict[str, str]) -> dict[str, object]:
        return {"latest_version": len(self.server.versions), "type": "aes256-gcm96"}

    def encrypt(self, asked: dict[str, str]) -> dict[str, object]:
        nonce = os.urandom(12)
        plaintext, bound = (base64.b64decode(asked[name]) for name in ("plaintext", "associated_data"))
        octets = nonce + self.server.versions[-1].encrypt(nonce, plaintext, bound)
        version = len(self.server.versions)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(octets).decode()}", "key_version": version}

    def decrypt(self, asked: dict[str, str]) -> dict[str, object]:
        found = re.fullmatch("vault:v([0-9]+):(.+)", asked["ciphertext"])
        if found is None:
            raise ValueError("no ciphertext")
        octets = base64.b64decode(found[2], validate=True)
        key = self.server.versions[int(found[1]) - 1]
        plaintext = key.decrypt(octets[:12], octets[12:], base64.b64decode(asked["associated_data"]))
        return {"plaintext": base64.b64encode(plaintext).decode()}

    def say(self, status: int, body: dict[str, object]) -> None:
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_: object) -> None:
        pass
