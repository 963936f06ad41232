"""The providers that the settings name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from postseal.errors import BadInput, Problem
from postseal.settings_sign_in import SignIn

if TYPE_CHECKING:
    from postseal.accounts.provider import Provider

PATH = "/account"
"""Below it each provider has a place on the portal where its answers arrive."""


def load(settings: SignIn, portal: str) -> "Mapping[str, Provider]":
    """The providers by name, in order; *portal*: `https://HOST`.  Raises BadInput."""
    if not settings.providers:
        return {}
    try:
        from postseal.accounts.provider import Provider  # noqa: PLC0415 (its library is an extra)
    except ImportError as error:
        what = f"a library is missing: {error.name}"
        raise BadInput([Problem(settings.providers[0].place, what, "pip install 'postseal[oidc]'")]) from None
    return {each.name: Provider(each, f"{portal}{PATH}/{each.name}") for each in settings.providers}
