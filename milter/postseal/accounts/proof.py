"""Which address the claims of a provider prove, by the rules of that provider.

OpenID Connect has one claim for that, email_verified, and it says who could once read a mailbox, not who can
today.  So a provider counts for addresses that it hands out itself, and for others only as far as the
administrator says.  Where providers say more, we ask for it:

- Google vouches for its own domains, and with `hd` for those of organisations that it hosts.
- Microsoft puts into `email` whatever the administrator of any tenant likes.  It counts where the tenant has
  proved that the domain is its own (`xms_edov`), and for Microsoft's own domains in accounts of its own.  Of
  guests (`idp`) `xms_edov` says only that they could read the mailbox once, so they do not count.
"""

from collections.abc import Mapping
from typing import Final

from postseal import envelope
from postseal.accounts.refusal import NotProven, Reason
from postseal.settings.sign_in import Kind, Provider, Verified

GOOGLE: Final = frozenset({"gmail.com", "googlemail.com"})
MICROSOFT: Final = frozenset(
    {"outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de"}
)
YAHOO: Final = frozenset(
    {
        "yahoo.com",
        "ymail.com",
        "rocketmail.com",
        "yahoo.co.uk",
        "yahoo.de",
        "yahoo.fr",
        "yahoo.es",
        "yahoo.it",
    }
)
_CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of accounts that belong to no organisation."""
_LONGEST: Final = 320
_MOST_GROUPS: Final = 1000


def address(claims: Mapping[str, object], provider: Provider) -> str:
    """The address that *claims* prove, in the form to compare.  Raises NotProven."""
    written = claims.get(provider.claim)
    if not isinstance(written, str) or "@" not in written or len(written) > _LONGEST:
        raise NotProven(Reason.NO_ADDRESS)
    plain = envelope.unambiguous(written) and written.isprintable()
    if not plain or len(envelope.destinations(written)) > 1:
        raise NotProven(Reason.NO_ADDRESS, "an address that can be read in two ways")
    domain = envelope.domain_key(envelope.split(written)[1])
    if provider.domains and domain not in {envelope.domain_key(each) for each in provider.domains}:
        raise NotProven(Reason.DOMAIN)
    _RULES[provider.kind](claims, domain, provider)
    return envelope.key(written)


def groups(claims: Mapping[str, object], provider: Provider) -> tuple[str, ...]:
    """The groups that *claims* say somebody is in; what is no list of words names none."""
    written = claims.get(provider.groups)
    named = written if isinstance(written, list) else [written]
    return tuple(name for name in named[:_MOST_GROUPS] if isinstance(name, str) and len(name) <= _LONGEST)


def _oidc(claims: Mapping[str, object], domain: str, provider: Provider) -> None:
    if provider.email_verified is Verified.REQUIRED and claims.get("email_verified") is not True:
        raise NotProven(Reason.UNVERIFIED)


def _google(claims: Mapping[str, object], domain: str, provider: Provider) -> None:
    _oidc(claims, domain, provider)
    hosted = claims.get("hd")
    if domain not in GOOGLE and not (isinstance(hosted, str) and envelope.domain_key(hosted) == domain):
        raise NotProven(Reason.DOMAIN, "neither Google's nor hosted there")


def _microsoft(claims: Mapping[str, object], domain: str, provider: Provider) -> None:
    if claims.get("tid") == _CONSUMERS:
        if domain not in MICROSOFT:
            raise NotProven(Reason.DOMAIN, "not one of Microsoft's own")
    elif claims.get("idp", claims.get("iss")) != claims.get("iss"):
        raise NotProven(Reason.DOMAIN, "a guest of the tenant")
    elif claims.get("xms_edov") not in (True, "1", "true"):  # all of these are sent, and 1
        raise NotProven(Reason.UNVERIFIED, "xms_edov")


def _yahoo(claims: Mapping[str, object], domain: str, provider: Provider) -> None:
    _oidc(claims, domain, provider)
    if not provider.domains and domain not in YAHOO:
        raise NotProven(Reason.DOMAIN, "not one of Yahoo's own")


_RULES: Final = {Kind.OIDC: _oidc, Kind.GOOGLE: _google, Kind.MICROSOFT: _microsoft, Kind.YAHOO: _yahoo}
