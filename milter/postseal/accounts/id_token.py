"""The ID Token of a provider (OpenID Connect Core 1.0 §3.1.3.7): signed by it, for us, for this sign-in, now.

The algorithms are ours to choose, all of them asymmetric: `none` is none, and a public key is never taken for
a secret.  A claim that is missing is a claim that is wrong.
"""

import math
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from joserfc import jwt
from joserfc.errors import ClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from postseal.accounts.refusal import NotProven, Reason

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SKEW: Final = timedelta(seconds=60)
"""How far clocks may differ."""
AGE: Final = timedelta(minutes=15)
"""An ID Token that was issued before that is of no sign-in that is still open."""


class UnknownKey(Exception):
    """It names a key that is not in the set: the set may be old."""


def verified(
    written: str,
    keys: KeySet,
    *,
    issuer: Callable[[Mapping[str, object]], str],
    client: str,
    nonce: str,
    at: datetime,
) -> Mapping[str, object]:
    """The claims of the ID Token *written*, for *client*, in answer to *nonce*, at the time *at*.

    *issuer*: what `iss` must be, given the claims.  Raises NotProven, or UnknownKey.
    """
    try:
        claims = jwt.decode(written, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError:
        raise UnknownKey from None
    except (
        JoseError,
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
    ) as error:  # whatever garbage makes of a library
        raise NotProven(Reason.SIGNATURE, type(error).__name__) from None
    registry = JWTClaimsRegistry(
        now=int(at.timestamp()),
        leeway=int(SKEW.total_seconds()),
        iss={"essential": True, "value": issuer(claims)},
        sub={"essential": True},
        aud={"essential": True, "value": client},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except ClaimError as error:
        raise NotProven(_CLAIMS.get(error.claim, Reason.MALFORMED), f"the claim {error.claim}") from None
    audience, party = claims["aud"], claims.get("azp", client)
    if party != client or (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims):
        raise NotProven(Reason.AUDIENCE, "the claim azp")
    if not (math.isfinite(claims["exp"]) and math.isfinite(claims["iat"])):  # no comparison holds for NaN
        raise NotProven(Reason.EXPIRED, "the claims exp and iat")
    if claims["iat"] < (at - AGE - SKEW).timestamp():
        raise NotProven(Reason.EXPIRED, "the claim iat")
    given = claims.get("nonce")
    if not isinstance(given, str) or not secrets.compare_digest(
        given.encode("utf-8", "replace"), nonce.encode()
    ):
        raise NotProven(Reason.NONCE)
    if not claims["sub"]:
        raise NotProven(Reason.MALFORMED, "the claim sub")
    return claims


_CLAIMS: Final = {
    "iss": Reason.ISSUER,
    "aud": Reason.AUDIENCE,
    "exp": Reason.EXPIRED,
    "iat": Reason.EXPIRED,
    "nbf": Reason.EXPIRED,
}
