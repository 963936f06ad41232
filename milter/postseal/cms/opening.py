"""Takes the layers of S/MIME off a message: decrypts, decompresses, looks at signatures.

Only what is the whole of an entity is taken off, never a part of a multipart: to decrypt parts that stand
among others is to read them out to whoever wrote the others (EFAIL).  A signature around a part only is
none.  No message makes this raise, whatever it is; what goes wrong is a fault of a layer, and the message
then stays as it came.  It writes to the spool, and waits for nothing but the keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from postseal.body import Body, Spool
from postseal.cms import content, decompression, decryption, encoding, entity, verification
from postseal.cms import field as fields
from postseal.cms.ber import Malformed
from postseal.cms.decryption import CannotOpen, Legacy
from postseal.cms.keyring import KeyRing, Keys
from postseal.cms.layer import Broken, Compressed, Encrypted, Layer, Opened, Signed
from postseal.cms.scanner import Mark, Scanner
from postseal.errors import Failure
from postseal.message import Header, Message

LAYERS = 8
"""Layers that are taken off one message; triple wrapping needs three."""

_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_IDENTITIES = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Opener:
    """How messages are opened.  *largest*: octets that a compressed entity may have."""

    spool: Spool
    keys: Keys = field(default_factory=KeyRing, repr=False)
    legacy: Legacy = Legacy.REFUSED
    largest: int = 256 << 20

    def open(self, message: Message) -> Opened:
        """*message* with its layers off.  May raise Failure, if the keys do."""
        around = entity.outer(message)
        layers: list[Layer] = []
        current, deliverable = entity.inner(message), message
        while len(layers) < LAYERS:
            layer, inner = self._outermost(current)
            if layer is None:
                break
            layers.append(layer)
            if inner is None:
                break
            current = inner
            if isinstance(layer, Encrypted):
                deliverable = _within(around, current)
        else:
            layers.append(Broken(f"it has more than {LAYERS} layers"))
        found = _within(around, current) if layers else message
        return Opened(found, deliverable, current, tuple(layers))

    def _outermost(self, one: Message) -> tuple[Layer | None, Message | None]:
        """The outermost layer of the entity *one*, and what is in it; None for either that is not there."""
        kind = fields.parametrized(one.first("Content-Type") or b"")
        if _ambiguous(one):
            return None, None
        try:
            if kind.value == "multipart/signed" and _protocol(kind) in _SIGNATURES:
                return self._clear_signed(one, kind.parameters.get("boundary", b"").rstrip())
            if kind.value in _PKCS7 or (kind.value == "application/octet-stream" and _named_p7m(one, kind)):
                return self._enclosed(one)
        except Malformed as malformed:
            return Broken(str(malformed)), None
        return None, None

    def _enclosed(self, one: Message) -> tuple[Layer, Message | None]:
        info = content.read(self._decoded(one))
        tree, inside = info.tree, info.content
        if isinstance(inside, content.Compressed):
            body = decompression.decompressed(tree, inside, spool=self.spool, largest=self.largest)
            return Compressed(), _parsed(body)
        if isinstance(inside, content.Signed):
            signed = verification.around(tree, inside)
            if inside.content is None:
                return signed, None
            return signed, _parsed(self._spooled(tree.stream(inside.content)))
        facts = decryption.facts(tree, inside)
        try:
            plain = decryption.opened(tree, inside, self.keys, spool=self.spool, legacy=self.legacy)
        except (CannotOpen, Malformed) as error:
            return Encrypted(facts, fault=str(error)), None
        return Encrypted(facts, plain.certificate), _parsed(plain.body)

    def _clear_signed(self, one: Message, boundary: bytes) -> tuple[Layer, Message | None]:
        parts = _two_parts(one.body, boundary)
        if isinstance(parts, str):
            return Signed(clear=True, fault=parts), None
        first, second = parts
        signature = _parsed(second)
        kind = fields.media_type(signature.first("Content-Type") or b"")
        if kind not in _SIGNATURES:
            return Signed(clear=True, fault="its second part is no signature"), None
        info = content.read(self._decoded(signature))
        if not isinstance(info.content, content.Signed):
            return Signed(clear=True, fault="its second part is no signature"), None
        return verification.beside(info.tree, info.content, first), _parsed(first)

    def _decoded(self, one: Message) -> Body:
        """The octets that the body of *one* stands for."""
        name = fields.parametrized(one.first("Content-Transfer-Encoding") or b"").value
        if name in _IDENTITIES:
            return one.body
        if name == "base64":
            return self._spooled(encoding.from_base64(one.body.pieces()))
        if name == "quoted-printable":
            return self._spooled(encoding.from_quoted_printable(one.body.pieces()))
        raise Malformed("its transfer encoding is none that we know")

    def _spooled(self, pieces: Iterator[bytes]) -> Body:
        draft = self.spool.draft()
        for piece in pieces:
            draft.write(piece)
        return draft.body()


def _within(around: tuple[Header, ...], one: Message) -> Message:
    """The entity *one* as a message; what stands in its header beside MIME fields proves nothing."""
    return Message(around + entity.inner(one).headers, one.body)


def _two_parts(body: Body, boundary: bytes) -> tuple[Body, Body] | str:
    """The two parts of a multipart/signed, each with its header; or why it has not two, and nothing else."""
    scanner = Scanner(body)
    opens, closes = b"--" + boundary, b"--" + boundary + b"--"
    marks: list[Mark] = []
    while len(marks) < 4 and (mark := scanner.delimiter({opens, closes})):
        marks.append(mark)
    if not boundary or [mark.text for mark in marks] != [opens, opens, closes]:
        return "it has not two parts"
    first, second, last = marks
    # Thunderbird and OpenSSL write a line in front, for programs that know no MIME; behind, lists add theirs.
    if body.read(last.after, last.after + 4096).strip() or body.size - last.after > 4096:
        return "text stands behind what is signed"
    return body.part(first.after, second.before), body.part(second.after, max(last.before, second.after))


def _parsed(body: Body) -> Message:
    """The MIME entity that *body* is.  Raises Malformed if its header is too long to be one."""
    try:
        block = Scanner(body).header_block(())
    except Failure:
        raise Malformed("its header is too long") from None
    headers = tuple(Header(header.name, header.value) for header in block.headers)
    return Message(headers, body.part(block.start))


def _ambiguous(one: Message) -> bool:
    """Whether programs may disagree about what the entity is."""
    return any(len(one.all(name)) > 1 for name in ("Content-Type", "Content-Transfer-Encoding"))


def _protocol(kind: fields.Parametrized) -> str:
    return kind.parameters.get("protocol", b"").decode("latin-1").lower()


def _named_p7m(one: Message, kind: fields.Parametrized) -> bool:
    disposition = fields.parametrized(one.first("Content-Disposition") or b"")
    filename = disposition.parameters.get("filename") or kind.parameters.get("name", b"")
    return filename.lower().endswith((b".p7m", b".p7z"))
