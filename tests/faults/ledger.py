"""What became of each message for each recipient: lost, in clear, twice; and why, where it came twice.

A copy may come twice only where SMTP leaves no way to tell: the far side took it, and whoever submitted
it was stopped before that was noted.  Such a pair *remains*, and needs evidence:

- of a copy that we submitted: the trace (`launcher.py`) of an attempt that sent the end of data, was
  not refused, and ended before its note;
- of what stayed in the MTA: the MTA's own log, that it took the message from its sender twice, because the
  sender did not hear that it was taken.

A pair without evidence is a duplicate, and a fault of ours.
"""

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from asn1crypto import cms

from demo.sink_session import Delivery
from faults.lab import Lab
from faults.mails import MARK, MARKED, SEALED, SECRET, Sent

Key = tuple[str, str]
"""The identity of a message and a recipient."""


@dataclass
class Verdict:
    """How one kind of fault went; *missed*: messages to which it did not happen;
    *told*: what was wrong, in words."""

    fault: str
    messages: int
    recipients: int
    lost: int = 0
    clear: int = 0
    duplicates: int = 0
    remaining: int = 0
    tries: int = 0
    missed: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all three promises were kept."""
        return not (self.lost or self.clear or self.duplicates)


HEADING = ("fault", "messages", "recipients", "tries", "lost", "clear", "duplicates", "remaining")


def table(verdicts: Sequence[Verdict]) -> str:
    """All of them, and their sum."""
    total = Verdict("all", 0, 0)
    for verdict in verdicts:
        for name in HEADING[1:]:
            setattr(total, name, getattr(total, name) + getattr(verdict, name))
    rows = [HEADING, *([str(getattr(each, name)) for name in HEADING] for each in (*verdicts, total))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADING))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def judge(fault: str, mails: Sequence[Sent], lab: Lab) -> Verdict:
    """What became of *mails*, all of which have been delivered or lost."""
    verdict = Verdict(fault, len(mails), sum(len(mail.recipients) for mail in mails))
    arrived: defaultdict[Key, list[Delivery]] = defaultdict(list)
    for delivery in lab.arrived:
        for address in delivery.addresses:
            arrived[_identity(delivery), address].append(delivery)
    attempts = _attempts(lab.attempts())
    unnoted, taken = _unnoted(attempts, mails), _taken(lab.gateway.log())
    tries = Counter(identity for identity, _, _ in attempts)
    for mail in mails:
        verdict.tries += tries[mail.identity]
        for address in mail.recipients:
            found = arrived[mail.identity, address]
            if not found:
                verdict.lost += 1
                verdict.told.append(f"lost: {mail.identity} to {address}")
            wrong = sorted({why for each in found for why in _exposed(mail, address, each, lab.serials)})
            verdict.clear += bool(wrong)
            verdict.told += [f"{why}: {mail.identity} to {address}" for why in wrong]
            more = max(0, len(found) - 1)
            remaining = min(more, unnoted[mail.identity, address] + max(0, taken[mail.identity] - 1))
            verdict.remaining += remaining
            verdict.duplicates += more - remaining
            if more > remaining:
                verdict.told.append(f"twice: {mail.identity} ({mail.fault}) to {address}")
    return verdict


def _identity(delivery: Delivery) -> str:
    found = re.search(rb"(?im)^Message-ID: <([\w.-]+)@lab\.test>", delivery.content)
    return found[1].decode() if found else "?"


def _exposed(mail: Sent, address: str, delivery: Delivery, serials: Mapping[int, str]) -> Iterator[str]:
    """What this delivery shows that it must not."""
    head, _, body = delivery.content.partition(b"\r\n\r\n")
    for hidden in set(mail.hidden) - set(delivery.addresses):
        if hidden.encode() in delivery.content:
            yield "hidden recipient shown"
    if address in MARKED and b"Subject: " + MARK not in head:
        yield "not marked"
    if address not in SEALED:
        return
    if SECRET in delivery.content or b"Content-Type: application/pkcs7-mime" not in head:
        yield "in clear"
        return
    named = {serials[serial] for serial in _serials(body)}
    if address not in named:
        yield "sealed for somebody else"
    if (named - {address}) & (set(mail.recipients) if address in mail.hidden else set(mail.hidden)):
        yield "hidden recipient named"
    if named - set(mail.recipients):
        yield "stranger named"


def _serials(body: bytes) -> Iterator[int]:
    """The serial numbers of all certificates that RecipientInfos name."""
    enveloped = cms.ContentInfo.load(base64.b64decode(body))["content"]
    for info in enveloped["recipient_infos"]:
        if info.name == "ktri":
            yield info.chosen["rid"].chosen["serial_number"].native
        else:
            for each in info.chosen["recipient_encrypted_keys"]:
                yield each["rid"].chosen["serial_number"].native


Attempt = list[tuple[int, str]]
"""The numbered steps of one try."""


def _attempts(lines: Iterable[str]) -> dict[tuple[str, str, str], Attempt]:
    found: dict[tuple[str, str, str], Attempt] = defaultdict(list)
    for line in lines:
        identity, pid, attempt, number, step = line.split(" ", 4)
        found[identity, pid, attempt].append((int(number), step))
    return found


def _unnoted(attempts: Mapping[tuple[str, str, str], Attempt], mails: Sequence[Sent]) -> Counter[Key]:
    """How often a copy was, or may have been, taken without a note."""
    faults = {mail.identity: mail.fault.split(" ") for mail in mails if mail.fault}
    first: set[str] = set()
    result: Counter[Key] = Counter()
    for (identity, _, _), steps in sorted(attempts.items(), key=lambda each: int(each[0][2])):
        kind, at = faults.get(identity, ("", "0"))
        stopped = int(at) if steps[-1][0] >= int(at) and identity not in first else 0
        first |= {identity} if stopped else set()
        result.update((identity, address) for address in _open(steps, kind, stopped))
    return result


def _open(steps: Attempt, kind: str, stopped: int) -> Iterator[str]:
    """The recipients of copies in *steps* whose end of data was sent and that were not noted in time.

    A note that comes when somebody else has taken over says so: it is no note.
    """
    recipients: list[str] = []
    ended = False
    for number, step in steps:
        if step.startswith("send MAIL"):
            yield from recipients if ended else ()
            recipients, ended = [], False
        elif step.startswith("send RCPT TO:<"):
            recipients.append(step.partition("<")[2].partition(">")[0])
        elif step in {"send .", "finish"}:
            # Stopped for good at this step, it was never sent.
            ended = not (number == stopped and kind in {"kill", "raise", "hang"})
        elif step.startswith(("reply done 4", "reply done 5")) or step in {
            "journal.done done 0",
            "finish done True",
        }:
            ended = False
    yield from recipients if ended else ()


def _taken(log: str) -> Counter[str]:
    """How often the gateway took each message from its sender, as it says itself."""
    clients = set(re.findall(r" postfix/smtpd\[\d+\]: (\w+): client=", log))
    active = set(re.findall(r" postfix/qmgr\[\d+\]: (\w+): from=.* \(queue active\)", log))
    identities = re.findall(r" postfix/cleanup\[\d+\]: (\w+): message-id=<([\w.-]+)@lab\.test>", log)
    return Counter(identity for queue_id, identity in set(identities) if queue_id in clients & active)
