"""No value breaks out of its log line."""

import pytest

from postseal import log


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<ann@x.example>", "k=<ann@x.example>"),
        ("two words", 'k="two words"'),
        ("a\r\nqueue_id=1", r'k="a\r\nqueue_id=1"'),
        ('say "x"', r'k="say \"x\""'),
        ("\x1b[31m\udcff\0ä\u2028", r'k="\x1b[31m\udcff\x00\xe4\u2028"'),
        (r"back\slash", r'k="back\\slash"'),
    ],
)
def test_line_any_value_stays_on_the_line(value: str, expected: str) -> None:
    assert log.line(k=value) == expected


def test_line_empty_values_are_left_out() -> None:
    assert log.line(a="", b=None, c=0, d=False) == "c=0 d=False"


def test_trace_names_places_but_not_the_text() -> None:
    def fails() -> None:
        raise ValueError("the mail said: secret")

    try:
        fails()
    except ValueError as error:
        text = log.trace(error)

    assert text.startswith("ValueError < test_log.py:")
    assert "(fails)" in text
    assert "secret" not in text
