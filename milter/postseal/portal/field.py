"""The fields that a form of ours may have, and how each is kept while it is read.

Every limit counts while octets come.  Texts stay in memory, files go to drafts, and the text form of a
sealed container is decoded as it comes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from postseal.body import PIECE, Body, Draft
from postseal.portal.refusal import Reason, Refused
from postseal.sealed.armor import Dearmoring, armored_size
from postseal.sealed.container import Tampered


@dataclass(frozen=True, slots=True)
class Text:
    """A field of at most *octets* octets of UTF-8, sent *number* times at most: then lines of one."""

    octets: int = 1000
    number: int = 1


@dataclass(frozen=True, slots=True)
class Files:
    """At most *number* files of at most *octets* octets each, and of *together* octets all together."""

    number: int
    octets: int
    together: int


@dataclass(frozen=True, slots=True)
class Container:
    """The text form of a container of at most *octets* octets, sent once at most; they go to *sink*.

    *sink* is called in a thread, with pieces of any size.
    """

    sink: Callable[[bytes], object] = field(repr=False)
    octets: int


Declared = Mapping[str, Text | Files | Container]


@dataclass(frozen=True, slots=True)
class File:
    """A file as the browser named it, and the type that the browser took it for: both are hearsay."""

    name: str
    kind: str
    body: Body


@dataclass(frozen=True, slots=True)
class Form:
    """What came: texts by the names of their fields, as they were sent; files in order."""

    texts: Mapping[str, str]
    files: tuple[File, ...] = ()


def room(limits: Text | Files | Container) -> int:
    """Octets that a field may have in a request, and a little more."""
    if isinstance(limits, Text):
        return limits.number * (3 * limits.octets + PIECE)
    if isinstance(limits, Files):
        return 2 * limits.together
    return 2 * _armored_room(limits) + 2 * PIECE


def _armored_room(limits: Container) -> int:
    return armored_size(limits.octets) * 5 // 4 + 100  # with whatever line ends


class TextPart:
    """A text on its way."""

    def __init__(self, name: str, limits: Text) -> None:
        self.name = name
        self._limits = limits
        self._octets = bytearray()

    def write(self, octets: bytes) -> None:
        """Take *octets*, the next ones.  Raises Refused."""
        self._octets += octets
        if len(self._octets) > self._limits.octets:
            raise Refused(Reason.TEXT_TOO_LONG, limit=self._limits.octets)

    def text(self) -> str:
        """The text.  Raises Refused if it is none."""
        try:
            return self._octets.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(Reason.NOT_TEXT) from None


@dataclass(slots=True)
class FilePart:
    """A file on its way."""

    field: str
    name: str
    kind: str
    draft: Draft
    limits: Files

    def write(self, octets: bytes) -> None:
        """Take *octets*, the next ones.  Raises Refused, or OSError when the disk is full."""
        if self.draft.size + len(octets) > self.limits.octets:
            raise Refused(Reason.FILE_TOO_LARGE, what=self.name, limit=self.limits.octets)
        self.draft.write(octets)


class ContainerPart:
    """A container on its way."""

    def __init__(self, limits: Container) -> None:
        self._limits = limits
        self._dearmoring = Dearmoring()
        self._size = self._raw = 0

    def write(self, octets: bytes) -> None:
        """Take *octets*, the next ones.  Raises Refused."""
        self._raw += len(octets)
        if self._raw > _armored_room(self._limits):
            raise Refused(Reason.TOO_LARGE, limit=self._limits.octets)
        try:
            self._pass(self._dearmoring.feed(octets))
        except Tampered:
            raise Refused(Reason.NOT_SEALED) from None

    def end(self) -> None:
        """Pass on what is left.  Raises Refused, and what the sink raises."""
        try:
            self._pass(self._dearmoring.end())
        except Tampered:
            raise Refused(Reason.NOT_SEALED) from None

    def _pass(self, octets: bytes) -> None:
        self._size += len(octets)
        if self._size > self._limits.octets:
            raise Refused(Reason.TOO_LARGE, limit=self._limits.octets)
        if octets:
            self._limits.sink(octets)
