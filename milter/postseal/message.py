"""A message: its header fields in order, byte for byte, and its body.

A message never changes; the methods that "change" one return another that shares whatever stayed
the same.  Nothing is parsed or re-serialised here, so what was not touched leaves as it came.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from postseal.body import Body


@dataclass(frozen=True, slots=True)
class Header:
    """One header field (RFC 5322 §2.2).

    *value*: all octets between the colon and the field's final CRLF; the space after the colon is
    part of it, and folds stand as CRLF.
    """

    name: bytes
    value: bytes

    @classmethod
    def of(cls, name: str, value: str) -> "Header":
        """A field of ours: ASCII text without the leading space; it must not be folded."""
        return cls(name.encode("ascii"), b" " + value.encode("ascii"))

    @property
    def raw(self) -> bytes:
        """The field as it stands on the wire, final CRLF included."""
        return b"%b:%b\r\n" % (self.name, self.value)

    def named(self, *names: str) -> bool:
        """Whether this field bears one of *names*, whatever the case."""
        return self.name.lower().decode("latin-1").strip() in {name.lower() for name in names}


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """An Internet message (RFC 5322): what the MTA has in its queue, or what is to be there."""

    headers: tuple[Header, ...]
    body: Body

    @property
    def header_block(self) -> bytes:
        """All header fields as on the wire, without the blank line."""
        return b"".join(header.raw for header in self.headers)

    @property
    def size(self) -> int:
        """Octets of the whole message, blank line included."""
        return sum(len(h.name) + len(h.value) + 3 for h in self.headers) + 2 + self.body.size

    def pieces(self) -> Iterator[bytes]:
        """The whole message as on the wire, in pieces."""
        yield self.header_block + b"\r\n"
        yield from self.body.pieces()

    def all(self, *names: str) -> tuple[Header, ...]:
        """The fields that bear one of *names*, in order."""
        return tuple(header for header in self.headers if header.named(*names))

    def first(self, name: str) -> bytes | None:
        """The value of the first field *name*, without surrounding white space; None if there is none."""
        return next((header.value.strip() for header in self.headers if header.named(name)), None)

    def without(self, *names: str) -> "Message":
        """This message less every field that bears one of *names*."""
        kept = tuple(header for header in self.headers if not header.named(*names))
        return self if len(kept) == len(self.headers) else replace(self, headers=kept)

    def adding(self, *headers: Header) -> "Message":
        """This message with *headers* after its own."""
        return replace(self, headers=self.headers + headers)

    def with_body(self, body: Body) -> "Message":
        """This message with another body."""
        return replace(self, body=body)
