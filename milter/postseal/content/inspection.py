"""Looks into one file and all files within it; runs in a process of its own (see `child`).

A format has a reader, `Reader`; what a reader raises tells how far it came.  Every limit is one for the
whole inspection, so that ten files of ten files cost no more than a hundred.  Whatever is reached or
goes wrong, the file and those around it say so in their state: nothing is passed over in silence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from postseal.content import characters, html, kind
from postseal.content.item import Item, State
from postseal.errors import Failure
from postseal.settings.extraction import Extraction

_SHOWN_AS_HTML = frozenset({"htm", "html", "xhtml", "shtml", "mht", "mhtml"})


class Unread(Exception):
    """A file that cannot be read; *state* says why in a word."""

    def __init__(self, state: State, detail: str) -> None:
        self.state = state
        self.detail = detail
        super().__init__(detail)


class Exhausted(Unread):
    """A limit of the whole inspection is reached: nothing more is looked at."""

    def __init__(self, detail: str) -> None:
        super().__init__(State.LIMIT, detail)


def unsupported(detail: str) -> Unread:
    """For a reader that meets what it cannot read."""
    return Unread(State.UNSUPPORTED, detail)


def protected(detail: str = "it is protected with a password") -> Unread:
    """For a reader that would need a password."""
    return Unread(State.PASSWORD, detail)


@dataclass(slots=True)
class Inspection:
    """One inspection under way: what it has found and what it may still spend."""

    limits: Extraction
    readers: Mapping[str, "Reader"]
    items: list[Item] = field(default_factory=list)
    octets: int = 0
    texts: int = 0

    def look(
        self, path: str, octets: bytes, *, depth: int = 0, charset: str = "", declared: str = ""
    ) -> None:
        """Add the file *octets*, called *path*, and all within it.  Raises Exhausted."""
        item = Item(path, kind.kind(octets), len(octets), depth=depth)
        if item.kind == kind.TEXT and (declared == kind.HTML or item.extension in _SHOWN_AS_HTML):
            item.kind = kind.HTML
        if len(self.items) >= self.limits.files:
            raise Exhausted(f"there are more than {self.limits.files} files")
        self.items.append(item)
        visit = Visit(self, item, charset)
        try:
            self._read(octets, visit)
        except Unread as unread:
            item.state, item.detail = unread.state, unread.detail
            if isinstance(unread, Exhausted):
                raise
        except (MemoryError, RecursionError) as error:
            item.state, item.detail = State.LIMIT, type(error).__name__
            raise Exhausted("it needs too much memory") from None
        except Exception as error:  # noqa: BLE001 (strangers wrote the file; the readers are not ours)
            item.state, item.detail = State.UNSUPPORTED, f"it is damaged ({type(error).__name__})"
        finally:
            item.text = "\n".join(visit.texts)

    def _read(self, octets: bytes, visit: "Visit") -> None:
        item = visit.item
        item.opens = item.kind in kind.CONTAINERS
        if item.depth > self.limits.depth:
            raise Unread(State.LIMIT, f"there are more than {self.limits.depth} levels of files")
        if reader := self.readers.get(item.kind):
            reader(octets, visit)
        elif item.kind == kind.TEXT:
            visit.part(octets, visit.charset)
        elif item.kind in {kind.HTML, kind.XML}:
            visit.part(octets, visit.charset, shown=html.visible)
        elif kind.textless(item.kind) or item.kind == kind.ENCRYPTED_CMS:
            item.state = State.TEXTLESS
        else:
            raise unsupported(f"nobody here reads {item.kind}")


@dataclass(slots=True)
class Visit:
    """What a reader may do with the file that it reads."""

    inspection: Inspection
    item: Item
    charset: str = ""
    texts: list[str] = field(default_factory=list)

    def text(self, text: str) -> None:
        """Add *text* to what the file's reader sees."""
        self.inspection.texts += len(text)
        if self.inspection.texts > self.inspection.limits.text:
            raise Exhausted(f"there is more text than {self.inspection.limits.text} characters")
        self.texts.append(text)

    @property
    def room(self) -> int:
        """How many octets may be unpacked yet: read one more than that, and give it to `unpacked`."""
        return self.inspection.limits.unpacked - self.inspection.octets

    def unpacked(self, octets: bytes) -> bytes:
        """*octets*, which were unpacked, if there is room for them."""
        self.inspection.octets += len(octets)
        if self.room < 0:
            raise Exhausted(f"it unpacks to more than {self.inspection.limits.unpacked} octets")
        return octets

    def part(self, octets: bytes, charset: str, *, shown: Callable[[str], str] = str) -> None:
        """Add text in a *charset*, "" if that is not known, the way *shown* makes it visible."""
        try:
            texts = characters.readings(octets, charset) if charset else [characters.of_file(octets)]
        except Failure as failure:
            raise unsupported(failure.detail) from None
        for text in texts:
            self.text(shown(text))

    def inside(self, name: str, octets: bytes) -> None:
        """Look into a file within this one."""
        self.item.opens = True
        self.inspection.look(self._path(name), octets, depth=self.item.depth + 1)

    def unread(self, name: str, size: int, unread: Unread) -> None:
        """Tell of a file within this one that cannot be unpacked."""
        self.item.opens = True
        if len(self.inspection.items) >= self.inspection.limits.files:
            raise Exhausted(f"there are more than {self.inspection.limits.files} files")
        path, depth = self._path(name), self.item.depth + 1
        self.inspection.items.append(Item(path, "", size, unread.state, detail=unread.detail, depth=depth))

    def _path(self, name: str) -> str:
        # No slashes of its own: the last part of a path is the name of the file.
        return f"{self.item.path}/{name.replace(chr(92), '/').rstrip('/').rpartition('/')[2] or 'unnamed'}"[
            -1000:
        ]


Reader = Callable[[bytes, Visit], None]
"""Reads one format: adds the text, the properties and the files within.  Raises what it likes."""
