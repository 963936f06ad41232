"""Why a sign-in proves nothing; a word for audit, log and metrics."""

from enum import StrEnum


class Reason(StrEnum):
    """The word.  A visitor reads the same page whatever it is."""

    STATE = "state"  # not begun in this browser, begun too long ago, or finished already
    DENIED = "denied"  # the provider sent the visitor back without a code
    ISSUER = "issuer"  # another issuer than the one that was asked
    CODE = "code"  # the provider does not take the code: used, expired, or another client's
    SIGNATURE = "signature"  # no signature, or none by a key of the provider
    AUDIENCE = "audience"  # meant for somebody else
    NONCE = "nonce"  # of another sign-in
    EXPIRED = "expired"  # or not valid yet
    MALFORMED = "malformed"
    NO_ADDRESS = "no_address"
    UNVERIFIED = "unverified"  # nobody says that the address is his
    DOMAIN = "domain"  # the provider does not vouch for such addresses
    RECIPIENT = "recipient"  # the message was not sent to this address
    NO_ROLE = "no_role"  # who wants to administer, and may nothing
    UNKNOWN = "unknown"  # a passkey that we do not have, or that has ended
    COUNTER = "counter"  # a passkey's counter went back: there may be a copy
    UNREACHABLE = "unreachable"  # the provider does not answer


class NotProven(Exception):
    """*detail* is for the log: it holds nothing of a person, but may hold the provider's words."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail
