"""A browser without windows: it keeps the portal's cookies, and sends what a browser of today does."""

import http.client
import re
import ssl
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

COOKIE = "__Host-postseal"
SENDER_COOKIE = "__Host-postseal-sender"
_TLS = ssl.create_default_context()
_TLS.check_hostname, _TLS.verify_mode = False, ssl.CERT_NONE


@dataclass(frozen=True)
class Answer:
    """What came back from the portal."""

    status: int
    fields: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    @property
    def to(self) -> str:
        """Where it leads."""
        return self.fields["Location"]


@dataclass
class Visitor:
    """Keeps the cookies, and sends what a browser of today does.  *name*: of that beside the sender's."""

    port: int
    cookie: str = ""
    send: dict[str, str] = field(default_factory=lambda: {"Sec-Fetch-Site": "same-origin"})
    name: str = COOKIE
    sender_cookie: str = ""

    @property
    def cookies(self) -> str:
        """The header field."""
        kept = ((self.name, self.cookie), (SENDER_COOKIE, self.sender_cookie))
        return "; ".join(f"{name}={value}" for name, value in kept if value)

    def connection(self) -> http.client.HTTPSConnection:
        """A connection to the portal, whatever its certificate says."""
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=_TLS)

    def ask(
        self, method: str, path: str, body: bytes = b"", fields: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request, and keep the cookie of the answer."""
        with closing(self.connection()) as wire:
            sent = {**self.send, **(fields or {})}
            if self.cookies:
                sent["Cookie"] = self.cookies
            wire.request(method, path, body, sent)
            answer = wire.getresponse()
            for value in answer.headers.get_all("Set-Cookie", []):
                if found := re.match(rf'{self.name}="?([\w-]*)"?;', value):
                    self.cookie = found[1]
                elif found := re.match(rf'{SENDER_COOKIE}="?([\w-]*)"?;', value):
                    self.sender_cookie = found[1]
                else:
                    assert value.startswith(f"{COOKIE}-language="), value
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path: str, **fields: str) -> Answer:
        """Look at a page."""
        return self.ask("GET", path, fields={name.replace("_", "-"): text for name, text in fields.items()})

    def post(self, path: str, **texts: str | Sequence[str]) -> Answer:
        """Send a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(texts, doseq=True).encode(), kind)

    def post_file(self, page: str) -> Answer:
        """Press the button of message.html, which is a file on a disk."""
        parts = [
            f'--form\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_field(page, name)}\r\n'
            for name in ("v", "id", "p")
        ]
        octets = ("".join(parts) + "--form--\r\n").encode()
        fields = {"Content-Type": "multipart/form-data; boundary=form", "Origin": "null"}
        return self.ask("POST", "/o", octets, fields | {"Sec-Fetch-Site": "cross-site"})


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]
