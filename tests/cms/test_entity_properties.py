"""Whatever an entity looks like, its canonical form holds the same and is final."""

import email
import email.policy

from hypothesis import given, settings
from hypothesis import strategies as st

from postseal.body import Body, Spool
from postseal.cms import encoding
from postseal.cms.entity import canonical
from postseal.cms.mime import Kind, walk
from postseal.message import Header, Message

MIXED = Header.of("Content-Type", "multipart/mixed; boundary=b")
HTML = Header.of("Content-Type", "text/html; charset=utf-8")
BINARY = Header.of("Content-Type", "application/octet-stream")


def entity(body: bytes, *headers: Header) -> Message:
    return Message(headers, Body.of(body))


def raw(message: Message) -> bytes:
    return b"".join(message.pieces())


LINES = st.sampled_from(
    [
        *(b"--a", b"--b", b"--b--", b"--a--", b"--ab", b"", b"", b"text", b" folded", b"nonfield \xfc"),
        *(b"From me", b"\xfctext", b"blank ", b"x" * 1200, b"x" * 75 + b"--a", b"N\0L", b"=2D-a=\xfc"),
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: multipart/digest; boundary=b",
        b"Content-Type: multipart/signed; boundary=ab",
        b"Content-Type: message/rfc822",
        b"Content-Type: application/pdf",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: 8bit",
    ]
)
BODIES = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])), max_size=40).map(
    lambda lines: b"".join(line + end for line, end in lines)
)
HEADERS = st.sampled_from([MIXED, HTML, BINARY, Header.of("Content-Type", "message/rfc822")])


def decoded_leaves(message: Message) -> list[tuple[str, bytes]]:
    """Content type and content of each leaf; line ends, which a text may lose, as LF."""
    leaves = []
    for part in walk(message.headers, message.body, opaque=frozenset({"multipart/signed"})):
        if part.kind is Kind.LEAF:
            pieces = message.body.pieces(part.start, part.stop)
            if part.encoding == "base64":
                pieces = encoding.from_base64(pieces)
            elif part.encoding == "quoted-printable":
                pieces = encoding.from_quoted_printable(pieces)
            leaves.append((part.content_type, b"".join(encoding.crlf(pieces))))
    return leaves


@settings(max_examples=400)
@given(BODIES, HEADERS)
def test_canonical_form_of_any_body_keeps_the_leaves_and_is_final(body: bytes, header: Header) -> None:
    given = entity(body, header)

    found = canonical(given, Spool(None, threshold=64))

    octets = raw(found)
    assert decoded_leaves(found) == decoded_leaves(given)
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    assert canonical(found, Spool()).body is found.body


TEXTS = st.lists(
    st.sampled_from([b"x", b"", b"--q1", b"-- ", b"From me", b"\xc3\xbc", b"y" * 1000, b"="])
).map(b"\r\n".join)


def well_formed(depth: int) -> st.SearchStrategy[bytes]:
    """Entities as programs write them, apart from what makes them unsafe to sign."""
    leaf = st.builds(
        lambda kind, content: b"Content-Type: " + kind + b"\r\n\r\n" + content.replace(b"--q", b"==q"),
        st.sampled_from([b"text/plain; charset=utf-8", b"application/pdf"]),
        TEXTS,
    )
    if not depth:
        return leaf
    boundary = b"q%d" % depth
    return leaf | st.lists(well_formed(depth - 1), min_size=1, max_size=3).map(
        lambda entities: (
            b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n" % boundary
            + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in entities)
            + b"--"
            + boundary
            + b"--\r\n"
        )
    )


@given(well_formed(3))
def test_canonical_form_is_7bit_and_the_standard_library_reads_the_same(octets: bytes) -> None:
    head, _, body = octets.partition(b"\r\n\r\n")
    name, _, value = head.partition(b":")

    found = raw(canonical(entity(body, Header(name, value)), Spool()))

    def payloads(message: bytes) -> list[bytes]:
        parts = email.message_from_bytes(message, policy=email.policy.compat32).walk()
        return [part.get_payload(decode=True) for part in parts if not part.is_multipart()]

    assert payloads(found) == payloads(octets)
    assert found.isascii()
    assert max(map(len, found.split(b"\r\n"))) <= 998
