"""Which method a recipient gets: the first of policy's that can do what is asked, and reaches him."""

from collections.abc import Mapping

from postseal.envelope import Recipient
from postseal.errors import Cause, Failure
from postseal.methods.method import Method
from postseal.treatment import Treatment, Unreached

PLAIN = "plain"
"""The word of the method that protects nothing: for treatments that ask for no protection."""

BOUNCED = "bounced"
"""What copies are called that nobody reads: the sender is told that their recipients go without."""


def choose(
    table: Mapping[str, Method],
    treatment: Treatment,
    recipient: Recipient,
    *,
    after: str = "",
    failed: Failure | None = None,
) -> str:
    """The word of the first method that *treatment* allows and that reaches *recipient*.

    *after*: only those behind this one are looked at, because it *failed*.  `PLAIN` or `BOUNCED` where policy
    wants that for people out of reach.  Raises Failure: NO_CERTIFICATE if nothing reaches the recipient, or
    what kept us from knowing.
    """
    words = treatment.protect
    if not words:
        if treatment.withheld:
            raise Failure(Cause.NO_CERTIFICATE, "rights are withheld, and no method is named that can do so")
        return PLAIN
    for word in words[words.index(after) + 1 if after else 0 :]:
        try:
            if _fit(table, word, treatment) and table[word].reaches(recipient):
                return word
        except Failure as failure:
            if not treatment.on_error.goes_on(failure.cause):
                raise
            failed = failed or failure
    if failed:  # it is not known that nothing reaches him
        raise failed
    match treatment.unreached:
        case Unreached.PLAIN if not treatment.withheld:
            return PLAIN
        case Unreached.BOUNCE:
            return BOUNCED
        case _:
            raise Failure(Cause.NO_CERTIFICATE, obstacles(table, treatment, recipient))


def obstacles(table: Mapping[str, Method], treatment: Treatment, recipient: Recipient) -> str:
    """Why no method that *treatment* allows reaches *recipient*, for the administrator."""
    reasons = (f"{word} ({_obstacle(table, word, treatment, recipient)})" for word in treatment.protect)
    return f"<{recipient.address}> is not reached by {', '.join(reasons)}"


def _fit(table: Mapping[str, Method], word: str, treatment: Treatment) -> bool:
    """Whether there is a method called *word*, and it can withhold what *treatment* withholds."""
    return word in table and treatment.withheld <= table[word].enforces


def _obstacle(table: Mapping[str, Method], word: str, treatment: Treatment, recipient: Recipient) -> str:
    if word not in table:
        return "no such method"
    if missing := treatment.withheld - table[word].enforces:
        return f"it cannot withhold {', '.join(sorted(missing))}"
    return table[word].obstacle(recipient)
