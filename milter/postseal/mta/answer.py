"""What we tell the MTA at end-of-message: edits, or a refusal.

Every edit is made ready before the first is sent, so nothing but the connection can fail half-way;
and the body comes last, all its pieces in a row (Postfix refuses anything between them).
"""

from collections.abc import Iterable
from typing import Protocol

from postseal.edits import (
    AddRecipient,
    AppendHeader,
    ChangeHeader,
    ChangeSender,
    DeleteHeader,
    DeleteRecipient,
    Edit,
    InsertHeader,
    ReplaceBody,
)
from postseal.errors import Cause, Failure
from postseal.outcome import Reply

_BODY_PIECE = 65_535
"""The largest piece that every MTA takes (milter protocol, MILTER_CHUNK_SIZE)."""


class Edits(Protocol):
    """The calls of a milter session that change the message."""

    def addheader(self, field: str, value: str, idx: int = -1) -> object:
        """Add a field: at *idx* from the top, by default at the end."""
        ...

    def chgheader(self, field: str, idx: int, value: str) -> object:
        """Change the *idx*-th field of that name, or delete it if *value* is empty."""
        ...

    def addrcpt(self, rcpt: str) -> object:
        """Put a recipient on the envelope."""
        ...

    def delrcpt(self, rcpt: str) -> object:
        """Take a recipient off the envelope."""
        ...

    def chgfrom(self, sender: str, params: str | None = None) -> object:
        """Tell the sender again, with ESMTP parameters."""
        ...

    def replacebody(self, body: bytes) -> object:
        """The next piece of the new body."""
        ...


Prepared = tuple[tuple[Edit, tuple[str, str]], ...]
"""Edits with the words to send for them."""


def prepared(edits: Iterable[Edit], *, with_leading_space: bool) -> Prepared:
    """*edits*, ready to be sent.  Raises Failure(UNWRITABLE) if one cannot be told."""

    def words(edit: Edit) -> tuple[str, str]:
        match edit:
            case ReplaceBody():
                return "", ""
            case DeleteHeader(_, name):
                return _text(name), ""
            case AddRecipient(address) | DeleteRecipient(address):
                return f"<{_text(address.encode('utf-8', 'surrogateescape'))}>", ""
            case ChangeSender(address, parameters):
                return f"<{_text(address.encode('utf-8', 'surrogateescape'))}>", parameters
            case InsertHeader(header) | AppendHeader(header) | ChangeHeader(_, header):
                value = header.value if with_leading_space else header.value.removeprefix(b" ")
                # The MTA folds with LF; CR LF would arrive as CR CR LF on the wire.
                return _text(header.name), _text(value.replace(b"\r\n", b"\n")) or " "  # "" would delete

    return tuple((edit, words(edit)) for edit in edits)


def send(ready: Prepared, session: Edits) -> None:
    """Tell the MTA what is *ready*."""
    for edit, (name, value) in ready:
        match edit:
            case InsertHeader():
                session.addheader(name, value, 0)
            case AppendHeader():
                session.addheader(name, value)
            case ChangeHeader(index) | DeleteHeader(index):
                session.chgheader(name, index, value)
            case AddRecipient():
                session.addrcpt(name)
            case ChangeSender():
                session.chgfrom(name, value)
            case DeleteRecipient():
                session.delrcpt(name)
            case ReplaceBody(body):
                if not body.size:
                    session.replacebody(b"")
                for piece in body.pieces(size=_BODY_PIECE):
                    session.replacebody(piece)


def _text(octets: bytes) -> str:
    # pymilter takes text and encodes it as strict UTF-8; a NUL would end it early.
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failure(
            Cause.UNWRITABLE, f"a header field to be written is not UTF-8: {error.reason}"
        ) from None
    if "\0" in text:
        raise Failure(Cause.UNWRITABLE, "a header field to be written holds a NUL")
    return text


def reply_arguments(reply: Reply) -> tuple[str, str, str]:
    """*reply* as libmilter takes it: no line end, every per cent sign doubled, at most 980 octets."""
    text = " ".join(reply.text.split())
    octets = text.encode("utf-8", "replace")[:900]
    return str(reply.code), reply.status, octets.decode("utf-8", "ignore").replace("%", "%%")
