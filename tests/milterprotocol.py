"""The MTA's side of the milter protocol, version 6, for what Postfix and Sendmail never send.

A `MilterClient` is one connection of an MTA.  Everything it sends is bytes and goes out as given, so names,
values, addresses and macros may be any octets.  What a milter asked not to be sent is not sent,
and a reply it asked not to give is not awaited, as in a real MTA.

The packets are those of libmilter/docs and of sendmail's include/libmilter/mfdef.h.
"""

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from milteredits import Edit, read_edit

CHUNK = 65_535
ALL_ACTIONS = 0x1FF
SETSYMLIST = 0x100
ALL_STEPS = 0x1FFFFF
SKIP = 0x400
LEADING_SPACE = 0x100000

_UNWANTED = {b"C": 1, b"H": 2, b"M": 4, b"R": 8, b"B": 0x10, b"L": 0x20, b"N": 0x40, b"U": 0x100, b"T": 0x200}
_UNANSWERED = {
    b"L": 0x80,
    b"C": 0x1000,
    b"H": 0x2000,
    b"M": 0x4000,
    b"R": 0x8000,
    b"T": 0x10000,
    b"U": 0x20000,
    b"N": 0x40000,
    b"B": 0x80000,
}
_STAGES = (b"C", b"H", b"M", b"R", b"T", b"E", b"N")
"""What the numbers of a list of wanted macros mean (SMFIM_CONNECT … SMFIM_EOH)."""

Macros = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the milter said to one command.

    *verdict*: `continue`, `accept`, `reject`, `tempfail`, `discard`, `skip`, `shutdown`, or `reply`
    with the SMTP reply in *text*.
    """

    verdict: str
    text: bytes = b""
    edits: tuple[Edit, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the MTA would go on with the transaction."""
        return self.verdict in {"continue", "skip"}


CONTINUE = Answer("continue")
_VERDICTS = {
    b"c": "continue",
    b"a": "accept",
    b"r": "reject",
    b"t": "tempfail",
    b"d": "discard",
    b"s": "skip",
    b"y": "reply",
    b"4": "shutdown",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One transaction as an MTA tells it.

    *headers*: name and everything after the colon, folds as LF.  *macros*: command letter → macros.
    """

    headers: tuple[tuple[bytes, bytes], ...] = ((b"From", b" ann@lab.test"), (b"Subject", b" hello"))
    body: bytes = b"Hello Bob.\r\n"
    sender: bytes = b"<ann@lab.test>"
    recipients: tuple[bytes, ...] = (b"<bob@example.test>",)
    macros: Mapping[bytes, Macros] = field(
        default_factory=lambda: {letter: {b"i": b"4fXyZ0"} for letter in (b"R", b"T", b"L", b"N", b"E")}
    )


class MilterClient:
    """One connection to a milter at `unix:PATH` or `inet:PORT@HOST`, negotiated.

    *actions*, *steps*: what the MTA offers.  Afterwards `actions` and `steps` are what was agreed and
    `wanted` the macros the milter asked for, by command letter.  Raises EOFError where the milter hangs up.
    """

    def __init__(
        self,
        address: str,
        *,
        actions: int = ALL_ACTIONS,
        steps: int = ALL_STEPS,
        version: int = 6,
        seconds: float = 30.0,
    ) -> None:
        self._socket = _connect(address, seconds)
        self._stream = self._socket.makefile("rb")
        try:
            self._negotiate(struct.pack("!III", version, actions, steps))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up without a word."""
        self._stream.close()
        self._socket.close()

    def _negotiate(self, offer: bytes) -> None:
        self.send(b"O", offer)
        letter, agreed = self.receive()
        if letter != b"O":
            raise ValueError(f"the answer to an offer begins with O, not {letter!r}")
        self.version, self.actions, self.steps = struct.unpack("!III", agreed[:12])
        self.wanted = dict(_wanted(agreed[12:]))

    # packets

    def send(self, letter: bytes, payload: bytes = b"") -> None:
        """Send one packet as it is."""
        self._socket.sendall(struct.pack("!I", len(payload) + 1) + letter + payload)

    def receive(self) -> tuple[bytes, bytes]:
        """The next packet of the milter: letter and payload."""
        (length,) = struct.unpack("!I", self._read(4))
        packet = self._read(length)
        return packet[:1], packet[1:]

    def _read(self, count: int) -> bytes:
        octets = self._stream.read(count)
        if len(octets) < count:
            raise EOFError("the milter hung up")
        return octets

    def answer(self) -> Answer:
        """The milter's final answer to the last command, with the edits that came before it."""
        edits: list[Edit] = []
        while True:
            letter, payload = self.receive()
            if letter in _VERDICTS:
                return Answer(_VERDICTS[letter], payload.rstrip(b"\0"), tuple(edits))
            # Without LEADING_SPACE the MTA writes the space after the colon itself.
            space = b"" if self.steps & LEADING_SPACE else b" "
            edits.append(read_edit(letter, payload, space=space))

    def command(self, letter: bytes, payload: bytes = b"", macros: Macros | None = None) -> Answer:
        """Send one command, its macros before it, and return the answer; CONTINUE where none is due."""
        if self.steps & _UNWANTED.get(letter, 0):
            return CONTINUE
        if letter in self.wanted:
            macros = {name: value for name, value in (macros or {}).items() if name in self.wanted[letter]}
        if macros:
            self.send(b"D", letter + b"".join(b"%b\0%b\0" % macro for macro in macros.items()))
        self.send(letter, payload)
        return CONTINUE if self.steps & _UNANSWERED.get(letter, 0) else self.answer()

    # commands

    def connect(
        self,
        name: bytes = b"client.test",
        address: bytes = b"192.0.2.1",
        *,
        family: bytes = b"4",
        port: int = 1025,
        macros: Macros | None = None,
    ) -> Answer:
        """The client connects.  *family*: `4`, `6`, `L` (Unix socket) or `U` (unknown, no address)."""
        where = b"" if family == b"U" else struct.pack("!H", port) + address + b"\0"
        return self.command(b"C", name + b"\0" + family + where, macros)

    def helo(self, name: bytes = b"client.test", macros: Macros | None = None) -> Answer:
        """The client says HELO or EHLO."""
        return self.command(b"H", name + b"\0", macros)

    def mail(self, sender: bytes, *parameters: bytes, macros: Macros | None = None) -> Answer:
        """MAIL FROM, brackets included."""
        return self.command(b"M", b"".join(word + b"\0" for word in (sender, *parameters)), macros)

    def rcpt(self, recipient: bytes, *parameters: bytes, macros: Macros | None = None) -> Answer:
        """RCPT TO, brackets included."""
        return self.command(b"R", b"".join(word + b"\0" for word in (recipient, *parameters)), macros)

    def data(self, macros: Macros | None = None) -> Answer:
        """DATA."""
        return self.command(b"T", b"", macros)

    def header(self, name: bytes, value: bytes, macros: Macros | None = None) -> Answer:
        """One header field; *value* is all that follows the colon, folds as LF."""
        if not self.steps & LEADING_SPACE:
            value = value.removeprefix(b" ")
        return self.command(b"L", b"%b\0%b\0" % (name, value), macros)

    def end_of_headers(self, macros: Macros | None = None) -> Answer:
        """The blank line."""
        return self.command(b"N", b"", macros)

    def body(self, octets: bytes) -> Answer:
        """The body, in chunks as MTAs send them; the first answer that is not CONTINUE."""
        for start in range(0, len(octets), CHUNK):
            answer = self.command(b"B", octets[start : start + CHUNK])
            if answer.verdict != "continue":
                return answer
        return CONTINUE

    def end_of_message(self, macros: Macros | None = None) -> Answer:
        """The final dot."""
        return self.command(b"E", b"", macros)

    def abort(self) -> None:
        """The transaction ends here (RSET, a refusal); the connection stays.  There is no answer."""
        self.send(b"A")

    def new_connection(self) -> None:
        """The SMTP connection ends and the milter's stays for another one (SMFIC_QUIT_NC)."""
        self.send(b"K")

    def quit(self) -> None:
        """The connection ends."""
        self.send(b"Q")
        self.close()

    def transaction(self, mail: Mail) -> Answer:
        """*mail* from MAIL to end-of-message: that answer, or the first that stops the transaction.

        A refused recipient stops it only if no recipient is left, as in an MTA.
        """
        answer = self._before_body(mail)
        if not answer.goes_on:
            return answer
        answer = self.body(mail.body)
        return self.end_of_message(mail.macros.get(b"E")) if answer.goes_on else answer

    def _before_body(self, mail: Mail) -> Answer:
        macros = mail.macros
        answer = self.mail(mail.sender, macros=macros.get(b"M"))
        if not answer.goes_on:
            return answer
        recipients = [self.rcpt(recipient, macros=macros.get(b"R")) for recipient in mail.recipients]
        if recipients and not any(answer.goes_on for answer in recipients):
            return recipients[-1]
        answer = self.data(macros.get(b"T"))
        if not answer.goes_on:
            return answer
        for name, value in mail.headers:
            answer = self.header(name, value, macros.get(b"L"))
            if not answer.goes_on:
                return answer
        return self.end_of_headers(macros.get(b"N"))


def _connect(address: str, seconds: float) -> socket.socket:
    kind, _, rest = address.partition(":")
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        try:
            connection.connect(rest)
        except OSError:
            connection.close()
            raise
        return connection
    port, _, host = rest.partition("@")
    connection = socket.create_connection((host or "127.0.0.1", int(port)), seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _wanted(lists: bytes) -> Iterator[tuple[bytes, Sequence[bytes]]]:
    """The macros a milter asked for: stage number, names separated by white space, NUL; repeated."""
    while lists:
        (stage,) = struct.unpack("!I", lists[:4])
        names, _, lists = lists[4:].partition(b"\0")
        yield _STAGES[stage], names.replace(b",", b" ").split()
