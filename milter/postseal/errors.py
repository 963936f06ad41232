"""The ways Postseal says no: to an administrator (`BadInput`) and about one message (`Failure`).

Errors carry facts; the sentence is made from them in one place.  Nothing here holds a key, a
passcode or a line of anybody's mail, so every error may be logged as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file something stands; *line* and *column* count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing an administrator has to mend: where, what, and what to do about it."""

    place: Place
    what: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.place}: {self.what}{hint}"


class BadInput(Exception):
    """A configuration, policy or certificate that cannot be used; all its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Cause(StrEnum):
    """Why a message could not be treated as policy asks; the word of metrics, logs and `on_error`."""

    NO_CERTIFICATE = "no_certificate"  # no method that policy allows reaches the recipient
    LOOKUP = "lookup"  # a recipient's certificate could not be looked up
    REVOCATION = "revocation"  # whether a recipient's certificate is revoked could not be found out
    DIRECTORY = "directory"  # who somebody is could not be looked up
    NO_SIGNER = "no_signer"  # nobody may sign for this sender
    CRYPTO = "crypto"  # the cryptography itself failed
    UNINSPECTABLE = "uninspectable"  # a condition could not see what it must judge
    SPLIT = "split"  # the recipients need different copies, and there is no listener to submit them to
    ALREADY = "already_protected"  # the sender encrypted what policy wants to inspect
    SUBMISSION = "submission"  # a copy could not be submitted for now
    SUBMISSION_REFUSED = "submission_refused"  # the listener refused a copy for good
    LIMIT = "limit"  # larger than a limit of ours
    UNWRITABLE = "unwritable"  # the MTA cannot be told the change
    KEYS = "keys"  # no master key of sealed messages does what it must, or it did not answer
    STORE = "store"  # the store did not answer, or not in time
    RELEASE = "release"  # a held message came back, and it is not sure as what
    INTERNAL = "internal"  # our own fault


class Failure(Exception):
    """One message cannot be treated as policy asks.  *detail* is for the log, never for the client."""

    def __init__(self, cause: Cause, detail: str) -> None:
        self.cause = cause
        self.detail = detail
        super().__init__(f"{cause}: {detail}")
