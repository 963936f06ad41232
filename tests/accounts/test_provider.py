"""What a provider's answer proves: nothing, unless all of it is right."""

import base64
import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from account_visit import REDIRECT, SECRETS, refused, signed_in
from postseal.accounts.journey import Returned
from postseal.accounts.provider import Provider
from postseal.accounts.refusal import NotProven, Reason
from postseal.errors import BadInput
from providerserver import BOB, ProviderServer


def test_good_answer_proves_the_address(server: ProviderServer) -> None:
    server.claims["email"] = "Bob@One.Test"

    assert signed_in(server) == BOB


def test_visitor_is_sent_with_a_challenge_and_never_with_what_it_is_made_of(server: ProviderServer) -> None:
    url = Provider(server.settings()).authorization(SECRETS)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    digest = hashlib.sha256(SECRETS.verifier.encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert (asked["state"], asked["nonce"]) == (SECRETS.state, SECRETS.nonce)
    assert (asked["response_type"], asked["redirect_uri"], asked["scope"]) == (
        "code",
        REDIRECT,
        "openid email",
    )
    assert SECRETS.verifier not in url


def test_code_is_good_once(server: ProviderServer) -> None:
    provider = Provider(server.settings())
    returned = Returned(server.code(provider.authorization(SECRETS)), "", "")
    assert provider.address(returned, SECRETS, at=datetime.now(UTC)) == BOB

    with pytest.raises(NotProven) as caught:
        provider.address(returned, SECRETS, at=datetime.now(UTC))
    assert caught.value.reason is Reason.CODE
    assert caught.value.detail == "the server answers 400: invalid_grant"


def test_code_of_another_browser_is_refused_by_its_verifier(server: ProviderServer) -> None:
    assert refused(server, secrets=replace(SECRETS, verifier="w" * 43)) is Reason.CODE  # type: ignore[arg-type]


def test_mixed_up_answer_never_reaches_the_token_endpoint(server: ProviderServer) -> None:
    assert refused(server, issuer="https://evil.test") is Reason.ISSUER
    assert "/token" not in server.asked


def test_missing_issuer_is_refused_where_it_is_promised(server: ProviderServer) -> None:
    server.metadata["authorization_response_iss_parameter_supported"] = True

    assert refused(server) is Reason.ISSUER
    assert signed_in(server, issuer=server.issuer) == BOB


def test_visitor_without_a_code_has_proved_nothing(server: ProviderServer) -> None:
    provider = Provider(server.settings())
    with pytest.raises(NotProven) as caught:
        provider.address(Returned("", "", "access_denied"), SECRETS, at=datetime.now(UTC))

    assert caught.value.reason is Reason.DENIED


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"issuer": "https://evil.test"}, Reason.ISSUER),
        ({"issuer": None}, Reason.ISSUER),
        ({"token_endpoint": "http://127.0.0.1/token"}, Reason.MALFORMED),
        ({"authorization_endpoint": "javascript:alert(1)"}, Reason.MALFORMED),
        ({"jwks_uri": None}, Reason.MALFORMED),
        ({"token_endpoint": 7}, Reason.MALFORMED),
    ],
    ids=str,
)
def test_bad_discovery_document_is_refused(
    server: ProviderServer, metadata: dict[str, object], reason: Reason
) -> None:
    server.metadata = metadata

    assert refused(server) is reason


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, b"x" * (1 << 19)), Reason.UNREACHABLE),
        ((500, b""), Reason.UNREACHABLE),
        ((302, "/elsewhere"), Reason.UNREACHABLE),
        ((200, b"["), Reason.MALFORMED),
        ((200, b"[" * 100_000), Reason.MALFORMED),
        ((200, []), Reason.MALFORMED),
    ],
    ids=["large", "broken", "redirect", "garbage", "deep", "list"],
)
def test_what_a_provider_may_answer_is_bounded(
    server: ProviderServer, path: str, answer: tuple[int, object], reason: Reason
) -> None:
    server.answers[path] = lambda: answer

    assert refused(server) is reason
    assert "/elsewhere" not in server.asked


def test_slow_provider_is_given_up_and_left_alone_for_a_moment(server: ProviderServer) -> None:
    def wait() -> tuple[int, object]:
        time.sleep(20)
        return 200, {}

    server.answers["/.well-known/openid-configuration"] = wait
    provider = Provider(server.settings(timeout=1.0))

    begun = time.monotonic()
    assert refused(server, provider) is Reason.UNREACHABLE
    first = time.monotonic() - begun
    assert refused(server, provider) is Reason.UNREACHABLE

    assert first < 10
    assert len(server.asked) == 1


def test_fault_of_a_visitor_is_not_the_provider_s(server: ProviderServer) -> None:
    provider = Provider(server.settings())
    for _ in range(3):
        with pytest.raises(NotProven) as caught:
            provider.address(Returned("made-up", "", ""), SECRETS, at=datetime.now(UTC))
        assert caught.value.reason is Reason.CODE

    assert signed_in(server, provider) == BOB


def test_unknown_certificate_is_refused(server: ProviderServer) -> None:
    provider = Provider(server.settings(certificate_authority=None))

    assert refused(server, provider) is Reason.UNREACHABLE
    assert server.asked == []


def test_metadata_and_keys_are_kept_for_an_hour(server: ProviderServer) -> None:
    now = [0.0]
    provider = Provider(server.settings(), clock=lambda: now[0])
    for _ in range(3):
        assert signed_in(server, provider) == BOB
    assert (server.asked.count("/keys"), server.asked.count("/.well-known/openid-configuration")) == (1, 1)

    now[0] = 3601
    assert signed_in(server, provider) == BOB
    assert (server.asked.count("/keys"), server.asked.count("/.well-known/openid-configuration")) == (2, 2)


def test_new_key_is_fetched_but_not_at_every_word_of_a_stranger(server: ProviderServer) -> None:
    now = [0.0]
    provider = Provider(server.settings(), clock=lambda: now[0])
    assert signed_in(server, provider) == BOB
    server.key = RSAKey.generate_key(2048, {"kid": "2", "use": "sig", "alg": "RS256"})
    server.header = {"alg": "RS256", "kid": "2"}

    assert refused(server, provider) is Reason.SIGNATURE  # the set was fetched less than a minute ago
    assert server.asked.count("/keys") == 1
    now[0] = 61
    assert signed_in(server, provider) == BOB
    assert server.asked.count("/keys") == 2


def test_address_may_be_at_the_userinfo_endpoint(server: ProviderServer) -> None:
    server.claims = {"email": None, "email_verified": None}
    server.about = {"email": BOB, "email_verified": True}

    assert signed_in(server) == BOB
    assert server.authorizations[-1] == "Bearer access"


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"sub": "2", "email": BOB, "email_verified": True}, Reason.NO_ADDRESS),
        ({"email": BOB}, Reason.UNVERIFIED),  # what the ID Token says of another address does not count
        ({}, Reason.NO_ADDRESS),
    ],
    ids=["somebody else", "unverified", "nothing"],
)
def test_userinfo_counts_only_as_a_whole(
    server: ProviderServer, about: dict[str, object], reason: Reason
) -> None:
    server.claims = {"email": None, "email_verified": True}
    server.about = about

    assert refused(server) is reason


def test_secret_is_shown_as_the_provider_wants_it(server: ProviderServer) -> None:
    server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]

    # This one takes Basic alone, so being refused shows that the other way was taken.
    assert refused(server) is Reason.CODE


def test_wrong_secret_is_said_to_the_administrator(server: ProviderServer) -> None:
    settings = server.settings()
    provider = Provider(settings)
    Path(settings.client_secret.removeprefix("file:")).write_text("another")
    with pytest.raises(NotProven) as caught:
        signed_in(server, provider)

    assert "invalid_client" in caught.value.detail
    assert "another" not in caught.value.detail


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_secret_that_cannot_be_read_is_found_out_at_once(server: ProviderServer, content: str | None) -> None:
    settings = server.settings()
    file = Path(settings.client_secret.removeprefix("file:"))
    file.unlink() if content is None else file.write_text(content)

    with pytest.raises(BadInput) as caught:
        Provider(settings)
    assert "lines" not in str(caught.value)


def test_provider_that_refuses_pkce_is_asked_without_and_the_nonce_still_binds(
    server: ProviderServer,
) -> None:
    provider = Provider(server.settings(pkce=False))

    assert "code_challenge" not in provider.authorization(SECRETS)
    assert signed_in(server, provider) == BOB
    stolen = replace(SECRETS, nonce="another nonce")
    with pytest.raises(NotProven) as caught:
        signed_in(server, provider, secrets=stolen)
    assert caught.value.reason is Reason.NONCE
