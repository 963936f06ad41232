"""A provider of OpenID Connect on loopback that says whatever a test wants, also what a real one never would.

with ProviderServer(folder) as server:
    settings = server.settings(…)
    server.claims["aud"] = "somebody-else"
    code = server.code(authorization_url)      # what the visitor would bring back
"""

import base64
import hashlib
import json
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from postseal.settings.sign_in import Kind, Provider

CLIENT, SECRET = "postseal", "s3cret/+%"
BOB = "bob@one.test"

Answer = tuple[int, object]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback, its own authority, and its key."""
    chain, key = folder / "tls.pem", folder / "tls.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lab -days 2"
    name = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command.split(), *name, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


class ProviderServer:
    """*metadata*, *claims*, *header*: what differs from the good ones; None takes one away.

    *answers*: by path, in place of what a provider says there.  *sign*: makes the ID Token.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, key = certificate(folder)
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.metadata: dict[str, object] = {}
        self.claims: dict[str, object] = {}
        self.about: dict[str, object] = {}
        self.header: dict[str, str] = {"alg": "RS256", "kid": "1"}
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.authorizations: list[str] = []
        self.bodies: list[str] = []
        self.sign: Callable[[dict[str, object]], object] = lambda claims: jwt.encode(
            self.header, claims, self.key, algorithms=[self.header["alg"]]
        )
        self._begun: dict[str, dict[str, str]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer("")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def answer(self, body: str) -> None:
                path = urlsplit(self.path).path
                outer.asked.append(path)
                if path in outer.answers and body:
                    outer.bodies.append(body)
                if "Authorization" in self.headers:
                    outer.authorizations.append(self.headers["Authorization"])
                code, said = outer.answer(path, body, self.headers.get("Authorization", ""))
                self.send_response(code)
                if 300 <= code < 400:
                    self.send_header("Location", str(said))
                octets = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **more: object) -> Provider:
        """What an administrator would write for this provider."""
        file = self.folder / "client.secret"
        file.write_text(SECRET + "\n")
        words: dict[str, object] = {"name": "lab", "client_id": CLIENT, "client_secret": f"file:{file}"}
        words |= {"issuer": self.issuer, "certificate_authority": self.certificate}
        return Provider(**{"kind": Kind.OIDC, **words, **more})  # type: ignore[arg-type]

    def code(self, authorization: str) -> str:
        """The visitor has signed in at *authorization*; the code that he is sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization).query).items()}
        code = secrets.token_urlsafe(16)
        self._begun[code] = asked
        return code

    def answer(self, path: str, body: str, authorization: str) -> Answer:
        """What a request is answered."""
        if path in self.answers:
            return self.answers[path]()
        match path:
            case "/.well-known/openid-configuration":
                return 200, _differing(self._document(), self.metadata)
            case "/keys":
                return 200, {"keys": [self.key.as_dict(private=False)]}
            case "/token":
                return self._redeem(parse_qs(body), authorization)
            case "/about":
                bearer = authorization == "Bearer access"
                return (200, {"sub": "1", **self.about}) if bearer else (401, {})
        return 404, {}

    def _document(self) -> dict[str, object]:
        paths = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
        found: dict[str, object] = {name: self.issuer + path for name, path in paths.items()}
        return found | {"issuer": self.issuer, "userinfo_endpoint": self.issuer + "/about"}

    def _redeem(self, form: dict[str, list[str]], authorization: str) -> Answer:
        kind, _, written = authorization.partition(" ")
        known = base64.b64decode(written).decode() if kind == "Basic" else ""
        if tuple(map(unquote_plus, known.split(":"))) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        begun = self._begun.pop(form["code"][0], None)
        verifier = form.get("code_verifier", [""])[0]
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if verifier else ""
        asked = "S256" if challenge else ""
        if begun is None or (begun.get("code_challenge", ""), begun.get("code_challenge_method", "")) != (
            challenge,
            asked,
        ):
            return 400, {"error": "invalid_grant"}
        if begun["redirect_uri"] != form["redirect_uri"][0]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        good: dict[str, object] = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
        }
        good |= {"nonce": begun["nonce"], "email": BOB, "email_verified": True}
        answer = {"access_token": "access", "token_type": "Bearer"}
        return 200, {**answer, "id_token": self.sign(_differing(good, self.claims))}


def _differing(good: dict[str, object], more: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**good, **more}.items() if value is not None}
