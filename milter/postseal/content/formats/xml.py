"""Text and properties out of XML, without entities of the document's own and without a tree in memory."""

from collections.abc import Callable, Mapping
from xml.parsers import expat

from postseal.content.inspection import unsupported

Start = Callable[[str, Mapping[str, str]], object]
End = Callable[[str], object]


def parse(octets: bytes, start: Start, end: End, text: Callable[[str], object]) -> None:
    """Tell *start*, *end* and *text* what is in the document; names come without their namespace.

    Raises Unread at a declaration of entities: documents need none, and they could unfold without end.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16

    def declared(*_: object) -> None:
        raise unsupported("its XML declares entities")

    parser.EntityDeclHandler = declared
    parser.StartElementHandler = lambda name, attributes: start(
        name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    try:
        parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise unsupported(
            f"its XML is malformed ({expat.errors.messages.get(error.code, 'unknown')})"
        ) from None


def text(
    octets: bytes, *, within: frozenset[str], breaks: Mapping[str, str], written: Mapping[str, str]
) -> str:
    """The characters that stand in elements *within* (empty: in any), with white space where elements end.

    *breaks*: what follows an element of that name.  *written*: attributes to read, by the element's name.
    """
    pieces: list[str] = []
    inside = 0 if within else 1

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        inside += name in within
        if name in written and (value := attributes.get(written[name])):
            pieces.append(f"\n{value}\n")

    def end(name: str) -> None:
        nonlocal inside
        inside -= name in within
        if name in breaks:
            pieces.append(breaks[name])

    parse(octets, start, end, lambda characters: pieces.append(characters) if inside else None)
    return "".join(pieces)


def properties(octets: bytes, *, named_by: str = "") -> dict[str, str]:
    """The text of each element by its name, or by its attribute *named_by*."""
    found: dict[str, str] = {}
    names = [""]

    def start(name: str, attributes: Mapping[str, str]) -> None:
        # A value may stand in an element of its type: <property name="A"><lpwstr>x</lpwstr></property>.
        names.append(attributes.get(named_by, "") or (names[-1] if named_by and names[-1] else name))

    def text(characters: str) -> None:
        if characters.strip() and len(found) < 1000:
            found[names[-1]] = found.get(names[-1], "") + characters

    parse(octets, start, lambda _: names.pop(), text)
    return found
