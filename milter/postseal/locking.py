"""The passphrase and the telephone numbers that a sender gives with his message, and their removal.

They stand in header fields of ours, which are taken off everything that arrives, or in square brackets in the
subject: then out of every field that shows it.  From here on no form of the message has them, whatever
becomes of it.  They are taken from senders inside only; what is given and cannot be honoured is refused,
with a sentence that says why: nobody's message leaves with less than he asked for.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from postseal.cms import field
from postseal.envelope import Envelope, key
from postseal.guard.own import PREFIX
from postseal.header_edits import header
from postseal.locks import LONGEST, SHORTEST, Locks, comparable
from postseal.message import Header, Message
from postseal.outcome import Reply
from postseal.settings.sms import telephone_number

PASSPHRASE: Final = f"{PREFIX}Passphrase"
NUMBER: Final = f"{PREFIX}Number"

_TAG: Final = re.compile(r"\[(passphrase|number):([^\[\]]{0,400})\] ?", re.IGNORECASE)


class NotLocked(Exception):
    """What a sender has given cannot be honoured; *reply*: says so to him."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(550, "5.7.1", text, detail="a lock of the sender's")


def _nobody(_: Envelope) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Locking:
    """*sends*: whether a message comes from inside.  *passphrases*, *numbers*: whether these are in use."""

    sends: Callable[[Envelope], bool] = _nobody
    passphrases: bool = False
    numbers: bool = False

    def taken(self, message: Message, clean: Message, envelope: Envelope) -> tuple[Message, Envelope]:
        """*clean*, which is *message* without fields of ours, and *envelope* with the sender's locks.

        Raises NotLocked.
        """
        if envelope.locks or not self.sends(envelope):  # what was held had them when it came first
            return clean, envelope
        phrases = [field.text(one.value) for one in message.all(PASSPHRASE)]
        numbers = [field.text(one.value) for one in message.all(NUMBER)]
        if phrases and not self.passphrases:
            raise NotLocked("Passphrases for encrypted messages are not in use here.")
        if numbers and not self.numbers:
            raise NotLocked("Telephone numbers for encrypted messages are not in use here.")
        for word, text in self._tags(clean):
            (phrases if word == "passphrase" else numbers).append(text)
        clean = self._untagged(clean)
        return clean, replace(envelope, locks=Locks(_passphrase(phrases), _numbers(numbers, envelope)))

    def _tags(self, message: Message) -> Iterator[tuple[str, str]]:
        for each in message.all("Subject"):
            for found in _TAG.finditer(field.text(each.value)):
                if self._used(found):
                    yield found[1].lower(), found[2]

    def _untagged(self, message: Message) -> Message:
        """*message* without the tags; programs write the subject into other fields as well (Thread-Topic)."""
        if not any(True for _ in self._tags(message)):
            return message
        return replace(message, headers=tuple(self._without(each) for each in message.headers))

    def _without(self, old: Header) -> Header:
        text = "".join(each if each.isprintable() else " " for each in field.text(old.value))
        new = _TAG.sub(lambda found: "" if self._used(found) else found[0], text)
        return old if new == text else header(old.name.decode("ascii"), new.strip())

    def _used(self, found: re.Match[str]) -> bool:
        return self.passphrases if found[1].lower() == "passphrase" else self.numbers


def _passphrase(given: list[str]) -> str:
    found = {comparable(each) for each in given}
    if not found:
        return ""
    if len(found) > 1:
        raise NotLocked("This message has more than one passphrase.")
    passphrase = found.pop()
    if not SHORTEST <= len(passphrase) <= LONGEST or not passphrase.isprintable():
        raise NotLocked(f"A passphrase must have {SHORTEST} to {LONGEST} characters.")
    return passphrase


def _numbers(given: list[str], envelope: Envelope) -> tuple[tuple[str, str], ...]:
    """The numbers by address: `bob@mail.example +49 170 1234567`, or the number alone for one recipient."""
    recipients = {key(recipient.address) for recipient in envelope.recipients}
    found: dict[str, str] = {}
    for text in given:
        first, _, rest = text.strip().partition(" ")
        address, written = (key(first.strip("<>,;:=")), rest) if "@" in first else ("", text)
        if not address and len(recipients) > 1:
            raise NotLocked("A telephone number needs its recipient's address before it.")
        address = address or next(iter(recipients))
        number = telephone_number(written)
        if not number:
            raise NotLocked("A telephone number must be written with its country, as +49 170 1234567.")
        if address not in recipients:
            raise NotLocked("A telephone number was given for somebody who is no recipient.")
        if found.setdefault(address, number) != number:
            raise NotLocked("A recipient has more than one telephone number.")
    return tuple(sorted(found.items()))
