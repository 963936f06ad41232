"""One connection from the MTA: collects messages, has them treated, answers.

A session decides nothing before end-of-message.  Whatever goes wrong, the MTA is told 451 and keeps
the mail; the answer is never "continue" with half of the edits made.  State of a message begins at
MAIL and ends with its answer or an ABORT (Postfix sends several, Sendmail sometimes none); the
client's belongs to the connection.
"""

import time
from dataclasses import dataclass, field
from typing import Final

import Milter

from postseal import log
from postseal.body import Draft
from postseal.envelope import MACROS, Client, Envelope, Recipient, Tls
from postseal.errors import Cause
from postseal.message import Header, Message
from postseal.mta.answer import reply_arguments, send
from postseal.mta.desk import Desk, Mta, treat
from postseal.mta.report import report
from postseal.mta.rulebook import Rulebook
from postseal.outcome import Held, Reply
from postseal.remedy import deferral


def _written(macro: str) -> str:
    """A macro's name in the milter protocol: in braces, unless it is one letter."""
    return macro if len(macro) == 1 else f"{{{macro}}}"


# At MAIL Postfix knows the TLS session and the login; later it no longer tells, and HELO, where it
# tells by default, is a callback that we must not have: one 8-bit octet in HELO breaks pymilter.
_MACROS: Final = {
    Milter.M_CONNECT: "j {daemon_name}",
    # j is always there, so there is always a list, and libmilter forgets the one of the last message.
    Milter.M_ENVFROM: " ".join(
        [
            *("j", "{auth_authen}", "{tls_version}", "{cipher}", "{cert_subject}", "{mail_addr}"),
            *map(_written, MACROS),
        ]
    ),
    Milter.M_DATA: "i",
    Milter.M_EOM: "i",
}

_HEADER_TOO_LARGE = Reply(552, "5.3.4", "The header of this message is too large.", Cause.LIMIT)
_MESSAGE_TOO_LARGE = Reply(552, "5.3.4", "This message is too large.", Cause.LIMIT)


@dataclass(slots=True)
class _Collected:
    """One message as far as the MTA has told it."""

    sender: str
    parameters: tuple[str, ...]
    client: Client
    rulebook: Rulebook
    draft: Draft
    recipients: list[Recipient] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    header_bytes: int = 0
    began: float = field(default_factory=time.monotonic)


@Milter.header_leading_space  # the space after the colon is the sender's, too
class Session(Milter.Base):  # type: ignore[misc] # pymilter is untyped
    """Any number of messages of one connection, one after the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._client = Client()
        self._listener = ""
        self._message: _Collected | None = None
        self._negotiated = False
        desk.traffic.connection(+1)

    def negotiate(self, options: list[int]) -> int:
        """Ask for the macros we need; an MTA that cannot be asked sends its own choice."""
        answer: int = super().negotiate(options)
        if self._actions & Milter.SETSYMLIST:
            for stage, names in _MACROS.items():
                self._ctx.setsymlist(stage, names)  # pymilter's own wrapper passes bytes and fails
        self._negotiated = True
        return answer

    def connect(self, hostname: str, family: int, hostaddr: object) -> int:
        """Note who the client is; an unknown address family makes a client without an address."""
        address = str(hostaddr[0]) if isinstance(hostaddr, tuple) else ""
        # Sendmail writes IPv6 addresses as "IPv6:2001:db8::1".
        self._client = Client(address.removeprefix("IPv6:"), hostname)
        self._listener = self._macro("{daemon_name}")
        return _CONTINUE

    def envfrom(self, sender: str, *parameters: str) -> int:
        """Begin a message, whether or not the MTA ended the one before."""
        self._end()
        if not self._negotiated:
            # SMFIC_QUIT_NC: pymilter forgot what was agreed, so we would misread the header.  No known
            # MTA does this.
            return self._refuse(deferral(Cause.INTERNAL))
        version = self._macro("{tls_version}")
        tls = Tls(version, self._macro("{cipher}"), self._macro("{cert_subject}")) if version else None
        login = self._macro("{auth_authen}") or None
        macros = tuple((name, told) for name in MACROS if (told := self._macro(_written(name))))
        client = Client(self._client.address, self._client.name, login, tls, macros)
        sender = _bare(sender)
        if sender and "@" not in sender and "@" in (resolved := self._macro("{mail_addr}")):
            sender = resolved  # with the domain that Postfix appends, but only after we have answered
        desk = self._desk
        self._message = _Collected(sender, parameters, client, desk.rulebook, desk.spool.draft())
        desk.traffic.message(+1)
        return _CONTINUE

    def envrcpt(self, recipient: str, *parameters: str) -> int:
        """One recipient that the MTA accepted."""
        message = self._collected()
        # Too many are refused at the end: of a non_smtpd milter Postfix takes no answer to RCPT.
        if len(message.recipients) <= message.rulebook.limits.recipients:
            message.recipients.append(Recipient(_bare(recipient), parameters))
        return _CONTINUE

    @Milter.decode("bytes")  # type: ignore[untyped-decorator] # pymilter is untyped
    def header(self, name: str, value: bytes) -> int:
        """One header field; folds arrive with LF."""
        message = self._collected()
        limits = message.rulebook.limits
        if not self._protocol & Milter.P_HDR_LEADSPC:
            value = b" " + value
        message.header_bytes += len(name) + len(value) + 3
        if len(message.headers) >= limits.headers or message.header_bytes > limits.header_bytes:
            return self._refuse_early(_HEADER_TOO_LARGE)
        message.headers.append(Header(name.encode("utf-8"), value.replace(b"\n", b"\r\n")))
        return _CONTINUE

    def body(self, blk: bytes) -> int:
        """A piece of the body."""
        message = self._collected()
        if message.header_bytes + message.draft.size + len(blk) > message.rulebook.limits.message_bytes:
            return self._refuse_early(_MESSAGE_TOO_LARGE)
        try:
            message.draft.write(blk)
        except OSError as error:
            return self._refuse_early(deferral(Cause.INTERNAL, f"cannot spool: {error}"))
        return _CONTINUE

    def eom(self) -> int:
        """Treat the message and tell the MTA what it becomes."""
        envelope = self._envelope()
        try:
            return self._finish(self._collected(), envelope)
        except Exception as error:  # noqa: BLE001 (the front door: whatever happened, the mail stays with the MTA)
            # Always temporarily: copies may have left, or the MTA may have been told half of the edits.
            reply = deferral(Cause.INTERNAL, log.trace(error))
            report(self._desk.metrics, envelope, [], reply, seconds={})
            return self._refuse(reply)
        finally:
            self._end()

    def abort(self) -> int:
        """Forget the message."""
        self._end()
        return _CONTINUE

    def close(self) -> int:
        """Forget everything."""
        self._end()
        self._desk.traffic.connection(-1)
        return _CONTINUE

    def _finish(self, collected: _Collected, envelope: Envelope) -> int:
        desk, started = self._desk, time.monotonic()
        message = Message(tuple(collected.headers), collected.draft.body())
        with desk.pulse.beating(self.progress):
            leading_space = bool(self._protocol & Milter.P_HDR_LEADSPC)
            holds = bool(self._actions & Milter.QUARANTINE) and not _is_sendmail(envelope.client)
            changes_sender = bool(self._actions & Milter.CHGFROM)
            mta = Mta(leading_space, holds, changes_sender, self._listener)
            done = treat(message, envelope, desk, collected.rulebook, mta=mta)
        told = time.monotonic()
        if isinstance(done.outcome, Reply):
            answer = self._refuse(done.outcome)
        elif done.changes is None:
            answer = int(Milter.DISCARD)  # deleted; or everybody has his copy already, and this is a retry
        else:
            send(done.changes, self)
            if isinstance(done.outcome, Held):
                self.quarantine(" ".join(done.outcome.reason.split()))
            # CONTINUE rather than ACCEPT: some Postfix versions let an ACCEPT reach the next message.
            answer = _CONTINUE
        seconds = {
            "receive": started - collected.began,
            **done.seconds,
            "answer": time.monotonic() - told,
        }
        report(desk.metrics, envelope, done.treatments.values(), done.outcome, seconds=seconds)
        return answer

    def _refuse(self, reply: Reply) -> int:
        self.setreply(*reply_arguments(reply))
        return int(Milter.TEMPFAIL if reply.code < 500 else Milter.REJECT)

    def _refuse_early(self, reply: Reply) -> int:
        """Refuse a message before its end, and forget it."""
        report(self._desk.metrics, self._envelope(), [], reply, seconds={})
        self._end()
        return self._refuse(reply)

    def _envelope(self) -> Envelope:
        message = self._collected()
        recipients = tuple(message.recipients)
        return Envelope(message.sender, recipients, message.client, message.parameters, self._macro("i"))

    def _collected(self) -> _Collected:
        if self._message is None:
            raise RuntimeError("the MTA told of a message that it never began")
        return self._message

    def _end(self) -> None:
        if self._message is not None:
            self._message = None
            self._desk.traffic.message(-1)

    def _macro(self, name: str) -> str:
        """A macro's value, "" if the MTA does not send it; octets that are no UTF-8 become surrogates."""
        try:
            return self.getsymval(name) or ""
        except UnicodeDecodeError as error:
            return error.object.decode("utf-8", "surrogateescape")


_CONTINUE: Final[int] = Milter.CONTINUE


def _bare(path: str) -> str:
    """The address of a MAIL or RCPT path: no brackets, no source route (RFC 5321 §4.1.2, C.)."""
    path = path.strip().removeprefix("<").removesuffix(">").strip()
    if path.startswith("@") and ":" in path:
        path = path.partition(":")[2]
    return path


def _is_sendmail(client: Client) -> bool:
    """Whether the MTA tells a bare version, as Sendmail does: what it holds never comes back to us."""
    return dict(client.macros).get("v", "")[:1].isdigit()
