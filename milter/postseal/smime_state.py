"""What S/MIME a message came in, as far as policy may ask."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SignatureResult(StrEnum):
    """What is said of a signature (RFC 7281 §3.1, in the words of RFC 8601 §2.7)."""

    NONE = "none"  # there is none
    PASS = "pass"  # noqa: S105 (the RFC's word) good, of a certificate that we believe, and of the author
    FAIL = "fail"  # not made over this content, or not by the key it names
    POLICY = "policy"  # good, but we do not believe the certificate, or it is not the author's
    TEMPERROR = "temperror"  # whether we may believe it could not be found out now


@dataclass(frozen=True, slots=True)
class SmimeState:
    """*encrypted*: whether it came encrypted, *opened*: whether we opened it; *signature*: the outermost."""

    encrypted: bool = False
    opened: bool = False
    signature: SignatureResult = SignatureResult.NONE


NO_SMIME: Final = SmimeState()
"""Mail without S/MIME, or mail that we did not look into."""
