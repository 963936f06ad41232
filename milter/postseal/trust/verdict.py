"""The answer to "may this certificate be believed?": yes with the path, or no with the rule that says so."""

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509


class Rule(StrEnum):
    """The rule that a refused certificate breaks; the word of logs, metrics and `postseal certs verify`."""

    MALFORMED = "malformed"
    DISTRUSTED = "distrusted"  # it, or an issuer of it, is on the administrator's list
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    PATH = "path"  # no path leads to an anchor of ours
    CONSTRAINT = "constraint"  # an issuer may not name such an address
    POLICY = "policy"  # an issuer demands a certificate policy, and there is none common to the path
    PURPOSE = "purpose"  # extended key usage
    KEY_USAGE = "key_usage"
    KEY = "key"  # kind or size of the key
    ADDRESS = "address"  # it is somebody else's
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"  # nobody could be asked, and the policy is hard


@dataclass(frozen=True, slots=True)
class Verdict:
    """*rule* is None for a certificate that may be believed; *why* is for the administrator.

    *path*: the certificate, its issuer and so on up to the anchor; empty if there is none, or if the
    administrator vouches for the certificate himself.
    """

    rule: Rule | None = None
    why: str = ""
    path: tuple[x509.Certificate, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule}: {self.why}" if self.rule else "good"


class Refused(Exception):
    """A certificate is refused; how the parts of this room tell the one that answers."""

    def __init__(self, rule: Rule, why: str) -> None:
        self.rule = rule
        self.why = why
        super().__init__(f"{rule}: {why}")
