"""What WebAuthn asks of an authenticator, and what its answers prove.  The only import of that library.

A passkey stands alone, so the authenticator must have made sure who uses it, by a finger or a PIN.  It is
found without an address being typed: the page tells nobody who has one.
"""

import json
from datetime import datetime, timedelta
from typing import Final

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from postseal.accounts.refusal import NotProven, Reason
from postseal.store.passkeys import Passkey

_MILLISECONDS: Final = 300_000
_LONGEST: Final = 1023
"""Octets of a credential's id (WebAuthn §4)."""


class Ceremony:
    """For the portal at *address*, `https://HOST:PORT`; *name*: as authenticators show it."""

    def __init__(self, address: str, name: str) -> None:
        self._origin = address
        self._party = address.partition("://")[2].partition(":")[0]
        self._name = name

    def to_make(
        self, address: str, *, user: bytes, challenge: bytes, known: tuple[Passkey, ...]
    ) -> dict[str, object]:
        """What to ask for a new passkey of *address*; *user*: tells nothing of it."""
        options = webauthn.generate_registration_options(
            rp_id=self._party,
            rp_name=self._name,
            user_name=address,
            user_id=user,
            challenge=challenge,
            timeout=_MILLISECONDS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(one.credential) for one in known],
        )
        return _object(webauthn.options_to_json(options))

    def made(self, answer: str, address: str, *, challenge: bytes, at: datetime, life: timedelta) -> Passkey:
        """The new passkey of *address* in *answer*.  Raises NotProven."""
        try:
            found = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except WebAuthnException as error:
            raise NotProven(Reason.SIGNATURE, type(error).__name__) from None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotProven(Reason.MALFORMED, type(error).__name__) from None
        if len(found.credential_id) > _LONGEST:
            raise NotProven(Reason.MALFORMED, "its id is too long")
        return Passkey(
            found.credential_id, found.credential_public_key, address, found.sign_count, at, at + life
        )

    def to_sign_in(self, *, challenge: bytes) -> dict[str, object]:
        """What to ask somebody who has a passkey."""
        options = webauthn.generate_authentication_options(
            rp_id=self._party,
            challenge=challenge,
            timeout=_MILLISECONDS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _object(webauthn.options_to_json(options))

    @staticmethod
    def named(answer: str) -> bytes:
        """The passkey that *answer* says it is by.  Raises NotProven."""
        try:
            return parse_authentication_credential_json(answer).raw_id
        except (WebAuthnException, ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotProven(Reason.MALFORMED, type(error).__name__) from None

    def counter(self, answer: str, passkey: Passkey, *, challenge: bytes) -> int:
        """The counter of *passkey* after its *answer* to *challenge*.  Raises NotProven."""
        try:
            found = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origin,
                credential_public_key=passkey.key,
                # The library's own check has no word of its own for a counter; see below.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except WebAuthnException as error:
            raise NotProven(Reason.SIGNATURE, type(error).__name__) from None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotProven(Reason.MALFORMED, type(error).__name__) from None
        # WebAuthn §7.2, step 22: one that does not grow is of a copy, unless there is none at all.
        if found.new_sign_count <= passkey.counter and (found.new_sign_count or passkey.counter):
            raise NotProven(Reason.COUNTER, "there may be a copy of this passkey")
        return found.new_sign_count


def _object(written: str) -> dict[str, object]:
    read = json.loads(written)
    assert isinstance(read, dict)  # noqa: S101 (the library wrote it)
    return read
