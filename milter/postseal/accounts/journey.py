"""What a visitor takes along to a provider, and what he brings back."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is known to us and the visitor's browser alone; new ones for each sign-in.

    *redirect*: our URL for the way back, known to no other provider: where an answer arrives says whose it
    claims to be.  *verifier*: 43 to 128 characters (RFC 7636 §4.1); it never passes through the browser.
    """

    redirect: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the visitor brings back (RFC 6749 §4.1.2); "" for what he does not."""

    code: str = field(repr=False)
    issuer: str
    error: str
