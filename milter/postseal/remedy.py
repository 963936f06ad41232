"""What becomes of mail that cannot be treated as policy asks, by cause: the failure policy.

Promises: whatever is chosen, the mail stays with somebody who knows of it: the MTA or the client, the
sender who is told, the administrator's quarantine.  Plain delivery is not among the choices, and
nothing here can express it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from postseal.errors import Cause
from postseal.outcome import Held, Reply


class Choice(StrEnum):
    """What to do with the whole message when all has been tried."""

    DEFER = "defer"
    REJECT = "reject"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is said about one cause; *choice* None: what is said about all.

    *next_first*: before that, the recipient is served by the next method that policy allows.
    *reply*: how a rejection is worded, if not in our words.
    """

    choice: Choice | None = None
    reply: Reply | None = None
    next_first: bool = False


@dataclass(frozen=True, slots=True)
class OnError:
    """A failure policy: *default* for every cause, other remedies for some *causes*.

    One that says nothing defers.
    """

    default: Remedy = Remedy()
    causes: frozenset[tuple[Cause, Remedy]] = frozenset()

    def after(self, earlier: "OnError") -> "OnError":
        """What holds when this is said after *earlier*: a later default replaces all that was said before."""
        if self.default.choice:
            return self
        return OnError(earlier.default, frozenset({**dict(earlier.causes), **dict(self.causes)}.items()))

    def goes_on(self, cause: Cause) -> bool:
        """Whether the next method is tried after one failed because of *cause*."""
        return self._remedy(cause).next_first

    def last(self, cause: Cause) -> Remedy:
        """What is done in the end because of *cause*; its choice is never None."""
        remedy = self._remedy(cause)
        remedy = remedy if remedy.choice else self.default
        return remedy if remedy.choice else replace(remedy, choice=Choice.DEFER)

    def _remedy(self, cause: Cause) -> Remedy:
        return dict(self.causes).get(cause, self.default)

    def __str__(self) -> str:
        said = {"default": self.default, **{cause.value: remedy for cause, remedy in sorted(self.causes)}}
        words = {name: _written(remedy) for name, remedy in said.items() if _written(remedy)}
        if words.keys() <= {"default"}:
            return words.get("default", "")
        return f"{{{', '.join(f'{name}: {word}' for name, word in words.items())}}}"


DEFER: Final = OnError()
"""The failure policy of those who say nothing."""

REJECT: Final = OnError(Remedy(Choice.REJECT))
"""Refuse for good, whatever the cause."""


def _written(remedy: Remedy) -> str:
    last = f"{{reject: {remedy.reply.text}}}" if remedy.reply else remedy.choice
    if remedy.next_first:
        return f"[next, {last}]" if last else "next"
    return last or ""


_SENTENCES: Final[Mapping[Cause, tuple[str, str]]] = {
    Cause.NO_CERTIFICATE: (
        "7.8",
        "This message must be protected and there is no way to do so for a recipient.",
    ),
    Cause.LOOKUP: (
        "7.8",
        "This message must be protected and a recipient's certificate cannot be looked up.",
    ),
    Cause.DIRECTORY: ("3.0", "The mail gateway cannot look up who its users are; please try again later."),
    Cause.REVOCATION: (
        "7.8",
        "This message must be protected and a recipient's certificate cannot be checked.",
    ),
    Cause.NO_SIGNER: ("7.8", "This message must be signed and there is no signature for its sender."),
    Cause.CRYPTO: ("7.5", "This message must be protected and that failed."),
    Cause.UNINSPECTABLE: ("7.7", "This message could not be inspected."),
    Cause.ALREADY: ("7.1", "This message is encrypted or signed already, and must not be."),
    Cause.SUBMISSION: ("4.0", "The mail gateway could not pass this message on; please try again later."),
    Cause.SUBMISSION_REFUSED: ("3.0", "The mail gateway could not pass this message on."),
    Cause.SPLIT: (
        "5.3",
        "The recipients of this message need different protection; send to them one by one.",
    ),
    Cause.LIMIT: ("3.4", "This message is larger than the mail gateway accepts."),
    Cause.UNWRITABLE: ("6.5", "This message cannot be converted."),
    Cause.KEYS: ("7.5", "This message must be protected and the keys for that are not at hand."),
    Cause.STORE: ("3.0", "The mail gateway cannot note what it delivers; please try again later."),
    Cause.RELEASE: ("3.0", "The mail gateway has a problem; please try again later."),
    Cause.INTERNAL: ("3.0", "The mail gateway has a problem; please try again later."),
}


def refusal(cause: Cause, on_error: OnError, detail: str = "") -> Reply | Held:
    """What is done with a message that could not be treated because of *cause*; *detail* is for the log."""
    last = on_error.last(cause)
    if last.choice is Choice.QUARANTINE:
        return Held(f"cause {cause}", cause=cause, detail=detail)
    if last.choice is Choice.REJECT:
        if last.reply:
            return replace(last.reply, cause=cause, detail=detail)
        return _said(cause, 550, detail)
    return deferral(cause, detail)


def deferral(cause: Cause, detail: str = "") -> Reply:
    """The reply to a message that has to be tried again because of *cause*."""
    return _said(cause, 451, detail)


def _said(cause: Cause, code: int, detail: str) -> Reply:
    status, text = _SENTENCES[cause]
    return Reply(code, f"{code // 100}.{status}", text, cause, detail)
