"""`edits`: applied to the old message by the MTA's rules, they must give the new one, and be few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import Body
from postseal.edits import AppendHeader, ChangeHeader, DeleteHeader, Edit, InsertHeader, ReplaceBody, edits
from postseal.message import Header, Message

BODY = Body.of(b"hello\r\n")


def message(*fields: str, body: Body = BODY) -> Message:
    headers = (field.split(":", 1) for field in fields)
    return Message(tuple(Header(name.encode(), value.encode()) for name, value in headers), body)


def applied(old: Message, changes: list[Edit], *, renumber: bool) -> Message:
    """*old* after *changes*: Postfix renumbers fields after a deletion, Sendmail leaves a gap."""
    headers: list[Header | None] = list(old.headers)
    names = [header.name for header in old.headers]
    body = old.body

    def position(name: bytes, index: int) -> int:
        places = [at for at, known in enumerate(names) if known.lower() == name.lower()]
        if renumber:
            places = [at for at in places if headers[at] is not None]
        return places[index - 1]

    for edit in changes:
        match edit:
            case InsertHeader(header):
                headers.insert(0, header)
                names.insert(0, header.name)
            case AppendHeader(header):
                headers.append(header)
                names.append(header.name)
            case ChangeHeader(index, header):
                headers[position(header.name, index)] = header
            case DeleteHeader(index, name):
                headers[position(name, index)] = None
            case ReplaceBody(body):
                pass
    return Message(tuple(header for header in headers if header is not None), body)


def per_name(of: Message) -> dict[bytes, list[Header]]:
    names = {header.name.lower() for header in of.headers}
    return {name: [header for header in of.headers if header.name.lower() == name] for name in names}


fields = st.lists(
    st.builds(
        "{}: {}".format, st.sampled_from(["A", "a", "B", "Subject", "Received"]), st.sampled_from("uvwxyz")
    ),
    max_size=9,
)


@given(fields, fields, st.booleans())
def test_edits_any_two_messages_lead_from_one_to_the_other(
    old_fields: list[str], new_fields: list[str], renumber: bool
) -> None:
    old, new = message(*old_fields), message(*new_fields)

    result = applied(old, edits(old, new), renumber=renumber)

    assert per_name(result) == per_name(new)
    assert result.body is new.body


@given(fields)
def test_edits_same_message_are_none(same: list[str]) -> None:
    assert edits(message(*same), message(*same)) == []


@given(fields, st.sets(st.integers(0, 8)))
def test_edits_kept_fields_stay_in_their_order(old_fields: list[str], dropped: set[int]) -> None:
    old = message(*old_fields)
    new = message(*(field for at, field in enumerate(old_fields) if at not in dropped))

    result = applied(old, edits(old, new), renumber=True)

    assert [h.value for h in result.headers] == [h.value for h in new.headers] or per_name(
        result
    ) == per_name(new)
    assert len(edits(old, new)) <= len(old.headers) - len(new.headers)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            ["Subject: a", "To: b"], ["Subject: c", "To: b"],
            [ChangeHeader(1, Header(b"Subject", b" c"))], id="change",
        ),
        pytest.param(
            ["X: 1", "X: 2", "X: 3"], ["X: 2"],
            [DeleteHeader(3, b"X"), DeleteHeader(1, b"X")], id="last-first",
        ),
        pytest.param(
            ["A: 1", "B: 2"], ["T: 0", "A: 1", "B: 2", "C: 3"],
            [AppendHeader(Header(b"C", b" 3")), InsertHeader(Header(b"T", b" 0"))], id="top-and-end",
        ),
        pytest.param(
            ["Received: 1", "A: 1"], ["Received: 0", "Received: 1", "A: 1"],
            [InsertHeader(Header(b"Received", b" 0"))], id="trace-on-top",
        ),
        pytest.param(
            ["X: 1", "X: 2", "X: 3", "X: 4"], ["X: 2", "X: 4"],
            [DeleteHeader(3, b"X"), DeleteHeader(1, b"X")], id="delete-two-of-four",
        ),
        pytest.param(["a: 1"], ["A: 1"], [ChangeHeader(1, Header(b"A", b" 1"))], id="spelling"),
        pytest.param([], ["A: 1"], [AppendHeader(Header(b"A", b" 1"))], id="first-header"),
    ],
)  # fmt: skip
def test_edits_known_pairs_are_the_fewest(old: list[str], new: list[str], expected: list[Edit]) -> None:
    assert edits(message(*old), message(*new)) == expected


def test_edits_another_body_comes_last() -> None:
    body = Body.of(b"other")

    result = edits(message("A: 1", "B: 2"), message("A: 1", "C: 3", body=body))

    assert result == [DeleteHeader(1, b"B"), AppendHeader(Header(b"C", b" 3")), ReplaceBody(body)]


def test_edits_ten_thousand_equal_fields_are_quick() -> None:
    old = message(*["X: a"] * 10_000)
    new = message(*["X: b"] * 9_000)

    result = edits(old, new)

    assert len(result) == 10_000
    assert applied(old, result[:0], renumber=True).headers == old.headers
