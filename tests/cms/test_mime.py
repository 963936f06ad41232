"""The map covers the body and finds what mail programs find."""

import email
from email.message import Message as StandardMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body, Spool
from postseal.cms.mime import Kind, Part, parts, walk
from postseal.message import Header, Message

MIXED = Header.of("Content-Type", 'multipart/mixed; boundary="b"')


def message(body: bytes, *headers: Header) -> Message:
    return Message(headers, Body.of(body))


def contents(body: bytes, *headers: Header) -> list[tuple[str, bytes]]:
    return [(part.content_type, body[part.start : part.stop]) for part in parts(message(body, *headers))]


def test_message_without_mime_header_is_one_text_leaf() -> None:
    assert contents(b"--b\r\nhello\r\n") == [("text/plain", b"--b\r\nhello\r\n")]


def test_empty_body_is_one_empty_leaf() -> None:
    assert contents(b"") == [("text/plain", b"")]
    assert contents(b"", MIXED) == [("multipart/mixed", b"")]


def test_leaf_says_what_its_header_says() -> None:
    body = (
        b"--b\r\nContent-Type: Text/HTML;\r\n charset=UTF-8\r\nContent-Transfer-Encoding: BASE64 (c)\r\n"
        b'Content-Disposition: attachment; filename="=?utf-8?q?=C3=BC.html?="\r\n\r\nPGI+\r\n--b--\r\n'
    )

    (part,) = parts(message(body, MIXED))

    assert (part.content_type, part.charset, part.encoding, part.filename) == (
        "text/html",
        "utf-8",
        "base64",
        "ü.html",
    )
    assert body[part.start : part.stop] == b"PGI+"
    assert not part.identity
    assert part.defect == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"]),
        (b"pre\r\n--b\r\n\r\none\r\n--b--\r\nepilogue\r\n--b\r\n\r\nnot a part", [b"one"]),
        (b"--b\n\none\n--b\n\ntwo\n--b--\n", [b"one", b"two"]),
        (b"--b\r\rone\r--b\r\rtwo\r--b--\r", [b"one", b"two"]),
        (b"--b \t\r\n\r\none\r\n--b-- \r\n", [b"one"]),
        (b"--b\r\n\r\none", [b"one"]),
        (b"--b\r\n\r\none\r\n--b", [b"one", b""]),
        (b"--b\r\n\r\none\r\n--bc\r\n x--b\r\n--b--", [b"one\r\n--bc\r\n x--b"]),
        (b"--b\r\n\r\n--b\r\n\r\n\r\n--b--", [b"", b""]),
        (b"--b\r\n--b\r\n--b--", [b"", b""]),
        (b"--b\r\nno header\r\n--b--", [b"no header"]),
    ],
    ids=[
        "two",
        "epilogue",
        "LF",
        "CR",
        "padding",
        "unclosed",
        "cut",
        "prefix",
        "empty",
        "no blank",
        "no header",
    ],
)
def test_multipart_is_cut_at_its_delimiter_lines(body: bytes, expected: list[bytes]) -> None:
    assert contents(body, MIXED) == [("text/plain", content) for content in expected]


def test_nested_boundaries_that_begin_alike_are_told_apart() -> None:
    body = (
        b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\ninner\r\n--bb--\r\n"
        b"--b\r\nContent-Type: multipart/mixed; boundary=b--\r\n\r\n--b----\r\n\r\n"
        b"--b\r\n\r\nlast\r\n--b--\r\n"
    )

    assert contents(body, MIXED) == [
        ("text/plain", b"inner"),
        ("multipart/mixed", b""),
        ("text/plain", b"last"),
    ]


def test_outer_delimiter_ends_an_unclosed_inner_multipart() -> None:
    body = (
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nin\r\n"
        b"--b\r\n\r\n--c\r\nout\r\n--b--"
    )

    assert contents(body, MIXED) == [("text/plain", b"in"), ("text/plain", b"--c\r\nout")]


def test_forwarded_message_is_walked_into() -> None:
    inner = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<b>\r\n"
    body = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"--b--\r\n"

    nodes = list(walk((MIXED,), Body.of(body)))

    assert [(node.kind, node.depth) for node in nodes] == [
        (Kind.MULTIPART, 0),
        (Kind.MESSAGE, 1),
        (Kind.LEAF, 2),
        (Kind.EPILOGUE, 0),
    ]
    assert body[nodes[2].head :].startswith(b"Subject: x")


def test_encoded_message_is_a_leaf() -> None:
    header = Header.of("Content-Type", "message/rfc822"), Header.of("Content-Transfer-Encoding", "base64")

    assert contents(b"U3ViamVjdDogeA==", *header) == [("message/rfc822", b"U3ViamVjdDogeA==")]


def test_parts_of_a_digest_are_messages() -> None:
    body = b"--b\r\n\r\nSubject: x\r\n\r\ntext\r\n--b--\r\n"

    assert contents(body, Header.of("Content-Type", "multipart/digest; boundary=b")) == [
        ("text/plain", b"text")
    ]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x", (Header.of("Content-Type", "multipart/mixed"),)),
        (b"x", (MIXED,)),
        (b"x", (Header.of("Content-Type", "text/plain"), Header.of("Content-type", "text/html"))),
        (b"x", (Header.of("Content-Type", "nonsense"),)),
        (b"--b\r\nnonsense\r\n--b--", (MIXED,)),
    ],
    ids=["no boundary", "no parts", "two types", "no type", "no field"],
)
def test_part_that_programs_read_differently_says_so(body: bytes, headers: tuple[Header, ...]) -> None:
    assert [bool(part.defect) for part in parts(message(body, *headers))] == [True]


def test_opaque_type_is_a_leaf_with_all_its_octets() -> None:
    inside = b"--c\r\n\r\nin\r\n--c--\r\n"
    body = b"--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n" + inside + b"\r\n--b--\r\n"

    nodes = list(walk((MIXED,), Body.of(body), opaque=frozenset({"multipart/signed"})))

    assert [body[node.start : node.stop] for node in nodes if node.kind is Kind.LEAF] == [inside]


def test_spooled_body_has_the_same_map(tmp_path: object) -> None:
    octets = (
        b"".join(b"--b\r\nA: %b\r\n\r\n%b\r\n" % (b"x" * n * 7, b"y" * n * 911) for n in range(400))
        + b"--b--\r\n"
    )
    draft = Spool(None, threshold=10).draft()
    draft.write(octets)

    spooled = list(walk((MIXED,), draft.body()))

    assert spooled == list(walk((MIXED,), Body.of(octets)))
    assert len(spooled) == 402


LINES = st.sampled_from(
    [
        b"--a",
        b"--b",
        b"--b--",
        b"--a--",
        b"--ab",
        b"--",
        b"",
        b"",
        b"text",
        b" folded",
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: multipart/digest; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html",
        b"Content-Type: multipart/signed; boundary=ab",
    ]
)
BODIES = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])), max_size=40).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def tiled(body: bytes, nodes: list[Part]) -> bool:
    """Whether *nodes* lie in order, none over another, with nothing but delimiter lines between them."""
    position = 0
    for node in nodes:
        gap = body[position : node.head].strip(b" \r\n")
        if not position <= node.head <= node.start <= node.stop or (gap and not gap.startswith(b"--")):
            return False
        position = node.stop
    return not body[position:].strip()


@given(BODIES)
def test_map_covers_the_body(body: bytes) -> None:
    nodes = list(walk((MIXED,), Body.of(body)))

    assert tiled(body, nodes)


def well_formed(depth: int) -> st.SearchStrategy[bytes]:
    """Entities as a careful program writes them."""
    text = st.lists(st.sampled_from([b"x", b"", b"--", b"-- ", b"From me"])).map(b"\r\n".join)
    leaf = text.map(lambda content: b"Content-Type: text/plain\r\n\r\n" + content)
    if not depth:
        return leaf
    boundary = b"q%d" % depth
    multipart = st.lists(well_formed(depth - 1), min_size=1, max_size=3).map(
        lambda entities: (
            b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n" % boundary
            + b"".join(b"--" + boundary + b"\r\n" + entity + b"\r\n" for entity in entities)
            + b"--"
            + boundary
            + b"--\r\n"
        )
    )
    forwarded = well_formed(depth - 1).map(lambda entity: b"Content-Type: message/rfc822\r\n\r\n" + entity)
    return leaf | multipart | forwarded


@given(well_formed(4))
def test_well_formed_entity_has_the_parts_that_the_standard_library_finds(entity: bytes) -> None:
    head, _, body = entity.partition(b"\r\n\r\n")
    name, _, value = head.partition(b":")
    header = Header(name, value)

    found = contents(body, header)

    standard: StandardMessage = email.message_from_bytes(entity)
    leaves = [part for part in standard.walk() if not part.is_multipart()]
    assert [(part.get_content_type(), part.get_payload().encode()) for part in leaves] == found
