"""Plain text as HTML."""

import re
import time

import pytest

from postseal.reading.plain import html, linked, unflowed


def links(line: str) -> list[str]:
    return re.findall(r'<a href="([^"]*)"', linked(line))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see https://x.test/a?b=1&c=2.", ["https://x.test/a?b=1&amp;c=2"]),
        ("(https://x.test/a_(b))", ["https://x.test/a_(b)"]),
        ("<https://x.test>", ["https://x.test"]),
        ("www.x.test, and me@x.test!", ["http://www.x.test", "mailto:me@x.test"]),
        ("HTTPS://X.TEST", ["HTTPS://X.TEST"]),
        ("javascript:alert(1) data:text/html,x file:///etc", []),
        ("https://a.test/\"onclick='x'", ["https://a.test/"]),
        ("a@b", []),
        ("https:// http:/x", []),
    ],
)
def test_linked(line: str, found: list[str]):
    assert links(line) == found


def test_markup_is_text():
    assert html("<img src=x onerror=alert(1)>&amp;") == (
        '<p dir="auto">&lt;img src=x onerror=alert(1)&gt;&amp;amp;</p>'
    )


def test_quotations_are_set_in():
    shown = re.sub(r' dir="auto"', "", html("a\n> b\n>> c\n> d\n\ne"))

    assert shown == (
        "<p>a</p><blockquote><p>b</p><blockquote><p>c</p></blockquote><p>d</p></blockquote><p><br></p><p>e</p>"
    )


def test_quotations_have_a_bottom():
    assert html(">" * 1000 + "x").count("<blockquote") == 12


@pytest.mark.parametrize(
    ("text", "delsp", "read"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        ("> q \n> r\ns", False, "> q r\ns"),
        (">> a \n> b", False, ">> a \n> b"),
        (" >no quote", False, ">no quote"),
        ("a \n-- \nme", False, "a \n-- \nme"),
        ("", False, ""),
    ],
)
def test_unflowed(text: str, delsp: bool, read: str):
    assert unflowed(text, delsp=delsp) == read


@pytest.mark.parametrize(
    "piece", ["a", "a.", "http://", "www.", "a@", "@", "(", ">", "> ", "https://a)))", "a@b.", "://", " \n"]
)
def test_time_is_linear(piece: str):
    begin = time.process_time()
    html(unflowed(piece * (1_000_000 // len(piece)), delsp=True))

    assert time.process_time() - begin < 10  # seconds, where quadratic time would take hours
