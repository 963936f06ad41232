"""What a visitor proves to the portal who does all that a provider asks of him."""

from datetime import UTC, datetime

import pytest

from postseal.accounts.journey import Returned, Secrets
from postseal.accounts.provider import Provider
from postseal.accounts.refusal import NotProven, Reason
from providerserver import ProviderServer

REDIRECT = "https://portal.lab.test/account/lab"
SECRETS = Secrets(redirect=REDIRECT, state="s" * 43, nonce="n" * 43, verifier="v" * 43)


def signed_in(
    server: ProviderServer, provider: Provider | None = None, *, secrets: Secrets = SECRETS, issuer: str = ""
) -> str:
    """The address that a visitor proves who does all that he is asked to."""
    provider = provider or Provider(server.settings())
    code = server.code(provider.authorization(SECRETS))
    return provider.address(Returned(code, issuer, ""), secrets, at=datetime.now(UTC))


def refused(server: ProviderServer, provider: Provider | None = None, **more: str) -> Reason:
    with pytest.raises(NotProven) as caught:
        signed_in(server, provider, **more)  # type: ignore[arg-type]
    return caught.value.reason
