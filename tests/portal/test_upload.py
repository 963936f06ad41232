"""Forms are read as they come, however they are cut; nothing hostile gets through, nor into memory."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forms import BOUNDARY, KIND, cut, file, form, text
from postseal.body import Spool
from postseal.errors import Cause, Failure
from postseal.portal.field import Container, Declared, Files, Form, Text
from postseal.portal.reader import Reader
from postseal.portal.refusal import Reason, Refused
from postseal.portal.upload import Patience, received
from postseal.sealed.armor import armored

FIELDS: Declared = {"text": Text(100), "subject": Text(20), "files": Files(2, 1000, 1500)}
WHOLE = form(
    text("subject", "Grüße"),
    text("text", "One.\r\n--\r\n\r\nTwo."),
    file("files", 'a "b".txt', b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n", "text/plain"),
    file("files", "", b""),
)


async def stream(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(
    octets: bytes | Iterable[bytes],
    declared: Declared = FIELDS,
    *,
    kind: str = KIND,
    spool: Spool | None = None,
) -> Form:
    pieces = [octets] if isinstance(octets, bytes) else octets
    return asyncio.run(received(stream(pieces), kind, declared, spool=spool or Spool()))


def refusal(octets: bytes | Iterable[bytes], declared: Declared = FIELDS, *, kind: str = KIND) -> Refused:
    with pytest.raises(Refused) as raised:
        read(octets, declared, kind=kind)
    assert raised.value.sentence.isprintable()
    return raised.value


def shown(form: Form) -> object:
    return form.texts, [(each.name, each.kind, each.body.read()) for each in form.files]


def test_form_of_a_browser() -> None:
    assert shown(read(WHOLE)) == (
        {"subject": "Grüße", "text": "One.\r\n--\r\n\r\nTwo."},
        [('a "b".txt', "text/plain", b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n")],
    )


def test_form_is_the_same_wherever_it_is_cut() -> None:
    whole = shown(read(WHOLE))

    for place in range(1, len(WHOLE)):
        reader = Reader(BOUNDARY, FIELDS, Spool())
        reader.feed(WHOLE[:place])
        reader.feed(WHOLE[place:])
        assert shown(reader.end()) == whole
    for size in (1, 2, 3, 7):
        reader = Reader(BOUNDARY, FIELDS, Spool())
        for piece in cut(WHOLE, size):
            reader.feed(piece)
        assert shown(reader.end()) == whole


def test_form_cut_off_anywhere_is_refused() -> None:
    last = WHOLE.rindex(b"--")
    for place in range(last + 2):
        assert refusal(WHOLE[:place]).reason is Reason.CUT_OFF, place


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (form(text("text", "a" * 101)), Reason.TEXT_TOO_LONG),
        (form(text("text", b"caf\xe9")), Reason.NOT_TEXT),
        (form(text("text", "a"), text("text", "b")), Reason.MALFORMED),
        (form(text("other", "a")), Reason.MALFORMED),
        (form(file("files", "a", bytes(1001))), Reason.FILE_TOO_LARGE),
        (form(file("files", "a", bytes(800)), file("files", "b", bytes(701))), Reason.FILES_TOO_LARGE),
        (form(*(file("files", "a", b"1") for _ in range(3))), Reason.TOO_MANY_FILES),
        (form(*(file("files", "a", b"") for _ in range(3))), Reason.TOO_MANY_FILES),
        (form(*(file("files", "", b"") for _ in range(9))), Reason.TOO_MANY),
        (WHOLE.replace(BOUNDARY.encode(), b"other"), Reason.CUT_OFF),
        (WHOLE + bytes(1_000_000), Reason.TOO_MANY),
        (bytes(1_000_000) + b"\r\n" + WHOLE, Reason.TOO_MANY),
        (b"x" + WHOLE, Reason.MALFORMED),
        (WHOLE.replace(b"\r\n", b"\n"), Reason.MALFORMED),
        (WHOLE.replace(b"form-data;", b"attachment;"), Reason.MALFORMED),
        (WHOLE.replace(b"Content-Disposition", b"Content-Disposition" + b"x" * 5000), Reason.TOO_MANY),
        (WHOLE.replace(b"Content-Type:", b"X:\r\n" * 20 + b"Content-Type:"), Reason.TOO_MANY),
        (WHOLE.replace(b"Content-Type: text/plain", b"no field"), Reason.MALFORMED),
        (WHOLE.replace(b'name="text"', b""), Reason.MALFORMED),
        (WHOLE.replace(b'name="text"', b'name="te\xffxt"'), Reason.MALFORMED),
        (b"--" + BOUNDARY.encode() + b"\r\n" + b"A: " + b"a" * 100_000, Reason.TOO_MANY),
    ],
)
def test_form_hostile_or_too_large_is_refused(octets: bytes, reason: Reason) -> None:
    assert refusal(octets).reason is reason
    assert refusal(cut(octets, 11)).reason is reason


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "multipart/mixed; boundary=" + BOUNDARY,
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\nb"',
        "multipart/form-data; boundary=äöü",
        "application/x-www-form-urlencoded",
    ],
)
def test_form_of_another_kind_is_refused(kind: str) -> None:
    assert refusal(WHOLE, kind=kind).reason is Reason.NO_FORM


def test_form_within_a_part_is_octets_like_others() -> None:
    inner = WHOLE.replace(BOUNDARY.encode(), b"inner")
    octets = form(file("files", "a", inner, "multipart/mixed; boundary=inner"))

    assert [each.body.read() for each in read(octets).files] == [inner]


def test_refusal_holds_the_texts_that_came_before_and_says_what_is_too_large() -> None:
    octets = form(text("text", "long work"), file("files", "big {x}.bin", bytes(1001)), text("subject", "s"))

    refused = refusal(cut(octets, 100))

    assert refused.texts == {"text": "long work"}
    assert refused.sentence.startswith("The file “big {x}.bin” is larger than 1000 bytes.")
    assert (refused.status, str(refused)) == (413, "file_too_large")


def test_refusal_comes_after_the_browser_has_sent_everything() -> None:
    sent: list[bytes] = []

    def pieces() -> Iterable[bytes]:
        for piece in cut(form(text("other", "x"), file("files", "a", bytes(900))), 64):
            sent.append(piece)
            yield piece

    assert refusal(pieces()).reason is Reason.MALFORMED
    assert b"".join(sent).endswith(b"--\r\n")


def test_refusal_does_not_wait_for_what_has_no_end() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield form(text("other", "x"))
        while True:
            sent += 1 << 16
            yield bytes(1 << 16)

    with pytest.raises(Refused):
        asyncio.run(received(endless(), KIND, FIELDS, spool=Spool()))
    assert sent < 1 << 20


def test_urlencoded_is_read_for_texts_alone() -> None:
    kind = "application/x-www-form-urlencoded"
    declared = {"a": Text(10), "b": Text(10)}
    for asked, reason in (
        ({"a": "x" * 11}, Reason.TEXT_TOO_LONG),
        ({"a": "x" * 10_000_000}, Reason.TEXT_TOO_LONG),
        ({"c": "x"}, Reason.MALFORMED),
        ({"a": b"\xff"}, Reason.MALFORMED),
        ([("a", "1"), ("a", "2")], Reason.MALFORMED),
    ):
        assert refusal(cut(urlencode(asked).encode(), 1000), declared, kind=kind).reason is reason

    assert read(urlencode({"a": "ä b", "b": ""}).encode(), declared, kind=kind).texts == {"a": "ä b", "b": ""}
    assert read(b"", declared, kind=kind).texts == {}
    assert refusal(b"x=" + b"&" * 100, declared, kind=kind).reason is Reason.TEXT_TOO_LONG


@given(st.binary(max_size=400), st.integers(1, 50))
def test_container_arrives_however_it_is_written(octets: bytes, size: int) -> None:
    written = b"".join(armored([octets])).replace(b"\n", b"\r\n")
    came: list[bytes] = []
    declared = {"p": Container(came.append, 400)}

    read(cut(form(text("p", b"\r\n" + written)), size), declared)

    assert b"".join(came) == octets


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"ab=c", Reason.NOT_SEALED),
        (b"abcd+/", Reason.NOT_SEALED),
        (b"abcde", Reason.NOT_SEALED),
        ("é".encode(), Reason.NOT_SEALED),
        (b"A" * 136, Reason.TOO_LARGE),
        (b" " * 100_000, Reason.TOO_LARGE),
    ],
)
def test_container_that_is_none_or_too_large_is_refused(written: bytes, reason: Reason) -> None:
    declared = {"p": Container(lambda _: None, 100)}

    assert refusal(form(text("p", written)), declared).reason is reason


def test_failure_of_a_sink_goes_through_after_the_rest_was_read() -> None:
    def full(_: bytes) -> None:
        raise Failure(Cause.STORE, "no answer")

    sent: list[bytes] = []

    def pieces() -> Iterable[bytes]:
        for piece in cut(form(text("p", b"A" * 300_000)), 70_000):
            sent.append(piece)
            yield piece

    with pytest.raises(Failure):
        read(pieces(), {"p": Container(full, 300_000)})
    assert len(sent) == 5


def test_slow_browser_is_let_go() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield WHOLE[:10]
        await asyncio.sleep(600)

    async def dripping() -> AsyncIterator[bytes]:
        for piece in cut(WHOLE * 100, 1):
            yield piece
            await asyncio.sleep(0.01)

    for source, patience in ((slow(), Patience(0.05, 9.0)), (dripping(), Patience(9.0, 0.1))):
        with pytest.raises(Refused) as raised:
            asyncio.run(received(source, KIND, FIELDS, spool=Spool(), patience=patience))
        assert raised.value.reason is Reason.TOO_SLOW


@given(st.lists(st.sampled_from([b"\r\n", b"--", BOUNDARY.encode(), b"-", b"\r", b"\n", b"x", b"\0", b": "])))
@example([b"--", BOUNDARY.encode(), b"--"])
def test_octets_of_all_kinds_are_read_or_refused(pieces: list[bytes]) -> None:
    start = WHOLE[: WHOLE.index(b"One.")]
    for octets in (b"".join(pieces), start + b"".join(pieces), WHOLE + b"".join(pieces)):
        with suppress(Refused):
            read([octets])


@given(st.data())
def test_one_octet_changed_is_read_or_refused(data: st.DataObject) -> None:
    octets = bytearray(WHOLE)
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):  # and nothing else
        read(cut(bytes(octets), data.draw(st.integers(1, 100))))


def test_file_is_on_disk_encrypted_only(tmp_path: Path) -> None:
    marker = b"Nobody may find this. " * 20_000
    declared = {"files": Files(1, 1 << 20, 1 << 20)}

    form_ = read(cut(form(file("files", "a", marker)), 1000), declared, spool=Spool(tmp_path, 1 << 20))

    assert form_.files[0].body.read() == marker
    held = list(Path("/proc/self/fd").iterdir())
    spooled = [each for each in held if str(tmp_path) in os.path.realpath(each)]
    assert spooled
    assert not any(marker[:20] in each.read_bytes() for each in spooled)
    assert not list(tmp_path.iterdir())


def test_memory_for_25_mib_is_less_than_20() -> None:
    program = Path(__file__).parent.parent / "upload_memory.py"
    told = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, timeout=300)

    for line in told.stdout.splitlines():
        what, octets = line.split()
        assert int(octets) < 20 << 20, (what, octets)
    assert len(told.stdout.splitlines()) == 2
