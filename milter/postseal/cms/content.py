"""What a CMS message is (RFC 5652 §3): its content type, and the parts of each content that we read.

The parts are elements of a tree; a message that is not built as its RFC says raises Malformed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from postseal.body import Body
from postseal.cms import der
from postseal.cms.ber import Element, Malformed, Tree

RECIPIENTS = 1000
"""RecipientInfos that are looked at in one message."""

SIGNERS = 32
"""SignerInfos that are looked at in one message."""

CERTIFICATES = 100
"""Certificates that are taken out of one message."""


class ContentType(StrEnum):
    """The content types that S/MIME has (RFC 8551 §2.4), by their object identifiers."""

    SIGNED = "1.2.840.113549.1.7.2"
    ENVELOPED = "1.2.840.113549.1.7.3"
    AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"
    COMPRESSED = "1.2.840.113549.1.9.16.1.9"


_TYPES = {der.oid(content_type)[2:]: content_type for content_type in ContentType}
_DATA = der.oid("1.2.840.113549.1.7.1")[2:]


class Fields:
    """The elements within one, taken from the front."""

    def __init__(self, element: Element) -> None:
        self._children: Iterator[Element] = iter(element.children)
        self._next = next(self._children, None)

    def take(self, *tags: int) -> Element:
        """The next element, which has one of *tags*.  Raises Malformed if it has not."""
        if (found := self.maybe(*tags)) is None:
            raise Malformed("an element is missing")
        return found

    def maybe(self, *tags: int) -> Element | None:
        """The next element if it has one of *tags*, and it is taken then."""
        found = self._next
        if found is None or found.tag not in tags:
            return None
        self._next = next(self._children, None)
        return found


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: the content octets of its identifier, and its parameters if there are any."""

    oid: bytes
    parameters: Element | None
    element: Element

    @classmethod
    def of(cls, tree: Tree, element: Element) -> "Algorithm":
        """Read from a SEQUENCE."""
        if not element.children or len(element.children) > 2 or element.children[0].tag != 0x06:
            raise Malformed("an algorithm has no name")
        parameters = element.children[1] if len(element.children) == 2 else None
        return cls(tree.octets(element.children[0]), parameters, element)


@dataclass(frozen=True, slots=True)
class Envelope:
    """EnvelopedData or AuthEnvelopedData; *content* are the encrypted octets.

    *authenticated*: the authAttrs of an AuthEnvelopedData; *tag*: its mac.
    """

    recipients: tuple[Element, ...]
    algorithm: Algorithm
    content: Element
    authenticated: Element | None = None
    tag: bytes | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """SignedData; *content* is None if the signature stands beside it."""

    content_type: bytes
    content: Element | None
    certificates: tuple[Element, ...]
    signers: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Compressed:
    """CompressedData."""

    content: Element


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """A whole CMS message, and the tree that its elements are of."""

    tree: Tree
    content: Envelope | Signed | Compressed


def read(body: Body) -> ContentInfo:
    """The CMS message that *body* is.  Raises Malformed if it is none, or one of another type."""
    tree = Tree(body)
    if tree.root.tag != der.SEQUENCE:
        raise Malformed("it does not begin as CMS does")
    fields = Fields(tree.root)
    content_type = _TYPES.get(tree.octets(fields.take(0x06)))
    if content_type is None:
        raise Malformed("its content type is none of S/MIME")
    inner = Fields(fields.take(0xA0)).take(der.SEQUENCE)
    if content_type is ContentType.SIGNED:
        return ContentInfo(tree, _signed(tree, Fields(inner)))
    if content_type is ContentType.COMPRESSED:
        return ContentInfo(tree, _compressed(tree, Fields(inner)))
    return ContentInfo(tree, _envelope(tree, Fields(inner), content_type))


def _envelope(tree: Tree, fields: Fields, content_type: ContentType) -> Envelope:
    fields.take(0x02)
    fields.maybe(0xA0)  # OriginatorInfo
    recipients = fields.take(der.SET).children
    if len(recipients) > RECIPIENTS:
        raise Malformed(f"it has more than {RECIPIENTS} recipients")
    info = Fields(fields.take(der.SEQUENCE))
    if tree.octets(info.take(0x06)) != _DATA:
        raise Malformed("what is encrypted is not called data")
    algorithm = Algorithm.of(tree, info.take(der.SEQUENCE))
    content = info.take(0x80, 0xA0)
    if content.children:
        raise Malformed("the encrypted octets are no string")
    if content_type is ContentType.ENVELOPED:
        return Envelope(recipients, algorithm, content)
    authenticated = fields.maybe(0xA1)
    return Envelope(recipients, algorithm, content, authenticated, tree.octets(fields.take(0x04)))


def _signed(tree: Tree, fields: Fields) -> Signed:
    fields.take(0x02)
    fields.take(der.SET)
    info = Fields(fields.take(der.SEQUENCE))
    content_type = tree.octets(info.take(0x06))
    explicit = info.maybe(0xA0)
    certificates = fields.maybe(0xA0)
    fields.maybe(0xA1)  # revocation lists: we get our own
    signers = fields.take(der.SET).children
    if len(signers) > SIGNERS:
        raise Malformed(f"it has more than {SIGNERS} signers")
    sent = tuple(one for one in (certificates.children if certificates else ()) if one.tag == der.SEQUENCE)
    if len(sent) > CERTIFICATES:
        raise Malformed(f"it has more than {CERTIFICATES} certificates")
    return Signed(content_type, _string(explicit) if explicit else None, sent, signers)


def _compressed(tree: Tree, fields: Fields) -> Compressed:
    fields.take(0x02)
    if Algorithm.of(tree, fields.take(der.SEQUENCE)).oid != der.oid("1.2.840.113549.1.9.16.3.8")[2:]:
        raise Malformed("it is compressed in a way that we do not know")
    info = Fields(fields.take(der.SEQUENCE))
    if tree.octets(info.take(0x06)) != _DATA:
        raise Malformed("what is compressed is not called data")
    return Compressed(_string(info.take(0xA0)))


def _string(explicit: Element) -> Element:
    """The one OCTET STRING within [0]."""
    if explicit.pieces and len(explicit.pieces) == 2 and not explicit.children:
        start, stop = explicit.pieces
        return Element(0x04, explicit.start, start, stop, stop, (), None)
    if explicit.pieces or len(explicit.children) != 1 or explicit.children[0].tag != 0x24:
        raise Malformed("the content is not one string")
    return explicit.children[0]
