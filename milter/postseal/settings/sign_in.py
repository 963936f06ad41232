"""What an administrator sets for sign-in: which ways there are, and whose word counts for which addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from postseal import scalar
from postseal.document import Node, bad
from postseal.errors import Place, Problem
from postseal.settings.sms import Sms, secret_source
from postseal.settings.sms import problems as sms_problems


class Kind(StrEnum):
    """Whose rules count for what a provider says of an address."""

    OIDC = "oidc"  # OpenID Connect as it is written: Keycloak, authentik, Dex, Zitadel, one tenant of Entra
    GOOGLE = "google"
    MICROSOFT = "microsoft"  # people of many tenants of Entra, and with accounts of their own
    YAHOO = "yahoo"


class Verified(StrEnum):
    """What must be said of an address before it counts."""

    REQUIRED = "required"  # the claim email_verified is true
    ASSUMED = "assumed"  # nothing: the provider hands out the addresses of `domains` itself


ISSUERS = {
    Kind.GOOGLE: "https://accounts.google.com",
    Kind.MICROSOFT: "https://login.microsoftonline.com/common/v2.0",
    Kind.YAHOO: "https://api.login.yahoo.com",
}
"""The issuers of providers that everybody knows."""


def provider_name(node: Node, _reader: object = None) -> str:
    """A word of a-z, 0-9 and hyphens, at most 16: it stands in URLs, metrics and the audit."""
    written = scalar.text(node)
    if not re.fullmatch("[a-z][a-z0-9-]{0,15}", written):
        raise bad(node.place, f"bad name '{written}'", "write a short word such as google or partner-1")
    return written


def issuer_url(node: Node, _reader: object = None) -> str:
    """An issuer as the provider writes it, `https://HOST/PATH`."""
    written = scalar.text(node)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", written):
        hint = "write the word `issuer` of its discovery document: https://HOST/PATH, without ? and #"
        raise bad(node.place, f"bad issuer '{written}'", hint)
    return written


def caption(node: Node, _reader: object = None) -> str:
    """One line of text, at most 60 characters."""
    written = scalar.one(node)
    if not written.text.strip() or len(written.text) > 60 or not written.text.isprintable():
        raise bad(written.place, "unfit for a button", "write one line of at most 60 characters")
    return written.text.strip()


def word(node: Node, _reader: object = None) -> str:
    """A word without blanks."""
    written = scalar.text(node)
    if not re.fullmatch(r"[!-~]{1,300}", written):
        raise bad(node.place, "expected a word without blanks", "copy it from the provider's pages")
    return written


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody whose accounts people sign in with.

    *label*: on the button.  *claim*: that holds the address.  *domains*: of the addresses that this provider
    vouches for, none for all that it verifies.  *groups*: the claim that names those somebody is in, for
    administrators.  *certificate_authority*: a file that its certificate is
    checked with, in place of the system's.  *timeout*: for each question to it.
    *pkce*: whether the code is bound by PKCE too (RFC 7636); without, the nonce binds it (RFC 9700 §2.1.1).
    """

    name: Annotated[str, provider_name]
    client_id: Annotated[str, word]
    client_secret: Annotated[str, secret_source]
    kind: Kind = Kind.OIDC
    label: Annotated[str, caption] = ""
    issuer: Annotated[str, issuer_url] = ""
    scopes: tuple[Annotated[str, word], ...] = ("openid", "email")
    claim: Annotated[str, word] = "email"
    domains: tuple[Annotated[str, scalar.domain], ...] = ()
    email_verified: Verified = Verified.REQUIRED
    groups: Annotated[str, word] = "groups"
    certificate_authority: Path | None = None
    timeout: Annotated[float, scalar.duration] = 5.0
    pkce: bool = True
    place: Place = field(default=Place("sign_in"), compare=False, repr=False)

    @property
    def caption(self) -> str:
        """What stands on the button."""
        return self.label or self.name.capitalize()


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people prove who they are: a code by mail or text message, accounts elsewhere, then a passkey.

    *passkey_life*: how long a passkey is good, after which its owner shows once more that he has the address.
    *passphrases*: whether a sender inside may ask for one besides.
    """

    passcode: bool = True
    passkeys: bool = False
    passkey_life: Annotated[float, scalar.duration] = 180 * 86400.0
    passphrases: bool = False
    sms: Sms | None = None
    providers: tuple[Provider, ...] = ()


PASSCODE: Final = "passcode"
PASSKEY: Final = "passkey"
PASSPHRASE: Final = "passphrase"  # noqa: S105 (the word, not one of them)
"""Asked for besides, so it stands in no session; a branding may leave it out as it may the others."""


def ways(sign_in: SignIn) -> tuple[str, ...]:
    """The words of all ways to sign in: a session knows its own, a branding chooses some."""
    own = (
        (PASSCODE, sign_in.passcode),
        (PASSKEY, sign_in.passkeys),
        (PASSPHRASE, sign_in.passphrases),
    )
    return (*(word for word, on in own if on), *(provider.name for provider in sign_in.providers))


def numeric(address: str) -> bool:
    """Whether `https://HOST` has a number in place of a name; passkeys are good for names alone."""
    return re.match(r"https://(\[|[0-9.]+(:|$))", address) is not None


def ways_of_senders(sign_in: SignIn) -> tuple[str, ...]:
    """Those that may count for senders: a passkey is made by a reader, beside what he reads."""
    return tuple(word for word in ways(sign_in) if word != PASSKEY)


def problems(sign_in: SignIn, place: Place, *, portal: str) -> Iterator[Problem]:
    """What an administrator has to mend; *place*: of all of it; *portal*: `https://HOST`, or ""."""
    if sign_in.passkeys and numeric(portal):
        yield Problem(place, "passkeys need a portal with a name", "ome: portal: https://HOST, not a number")
    if not sign_in.passcode and not sign_in.providers:
        yield Problem(place, "nobody could sign in", "set passcode: true, or add providers")
    if sign_in.sms:
        yield from sms_problems(sign_in.sms)
    if sign_in.sms and not sign_in.passcode:
        yield Problem(sign_in.sms.place, "nobody is sent a code", "set passcode: true, or take sms away")
    seen: set[str] = set()
    for provider in sign_in.providers:
        if provider.name in seen:
            yield Problem(provider.place, f"there are two providers '{provider.name}'", "rename one")
        seen.add(provider.name)
        if provider.name in {PASSCODE, PASSKEY, PASSPHRASE, "link"}:
            yield Problem(provider.place, f"'{provider.name}' is another way to sign in", "rename it")
        if provider.kind is Kind.OIDC and not provider.issuer:
            yield Problem(provider.place, "'issuer' is missing", "add 'issuer: https://…'")
        if provider.kind is Kind.MICROSOFT and provider.issuer and not _TENANT.fullmatch(provider.issuer):
            hint = "write https://login.microsoftonline.com/TENANT/v2.0"
            yield Problem(provider.place, "no issuer of Microsoft's", hint)
        if "openid" not in provider.scopes:
            yield Problem(provider.place, "the scope 'openid' is missing", "add it to scopes")
        if provider.email_verified is Verified.ASSUMED and (
            not provider.domains or provider.kind is not Kind.OIDC
        ):
            # Whoever may say anything about every address is a master key to all mail.
            hint = "list the domains whose addresses it hands out, and use kind: oidc"
            yield Problem(provider.place, "it would be believed whatever it says", hint)


_TENANT = re.compile("https://[^/]+/[^/]+/v2\\.0")
