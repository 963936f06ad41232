"""What an ID Token proves: nothing, unless all of it is right."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import RSAKey

from account_visit import refused, signed_in
from postseal.accounts.refusal import Reason
from providerserver import BOB, CLIENT, ProviderServer

NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.test"}, Reason.ISSUER),
        ({"iss": None}, Reason.ISSUER),
        ({"aud": "somebody-else"}, Reason.AUDIENCE),
        ({"aud": None}, Reason.AUDIENCE),
        ({"aud": [CLIENT, "somebody-else"]}, Reason.AUDIENCE),
        ({"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}, Reason.AUDIENCE),
        ({"azp": "somebody-else"}, Reason.AUDIENCE),
        ({"nonce": "another"}, Reason.NONCE),
        ({"nonce": None}, Reason.NONCE),
        ({"nonce": ["n" * 43]}, Reason.NONCE),
        ({"exp": NOW - 3600}, Reason.EXPIRED),
        ({"exp": NOW - 61}, Reason.EXPIRED),
        ({"exp": None}, Reason.EXPIRED),
        ({"exp": float("nan")}, Reason.EXPIRED),
        ({"iat": NOW + 3600}, Reason.EXPIRED),
        ({"iat": NOW - 3600, "exp": NOW + 3600}, Reason.EXPIRED),
        ({"nbf": NOW + 3600}, Reason.EXPIRED),
        ({"sub": ""}, Reason.MALFORMED),
        ({"sub": None}, Reason.MALFORMED),
        ({"email_verified": False}, Reason.UNVERIFIED),
        ({"email_verified": None}, Reason.UNVERIFIED),
        ({"email_verified": "true"}, Reason.UNVERIFIED),
        ({"email": "bob"}, Reason.NO_ADDRESS),
        ({"email": ["bob@one.test"]}, Reason.NO_ADDRESS),
        ({"email": "Bob <bob@one.test>"}, Reason.NO_ADDRESS),
        ({"email": "bob@one.test,cat@two.test"}, Reason.NO_ADDRESS),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "-".join(value),
)
def test_wrong_claim_proves_nothing(
    server: ProviderServer, claims: dict[str, object], reason: Reason
) -> None:
    server.claims = claims

    assert refused(server) is reason


def test_clocks_may_differ_by_less_than_a_minute(server: ProviderServer) -> None:
    now = int(time.time())
    server.claims = {"iat": now + 30, "exp": now - 30}

    assert signed_in(server) == BOB


def _none(claims: Mapping[str, object]) -> str:
    parts = (json.dumps({"alg": "none"}), json.dumps(claims))
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def _confused(server: ProviderServer) -> Callable[[Mapping[str, object]], str]:
    """HS256, with the octets of the public key for a secret."""

    def sign(claims: Mapping[str, object]) -> str:
        public = server.key.as_pem(private=False)
        parts = (json.dumps({"alg": "HS256", "kid": "1"}), json.dumps(claims))
        text = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    return sign


def _stranger(claims: dict[str, object]) -> str:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


def _embedded(claims: dict[str, object]) -> str:
    """By a key that the ID Token brings along."""
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False), "kid": "1"}, claims, key)


@pytest.mark.parametrize("forger", [_none, _stranger, _embedded], ids=["none", "stranger", "embedded"])
def test_forged_signature_proves_nothing(
    server: ProviderServer, forger: Callable[[Mapping[str, object]], str]
) -> None:
    server.sign = forger

    assert refused(server) is Reason.SIGNATURE


def test_public_key_is_never_taken_for_a_secret(server: ProviderServer) -> None:
    assert serialization.load_pem_public_key(server.key.as_pem(private=False))
    server.sign = _confused(server)

    assert refused(server) is Reason.SIGNATURE


@pytest.mark.parametrize(
    "written", ["", "a.b.c", "..", "a.b.c.d.e", 7, None, "[" * 100_000], ids=lambda v: str(v)[:9]
)
def test_garbage_proves_nothing(server: ProviderServer, written: object) -> None:
    server.sign = lambda _: written

    assert refused(server) in {Reason.SIGNATURE, Reason.MALFORMED}
