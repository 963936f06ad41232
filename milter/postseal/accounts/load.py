"""The providers that the settings name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from postseal.errors import BadInput, Problem
from postseal.settings.sign_in import SignIn

if TYPE_CHECKING:
    from postseal.accounts.provider import Provider


def load(settings: SignIn) -> "Mapping[str, Provider]":
    """The providers by name, in order.  Raises BadInput."""
    if not settings.providers:
        return {}
    try:
        from postseal.accounts.provider import Provider  # noqa: PLC0415 (its library is an extra)
    except ImportError as error:
        what = f"a library is missing: {error.name}"
        raise BadInput([Problem(settings.providers[0].place, what, "pip install 'postseal[oidc]'")]) from None
    return {each.name: Provider(each) for each in settings.providers}
