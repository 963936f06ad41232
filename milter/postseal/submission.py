"""Hands a copy to the MTA's listener without this milter, by SMTP (RFC 5321).

A copy keeps the parameters of its message: RET, ENVID, NOTIFY, ORCPT (RFC 3461), SMTPUTF8 (RFC 6531),
8BITMIME (RFC 6152), REQUIRETLS (RFC 8689); a listener that cannot take what is needed is an error, not a
reason to leave it out.  Ends in one of three ways: accepted; not accepted for sure (`Failure`); or nobody
knows, because the connection broke after the last octet and before the answer (`Unknown`).
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from postseal.body import PIECE
from postseal.envelope import Envelope
from postseal.errors import Cause, Failure
from postseal.guard.own import TLS, unquotable
from postseal.guard.trace import Guard
from postseal.message import Header, Message
from postseal.outcome import Copy
from postseal.required_tls import RequiredTls, asks_for_a_certificate
from postseal.settings.tls import Mta

_OF_MAIL: Final = ("RET", "ENVID")
_OF_RCPT: Final = ("NOTIFY", "ORCPT")


End = Callable[[socket.socket], tuple[int, bytes] | None]
"""Ends a submission over its connection; what the listener said.  None: it has done nothing."""


class Unknown(Failure):
    """The copy may or may not have been accepted."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A listener: *host* and *port*; every step must be answered within *timeout* seconds.

    *name*: who we say we are, in HELO and in the trace line.  *guard*: marks that line, so that we know the
    copy if the listener gives it to us; None: we are to treat it as any other mail then.  *requiretls*: ask
    the servers behind as well for the TLS that a copy needs (RFC 8689), if the listener can pass that on.
    *mta*: whose listener it is, for that is how it is told of this TLS.
    """

    host: str
    port: int
    timeout: float
    name: str
    guard: Guard | None
    requiretls: bool = False
    mta: Mta = Mta.POSTFIX

    def keeps(self, copy: Copy) -> bool:
        """Whether *copy* may stay with the MTA in place of the message that it has."""
        # Sendmail learns at the beginning of a transaction which TLS its message needs.
        return not copy.back and (copy.tls is None or self.mta is Mta.POSTFIX)

    def submit(
        self,
        copy: Copy,
        envelope: Envelope,
        at: datetime,
        may_end: Callable[[], object],
        end: End | None = None,
    ) -> None:
        """Hand over *copy*; on return the listener has taken it for every recipient.

        *may_end* is called before the last line, which is what makes the listener take it; if that raises,
        the listener has not taken it.  *end* sends that line and hears the reply in our place.
        """
        by_name = copy.tls if self.mta is Mta.SENDMAIL else None
        written = copy.message.without(TLS) if by_name else copy.message
        mark = ""
        if self.guard:
            mark = self.guard.mark(written, envelope.sender, copy.recipients, name=self.name, at=at)
        message = _traced(written, envelope, self.name, at, mark=mark)
        try:
            if by_name:
                self.assure(by_name)
            name = by_name.transport if by_name else self.name
            client = smtplib.SMTP(self.host, self.port, name, timeout=self.timeout)
            try:
                if client.sock:  # or the last line waits 40 ms for the delayed ACK of what went before
                    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _judge("EHLO", *client.ehlo(), expected=250)
                self._envelope(client, copy, envelope)
                _ask(client, "DATA", expected=354)
                for piece in _stuffed(message.pieces()):
                    client.send(piece)
                may_end()
                self._finish(client, end)
            finally:
                # Whatever becomes of them, they must not make an accepted copy look like a refused one.
                with suppress(OSError, smtplib.SMTPException):
                    client.putcmd("QUIT")
                with suppress(OSError):
                    client.close()
        except (OSError, smtplib.SMTPException) as error:
            raise Failure(Cause.SUBMISSION, f"{self.host}:{self.port}: {error}") from error

    def assure(self, required: RequiredTls) -> None:
        """Raise Failure unless Sendmail knows this TLS: only its rules refuse this sender, with this word."""
        # Not in the session of the copy: Sendmail would remember the refusal, and take a later one that is
        # temporary for permanent (its process has one exit status).
        with smtplib.SMTP(self.host, self.port, self.name, timeout=self.timeout) as client:
            client.ehlo()
            code, text = client.docmd("MAIL", f"FROM:<{required.transport}@postseal.invalid>")
        if code < 500 or f" {required.transport} is kept to".encode() not in text:
            detail = f"Sendmail does not know {required.transport}: the rules of contrib/sendmail are missing"
            raise Failure(Cause.SUBMISSION, detail)

    def _envelope(self, client: smtplib.SMTP, copy: Copy, envelope: Envelope) -> None:
        words, message = [], copy.message
        recipients = [recipient.address for recipient in copy.recipients]
        given = {word.partition("=")[0].upper() for word in envelope.parameters}
        if "REQUIRETLS" in given:
            _secure(client)
            words.append(_needed(client, "REQUIRETLS"))
        elif self.requiretls and asks_for_a_certificate(message):
            _secure(client)
            if client.has_extn("REQUIRETLS"):  # without it our field still sees to the next server
                words.append("REQUIRETLS")
        if "SMTPUTF8" in given or not "".join([envelope.sender, *recipients]).isascii():
            words.append(_needed(client, "SMTPUTF8"))
            client.command_encoding = "utf-8"
        if "BODY=8BITMIME" in (word.upper() for word in envelope.parameters) or not _is_ascii(message):
            _needed(client, "8BITMIME")
            words.append("BODY=8BITMIME")
        parameters = envelope.parameters
        if unquotable(message) and envelope.sender and client.has_extn("DSN"):
            # A bounce would quote in clear what was encrypted when it came, or must not travel without TLS.
            parameters = tuple(word for word in parameters if not word.upper().startswith("RET="))
            parameters += ("RET=HDRS",)
        words += _kept(client, parameters, _OF_MAIL)
        _ask(client, "MAIL", f"FROM:<{envelope.sender}>", *words, expected=250)
        for recipient in copy.recipients:
            kept = _kept(client, recipient.parameters, _OF_RCPT)
            _ask(client, "RCPT", f"TO:<{recipient.address}>", *kept, expected=250)

    def _finish(self, client: smtplib.SMTP, end: End | None) -> None:
        try:
            plain = client.sock if not isinstance(client.sock, ssl.SSLSocket) else None
            told = end(plain) if end and plain else None  # nobody else can go on with a session of TLS
            if told is None:
                client.send(b".\r\n")
                told = client.getreply()
            code, text = told
        except (OSError, smtplib.SMTPException) as error:
            detail = f"{self.host}:{self.port}: no answer to the end of data: {error}"
            raise Unknown(Cause.SUBMISSION, detail) from error
        _judge("end of data", code, text, expected=250)


def _ask(client: smtplib.SMTP, *words: str, expected: int) -> None:
    try:
        code, text = client.docmd(" ".join(words))
    except (
        UnicodeError,
        ValueError,
    ) as error:  # an address with octets or line ends that no command can hold
        raise Failure(Cause.SUBMISSION, f"{words[0]}: {type(error).__name__}") from None
    _judge(words[0], code, text, expected=expected)


def _judge(what: str, code: int, text: bytes, *, expected: int) -> None:
    if code != expected and not (expected == 250 and code == 251):
        cause = Cause.SUBMISSION if code < 500 else Cause.SUBMISSION_REFUSED
        raise Failure(cause, f"{what} was answered {code} {text.decode('utf-8', 'replace')}")


def _secure(client: smtplib.SMTP) -> None:
    """Begin TLS, without which no server announces REQUIRETLS (RFC 8689 §4.1)."""
    if client.has_extn("STARTTLS") and not client.has_extn("REQUIRETLS"):
        # It is this host that we speak to, and its certificate is for another name than that of the loopback.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        _judge("EHLO", *client.ehlo(), expected=250)


def _needed(client: smtplib.SMTP, extension: str) -> str:
    if not client.has_extn(extension):
        raise Failure(Cause.SUBMISSION, f"the listener does not offer {extension}, which the mail needs")
    return extension


def _kept(client: smtplib.SMTP, parameters: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    kept = [word for word in parameters if word.partition("=")[0].upper() in names]
    if kept:
        _needed(client, "DSN")
    return kept


def _is_ascii(message: Message) -> bool:
    return all(piece.isascii() for piece in message.pieces())


def _traced(message: Message, envelope: Envelope, name: str, at: datetime, *, mark: str) -> Message:
    """*message* below a trace line of ours (RFC 5321 §4.4): the MTA's own is hidden from milters."""
    clauses = f"by {name} (Postseal) id {envelope.queue_id or 'unknown'}"
    comment = f"\r\n\t({mark})" if mark else ""
    line = f"{clauses}{comment};\r\n\t{format_datetime(at)}"
    return Message(
        (Header(b"Received", b" " + line.encode("ascii", "replace")), *message.headers), message.body
    )


def _stuffed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """*pieces* with dots doubled at the beginning of lines (RFC 5321 §4.5.2), ending in CRLF."""
    tail = b"\r\n"
    for whole in pieces:
        for start in range(0, len(whole), PIECE):
            piece = whole[start : start + PIECE]
            text = (tail + piece).replace(b"\r\n.", b"\r\n..")[len(tail) :]
            tail = (tail + piece)[-2:]
            yield text
    if tail != b"\r\n":
        yield b"\r\n"
