"""How a visitor of the portal goes to a provider and comes back, without a browser."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

from demo.visitor import Answer, Visitor
from providerserver import CLIENT, SECRET, ProviderServer


def provider_settings(server: ProviderServer, *names: str) -> str:
    secret = server.folder / "client.secret"
    secret.write_text(SECRET)
    lines = "".join(
        f"    - name: {name}\n      issuer: {server.issuer}\n      client_id: {CLIENT}\n"
        f"      client_secret: file:{secret}\n      certificate_authority: {server.certificate}\n"
        for name in names
    )
    return f"sign_in:\n  providers:\n{lines}"


def sent_on(answer: Answer) -> str:
    """The address at a provider that *answer* sends somebody on to."""
    assert answer.status == 200, answer.text
    (url,) = re.findall(r'<meta http-equiv="refresh" content="0;url=([^"]+)">', answer.text)
    return html.unescape(url)


def leave(visitor: Visitor, path: str, provider: str = "lab") -> str:
    """The address at the provider that *visitor* is sent on to."""
    return sent_on(visitor.post(f"{path}/account/{provider}"))


def arrive(
    visitor: Visitor, server: ProviderServer, url: str, *, provider: str = "lab", **more: str
) -> Answer:
    """Where *visitor* gets to with a good code, or what *more* has in its place."""
    state = parse_qs(urlsplit(url).query)["state"][0]
    brought = {"code": server.code(url), "state": state, **more}
    return visitor.get(
        f"/account/{provider}?" + urlencode({name: text for name, text in brought.items() if text})
    )
