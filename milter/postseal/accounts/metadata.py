"""What a provider says of itself (OpenID Connect Discovery 1.0 §3), as far as we use it.

Endpoints must be https.  The issuer must be the one of the settings, letter for letter; Microsoft's alone may
leave the tenant open, and then an ID Token has to say which (`issuer_of`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from postseal.accounts.refusal import NotProven, Reason
from postseal.settings.sign_in import Kind

_OPEN: Final = "{tenantid}"
_GUID: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MICROSOFT: Final = re.compile(r"(https://[^/]+)/([^/]+)/v2\.0")


@dataclass(frozen=True, slots=True)
class Metadata:
    """*names_itself*: it promises the parameter `iss` (RFC 9207).  *basic*: how a client shows its secret."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    names_itself: bool
    basic: bool

    @classmethod
    def read(cls, said: Mapping[str, object], issuer: str, kind: Kind) -> "Metadata":
        """From the document *said* of the provider that the settings call *issuer*.  Raises NotProven."""
        named = said.get("issuer")
        if not isinstance(named, str) or not _is(named, issuer, kind):
            raise NotProven(Reason.ISSUER, "the discovery document is another issuer's")
        methods = said.get("token_endpoint_auth_methods_supported")
        return cls(
            named,
            _https(said, "authorization_endpoint"),
            _https(said, "token_endpoint"),
            _https(said, "jwks_uri"),
            _https(said, "userinfo_endpoint") if "userinfo_endpoint" in said else "",
            said.get("authorization_response_iss_parameter_supported") is True,
            # Without the list it is Basic (Discovery §3).
            not isinstance(methods, list) or "client_secret_basic" in methods,
        )

    def is_issuer(self, named: str) -> bool:
        """Whether an answer that calls its issuer *named* can be this provider's."""
        if _OPEN not in self.issuer:
            return named == self.issuer
        before, after = self.issuer.split(_OPEN, 1)
        return re.fullmatch(re.escape(before) + _GUID.pattern + re.escape(after), named) is not None

    def issuer_of(self, claims: Mapping[str, object]) -> str:
        """What `iss` must be in an ID Token with these *claims*.  Raises NotProven."""
        if _OPEN not in self.issuer:
            return self.issuer
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not _GUID.fullmatch(tenant):
            raise NotProven(Reason.ISSUER, "the ID Token names no tenant")
        return self.issuer.replace(_OPEN, tenant)


def _is(named: str, issuer: str, kind: Kind) -> bool:
    if kind is not Kind.MICROSOFT:
        return named == issuer
    # For `common`, `organizations` and `consumers` the document names an open or another tenant.
    said, expected = _MICROSOFT.fullmatch(named), _MICROSOFT.fullmatch(issuer)
    if said is None or expected is None or said[1] != expected[1]:
        return False
    if expected[2] in {"common", "organizations", "consumers"}:
        return said[2] == _OPEN or _GUID.fullmatch(said[2]) is not None
    return said[2] == expected[2]


def _https(said: Mapping[str, object], name: str) -> str:
    url = said.get(name)
    parts = urlsplit(url) if isinstance(url, str) and url.isascii() and url.isprintable() else None
    if (
        not isinstance(url, str)
        or parts is None
        or parts.scheme != "https"
        or not parts.hostname
        or " " in url
    ):
        raise NotProven(Reason.MALFORMED, f"the discovery document has no usable {name}")
    return url
