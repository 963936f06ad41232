import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal import document
from postseal.document import Entry, Mapping, Scalar, Sequence
from postseal.errors import BadInput, Place


def problems(octets: bytes) -> list[str]:
    with pytest.raises(BadInput) as raised:
        document.parse(octets, "f")
    return [str(problem) for problem in raised.value.problems]


def test_parse_keeps_places_and_text():
    node = document.parse(b"a: no\nb: [012, '']\n", "f")

    assert node == Mapping(
        (
            Entry(Scalar("a", Place("f", 1, 1)), Scalar("no", Place("f", 1, 4))),
            Entry(
                Scalar("b", Place("f", 2, 1)),
                Sequence(
                    (Scalar("012", Place("f", 2, 5)), Scalar("", Place("f", 2, 10), plain=False)),
                    Place("f", 2, 4),
                ),
            ),
        ),
        Place("f", 1, 1),
    )


def test_parse_counts_columns_in_characters():
    node = document.parse("ключ: [é, x]".encode(), "f")

    assert isinstance(node, Mapping)
    assert isinstance(node.entries[0].value, Sequence)
    assert node.entries[0].value.items[1].place == Place("f", 1, 11)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "f: the file is empty", id="empty"),
        pytest.param("# only a comment\n", "f: the file is empty", id="comment"),
        pytest.param("---\n", "f: the file is empty", id="null-document"),
        pytest.param("a: 1\nb: 2\na: 3", "f:3:1: key 'a' was given at f:1:1 already", id="duplicate"),
        pytest.param("a: 1\n---\nb: 2", "f:2:1: a second document begins here", id="second-document"),
        pytest.param("a: &x [1]", "f:1:4: anchor '&x' is not supported", id="anchor"),
        pytest.param("a: *x", "f:1:4: alias '*x' is not supported", id="alias"),
        pytest.param("a: !!int 1", "f:1:4: tag 'tag:yaml.org,2002:int' is not supported", id="tag"),
        pytest.param("<<: {b: 1}", "f:1:1: merge key '<<' is not supported", id="merge"),
        pytest.param("? [a]\n: b", "f:1:3: a key must be a word", id="list-key"),
        pytest.param("[" * 40, "f:1:33: nested more than 32 levels deep", id="deep"),
        pytest.param("a: \x00", "f:1:4: control or invisible character U+0000", id="nul"),
        pytest.param(
            "é\nab\u202ecd: x\ufeff", "f:2:9: control or invisible character U+FEFF", id="inner-bom"
        ),
    ],
)
def test_parse_refuses(text: str, expected: str):
    first, _, hint = problems(text.encode())[0].partition("\n  hint: ")

    assert first == expected
    assert hint


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        pytest.param("a:\n\tb: 1", "f:2:1", "indent with spaces, not with tabs", id="tab"),
        pytest.param('a: "\\d"', "f:1:5", "put patterns and backslashes in single quotes", id="escape"),
        pytest.param("a: *.b", "f:1:5", "put text that begins with a special character in quotes", id="star"),
        pytest.param("a: @b", "f:1:4", "put text that begins with a special character in quotes", id="at"),
        pytest.param(
            "a: b: c", "f:1:5", "put text that contains ': ' in quotes, or mend the indentation", id="colon"
        ),
        pytest.param(
            "a: [b\nc: d",
            "f:2:2",
            "mend the indentation, brackets or quotes here or just above",
            id="bracket",
        ),
    ],
)
def test_parse_syntax_error_has_place_and_hint(text: str, place: str, hint: str):
    (problem,) = problems(text.encode())

    assert problem.startswith(f"{place}: not valid YAML: ")
    assert problem.endswith(f"hint: {hint}")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"\xef\xbb\xbfa: 1", "f:1:1: the file begins with a byte order mark", id="utf-8-bom"),
        pytest.param(
            "a: 1".encode("utf-16"), "f:1:1: the file begins with a byte order mark", id="utf-16-bom"
        ),
        pytest.param(b"a: 1\nb: caf\xe9", "f:2:7: not UTF-8: octet 0xe9", id="latin-1"),
    ],
)
def test_parse_refuses_other_encodings(octets: bytes, expected: str):
    assert problems(octets)[0].startswith(expected)


def test_parse_reports_all_problems_at_once():
    assert len(problems(b"a: &x 1\nb: *x\nb: !y z\n")) == 4


def test_parse_aliases_cannot_multiply():
    bomb = "a: &a [x, x]\n" + "".join(f"k{i}: &b{i} [*a, *a, *a]\n" for i in range(100))

    assert len(problems(bomb.encode())) == 401


def test_load_reports_what_the_file_system_says(tmp_path: Path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(document.MAX_BYTES + 1)

    for path, expected in [
        (tmp_path, "this is a directory, not a file"),
        (tmp_path / "none", "there is no such file"),
        (large, "the file is larger than 16 MiB"),
        (Path("/dev/null"), "this is a special file, not a file"),
    ]:
        with pytest.raises(BadInput) as raised:
            document.load(path)
        assert str(raised.value).startswith(f"{path}: {expected}\n  hint: ")


@given(
    st.binary(max_size=200) | st.text(alphabet="ab:-[]{}\"'&*!#|>%@\n\t ,?~<", max_size=80).map(str.encode)
)
def test_parse_raises_nothing_but_bad_input(octets: bytes):
    with contextlib.suppress(BadInput):
        document.parse(octets, "f")
