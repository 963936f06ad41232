"""A provider of OpenID Connect: where to send a visitor, and what his coming back proves.

The authorization code flow with PKCE (RFC 7636, S256), state, nonce and the issuer's name in the answer
(RFC 9207).  Everything is fetched over TLS, without redirects, up to a size and within a time; a provider
that does not answer is left alone for a moment.  Its metadata and keys are kept for an hour.  Calls wait for
the network: not for an event loop.
"""

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from postseal.accounts import id_token, proof, secret
from postseal.accounts.journey import Returned, Secrets
from postseal.accounts.metadata import Metadata
from postseal.accounts.refusal import NotProven, Reason
from postseal.errors import BadInput, Failure, Problem
from postseal.finding import web
from postseal.finding.bounded import Bounded
from postseal.settings.sign_in import ISSUERS, Kind
from postseal.settings.sign_in import Provider as Settings

_KEEP: Final = 3600.0
_AGAIN: Final = 60.0
"""A set without the key that is wanted is fetched anew, but no more often than that."""
_LARGEST: Final = 1 << 18
_FORM: Final = "application/x-www-form-urlencoded"


class Provider:
    """Threads may share it."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._issuer = settings.issuer or ISSUERS[settings.kind]
        self._clock = clock
        self._bounded = Bounded(f"provider {settings.name}", settings.timeout)
        try:
            self._opener = web.strict(settings.certificate_authority)
        except (OSError, ssl.SSLError) as error:
            what = f"{settings.certificate_authority} holds no certificates of authorities: {error}"
            raise BadInput([Problem(settings.place, what)]) from None
        secret.read(settings.client_secret, settings.place)  # better found out now
        self._lock = threading.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization(self, secrets: Secrets) -> str:
        """Where to send the visitor.  Raises NotProven if the provider is not to be reached."""
        digest = hashlib.sha256(secrets.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": secrets.redirect,
            "scope": " ".join(self.settings.scopes),
            "state": secrets.state,
            "nonce": secrets.nonce,
        }
        if self.settings.pkce:
            asked["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            asked["code_challenge_method"] = "S256"
        if self.settings.kind in {Kind.GOOGLE, Kind.MICROSOFT}:  # people have several accounts there
            asked["prompt"] = "select_account"
        where = self._known().authorization
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"

    def address(self, returned: Returned, secrets: Secrets, *, at: datetime) -> str:
        """The address that the visitor has proved, in the form to compare.  Raises NotProven."""
        return self.proved(returned, secrets, at=at)[0]

    def proved(self, returned: Returned, secrets: Secrets, *, at: datetime) -> tuple[str, tuple[str, ...]]:
        """The same, and the groups that the provider says he is in.  Raises NotProven."""
        metadata = self._known()
        # Before anything else: what another provider's visitor brings must not reach this one's endpoint.
        named = returned.issuer
        if not metadata.is_issuer(named) if named else metadata.names_itself:
            raise NotProven(Reason.ISSUER, "the parameter iss")
        if returned.error or not returned.code:
            raise NotProven(Reason.DENIED, returned.error)
        answer = self._redeemed(metadata, returned.code, secrets)
        written = answer.get("id_token")
        if not isinstance(written, str):
            raise NotProven(Reason.MALFORMED, "no ID Token")
        claims = self._verified(metadata, written, secrets.nonce, at=at)
        if named and named != claims["iss"]:
            raise NotProven(Reason.ISSUER, "the parameter iss")
        complete = self._complete(metadata, claims, answer)
        return proof.address(complete, self.settings), proof.groups(complete, self.settings)

    def _verified(
        self, metadata: Metadata, written: str, nonce: str, *, at: datetime
    ) -> Mapping[str, object]:
        client = self.settings.client_id
        for newer_than in (_KEEP, _AGAIN):
            keys = self._key_set(metadata, newer_than)
            try:
                return id_token.verified(
                    written, keys, issuer=metadata.issuer_of, client=client, nonce=nonce, at=at
                )
            except id_token.UnknownKey:
                continue
        raise NotProven(Reason.SIGNATURE, "by a key that the provider does not have")

    def _redeemed(self, metadata: Metadata, code: str, secrets: Secrets) -> Mapping[str, object]:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": secrets.redirect,
        }
        if self.settings.pkce:
            asked["code_verifier"] = secrets.verifier
        client, known = self.settings.client_id, self._secret()
        fields = {}
        if metadata.basic:
            pair = f"{quote_plus(client)}:{quote_plus(known)}"  # RFC 6749 §2.3.1
            fields["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            asked |= {"client_id": client, "client_secret": known}
        answer = self._ask(metadata.token, fields=fields, question=urlencode(asked).encode(), kind=_FORM)
        if isinstance(answer, web.Denied):
            raise NotProven(Reason.CODE, f"{answer}: {_error(answer.said)}")
        return _object(answer)

    def _complete(
        self, metadata: Metadata, claims: Mapping[str, object], answer: Mapping[str, object]
    ) -> Mapping[str, object]:
        """*claims*, or what the provider says at its UserInfo endpoint (Core §5.3) if they name no address.

        Never some of both: what is said of an address must be said where the address is.
        """
        access = answer.get("access_token")
        microsoft = self.settings.kind is Kind.MICROSOFT  # there it says nothing of the tenant
        if self.settings.claim in claims or not metadata.userinfo or microsoft:
            return claims
        if not isinstance(access, str) or not access.isascii() or not access.isprintable():
            return claims
        said = self._ask(metadata.userinfo, fields={"Authorization": f"Bearer {access}"})
        if isinstance(said, web.Denied):
            raise NotProven(Reason.NO_ADDRESS, str(said))
        about = _object(said)
        if about.get("sub") != claims["sub"]:  # §5.3.2: it may be about somebody else
            raise NotProven(Reason.NO_ADDRESS, "UserInfo is about somebody else")
        return about

    def _secret(self) -> str:
        try:
            return secret.read(self.settings.client_secret, self.settings.place)
        except BadInput as error:
            raise NotProven(Reason.UNREACHABLE, str(error)) from None

    def _known(self) -> Metadata:
        with self._lock:
            if self._metadata is None or self._clock() - self._metadata[0] > _KEEP:
                said = self._get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
                read = Metadata.read(said, self._issuer, self.settings.kind)
                self._metadata = (self._clock(), read)
            return self._metadata[1]

    def _key_set(self, metadata: Metadata, newer_than: float) -> KeySet:
        with self._lock:
            if self._keys is None or self._clock() - self._keys[0] > newer_than:
                said = self._get(metadata.keys)
                try:
                    # What it says is no more than keys in the form of RFC 7517, or an error.
                    read = KeySet.import_key_set(said)  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise NotProven(Reason.MALFORMED, f"its keys: {type(error).__name__}") from None
                self._keys = (self._clock(), read)
            return self._keys[1]

    def _get(self, url: str) -> Mapping[str, object]:
        answer = self._ask(url)
        if isinstance(answer, web.Denied):
            raise NotProven(Reason.UNREACHABLE, str(answer))
        return _object(answer)

    def _ask(
        self, url: str, *, fields: Mapping[str, str] | None = None, question: bytes = b"", kind: str = ""
    ) -> bytes | web.Denied:
        """What it answers; Denied is an answer, too: no visitor's fault may look like the provider's."""

        def work() -> bytes | web.Denied:
            try:
                return web.fetch(
                    url,
                    seconds=self.settings.timeout / 2,
                    largest=_LARGEST,
                    question=question,
                    kind=kind,
                    fields={"Accept": "application/json", **(fields or {})},
                    opener=self._opener,
                )
            except web.Denied as denied:
                return denied

        try:
            return self._bounded.ask(work)
        except Failure as failure:
            raise NotProven(Reason.UNREACHABLE, failure.detail) from None


def _object(octets: bytes) -> Mapping[str, object]:
    try:
        said = json.loads(octets)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise NotProven(Reason.MALFORMED, "the provider answers something else than asked")
    return said


def _error(octets: bytes) -> str:
    """The word of RFC 6749 §5.2 in a refusal: `invalid_client` is the administrator's affair."""
    try:
        word = json.loads(octets)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "without a reason"
    return word if isinstance(word, str) and word.isascii() and word.isidentifier() else "without a reason"
