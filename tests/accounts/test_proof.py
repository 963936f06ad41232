"""For which addresses a provider counts."""

import pytest

from account_visit import refused, signed_in
from postseal.accounts.provider import Provider
from postseal.accounts.refusal import Reason
from postseal.settings.sign_in import Kind, Verified
from providerserver import BOB, ProviderServer

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("kind", "more", "claims", "reason"),
    [
        (Kind.OIDC, {"domains": ("one.test",)}, {}, None),
        (Kind.OIDC, {"domains": ("two.test",)}, {}, Reason.DOMAIN),
        (Kind.OIDC, {"domains": ("test",)}, {}, Reason.DOMAIN),
        (
            Kind.OIDC,
            {"domains": ("one.test",), "email_verified": Verified.ASSUMED},
            {"email_verified": None},
            None,
        ),
        (Kind.OIDC, {"claim": "upn"}, {"upn": BOB, "email": "cat@two.test"}, None),
        (Kind.GOOGLE, {}, {}, Reason.DOMAIN),
        (Kind.GOOGLE, {}, {"hd": "one.test"}, None),
        (Kind.GOOGLE, {}, {"hd": "two.test"}, Reason.DOMAIN),
        (Kind.GOOGLE, {}, {"hd": "one.test", "email_verified": False}, Reason.UNVERIFIED),
        (Kind.GOOGLE, {}, {"email": "bob@gmail.com"}, None),
        (Kind.YAHOO, {}, {"email": "bob@yahoo.com"}, None),
        (Kind.YAHOO, {}, {}, Reason.DOMAIN),
        (Kind.YAHOO, {"domains": ("one.test",)}, {}, None),
    ],
    ids=str,
)
def test_provider_counts_for_its_own_addresses(
    server: ProviderServer,
    kind: Kind,
    more: dict[str, object],
    claims: dict[str, object],
    reason: Reason | None,
) -> None:
    server.claims = claims
    provider = Provider(server.settings(kind=kind, **more))

    if reason is None:
        assert signed_in(server, provider) == (claims.get("email", BOB) if not claims.get("upn") else BOB)
    else:
        assert refused(server, provider) is reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        # Anybody can open a tenant and write anybody's address into it.
        ({"tid": TENANT}, Reason.UNVERIFIED),
        ({"tid": TENANT, "email_verified": True}, Reason.UNVERIFIED),
        ({"tid": TENANT, "xms_edov": False}, Reason.UNVERIFIED),
        ({"tid": TENANT, "xms_edov": [True]}, Reason.UNVERIFIED),
        ({"tid": TENANT, "xms_edov": True}, None),
        ({"tid": TENANT, "xms_edov": "1"}, None),
        # A guest has proved once that he read the mailbox, to whoever his own provider is.
        ({"tid": TENANT, "xms_edov": True, "idp": "live.com"}, Reason.DOMAIN),
        ({"tid": TENANT, "xms_edov": True, "idp": f"https://sts.windows.net/{CONSUMERS}/"}, Reason.DOMAIN),
        ({"tid": CONSUMERS}, Reason.DOMAIN),
        ({"tid": CONSUMERS, "xms_edov": True}, Reason.DOMAIN),
        ({"tid": CONSUMERS, "email": "bob@outlook.com"}, None),
        ({"tid": None, "xms_edov": True}, Reason.ISSUER),
        ({"tid": "common", "xms_edov": True}, Reason.ISSUER),
        ({"tid": CONSUMERS, "iss": TENANT, "email": "bob@outlook.com"}, Reason.ISSUER),
    ],
    ids=str,
)
def test_microsoft_counts_where_the_tenant_owns_the_domain(
    server: ProviderServer, claims: dict[str, object], reason: Reason | None
) -> None:
    template = f"{server.issuer}/{{tenantid}}/v2.0"
    server.metadata["issuer"] = template
    tenant = str(claims.get("iss") or claims["tid"])
    server.claims = {"email_verified": None, **claims, "iss": template.replace("{tenantid}", tenant)}
    server.answers["/common/v2.0/.well-known/openid-configuration"] = lambda: server.answer(
        "/.well-known/openid-configuration", "", ""
    )
    settings = server.settings(kind=Kind.MICROSOFT, issuer=f"{server.issuer}/common/v2.0")
    provider = Provider(settings)

    if reason is None:
        assert signed_in(server, provider) == claims.get("email", BOB)
    else:
        assert refused(server, provider) is reason
