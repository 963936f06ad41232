"""Journal copies: the message as it came, in a report that says who has sent it to whom.

There is one for each message and address, however many rules ask for it and however often the mail is tried
again, and it leaves before the message does.  Where it cannot be made, or is not taken, the message waits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from postseal.envelope import Envelope, Recipient, key
from postseal.errors import Cause, Failure
from postseal.header_edits import addresses
from postseal.letter import Desk, Letter, written
from postseal.message import Header, Message
from postseal.methods.method import Methods, Order
from postseal.outcome import Copy
from postseal.treatment import Journaled, Treatment


class NoJournal(Failure):
    """A journal copy cannot be made."""


def journal(
    message: Message,
    envelope: Envelope,
    treatments: Mapping[Recipient, Treatment],
    copies: Sequence[Copy],
    *,
    desk: Desk,
    methods: Methods,
    at: datetime,
) -> list[Letter]:
    """The journal copies of *message*, of which *copies* leave; none if nobody gets it.

    Raises NoJournal if one cannot be sealed as it has to be.
    """
    if all(copy.back for copy in copies):
        return []
    wanted = dict.fromkeys(each for treatment in treatments.values() for each in treatment.journals)
    readers = [who.address for copy in copies if not copy.back for who in copy.recipients]
    return [_copy(each, message, envelope, readers, desk=desk, methods=methods, at=at) for each in wanted]


def _copy(
    wanted: Journaled,
    message: Message,
    envelope: Envelope,
    readers: Collection[str],
    *,
    desk: Desk,
    methods: Methods,
    at: datetime,
) -> Letter:
    text = "\n".join(_report(message, envelope, readers))
    made = written(text, message, to=wanted.to, subject="Journal report", desk=desk, at=at)
    # By this field archives know a journal report, whichever server has written it.
    made = made.adding(Header.of("X-MS-Journal-Report", ""))
    if wanted.method:
        made = _sealed(made, wanted, methods)
    # Who sends to many may do so in several transactions; each is journalled with its own recipients.
    name = " ".join(
        ["journal", wanted.to, wanted.method, *sorted(who.address for who in envelope.recipients)]
    )
    return Letter(made, wanted.to, name, vital=True)


def _sealed(made: Message, wanted: Journaled, methods: Methods) -> Message:
    method, who = methods.table.get(wanted.method), Recipient(wanted.to)
    if method is None or not method.reaches(who):
        why = method.obstacle(who) if method else "there is no such method"
        raise NoJournal(Cause.NO_CERTIFICATE, f"no journal copy can be sealed for <{wanted.to}>: {why}")
    treatment = Treatment(protect=(wanted.method,))
    try:
        return method.protect(made, (who,), order=Order(made, Envelope("", (who,)), treatment))
    except Failure as failure:
        raise NoJournal(failure.cause, failure.detail) from None


def _report(message: Message, envelope: Envelope, readers: Collection[str]) -> Iterator[str]:
    """Who has sent it to whom, each on a line of its own."""
    yield f"Sender: {envelope.sender or '<>'}"
    identity = (message.first("Message-ID") or b"").decode("utf-8", "replace")
    yield f"Message-Id: {''.join(each for each in identity if each.isprintable())}"
    left = list(dict.fromkeys((*(who.address for who in envelope.recipients), *readers)))
    for name in ("To", "Cc"):
        fields = message.all(name, f"Resent-{name}")
        shown = {key(word) for field in fields for word in addresses(field.value)}
        for address in [each for each in left if key(each) in shown]:
            yield f"{name}: {address}"
            left.remove(address)
    for address in left:
        yield f"Bcc: {address}"
