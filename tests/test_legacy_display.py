"""Hidden header fields at the beginning of the text, and off again; all else stays octet for octet."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal import message_file
from postseal.body import Spool
from postseal.legacy_display import displayed, removed
from postseal.message import Message

SPOOL = Spool(threshold=64)
UTF8 = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
ELEMENT = '<div class="header-protection-legacy-display"><pre>Subject: %s</pre></div>'


def read(text: str | bytes, head: str = "Subject: merger\n") -> Message:
    octets = text if isinstance(text, bytes) else text.encode()
    return message_file.read(io.BytesIO(head.encode() + octets), Spool())


def raw(message: Message) -> bytes:
    return b"".join(message.pieces()).replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("head", "text", "inside"),
    [
        pytest.param("Subject: merger\n", "\nHello.\n", "Subject: merger\n\nHello.\n", id="no-type"),
        pytest.param(
            "Subject: a\n b\nKeywords: x\nComments: y\n",
            "Content-Type: text/plain\n\nHello.\n",
            "Subject: a b\nKeywords: x\nComments: y\n\nHello.\n",
            id="all",
        ),
        pytest.param(
            UTF8,
            "Content-Type: text/plain; charset=us-ascii; format=flowed\n\nHello.\n",
            "Subject: Gr=C3=BC=C3=9Fe\n\nHello.\n",
            id="beyond-ascii",
        ),
        pytest.param(
            UTF8,
            "Content-Type: text/plain; charset=iso-8859-1\n"
            "Content-Transfer-Encoding: quoted-printable\n\n=FC\n",
            "Subject: Gr=C3=BC=C3=9Fe\n\n=C3=BC\n",
            id="latin-1",
        ),
        pytest.param(
            UTF8,
            "Content-Type: text/html; charset=us-ascii\n\n<html><body bgcolor=red><p>x</body>",
            "<body bgcolor=red>" + ELEMENT % "Gr&#252;&#223;e" + "\n<p>x</body>",
            id="html",
        ),
        pytest.param("Subject: <&\n", "Content-Type: text/html\n\n<p>x", ELEMENT % "&lt;&amp;", id="escaped"),
        pytest.param(
            UTF8,
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\naGk=\n",
            base64.b64encode("Subject: Grüße\r\n\r\nhi".encode()).decode(),
            id="base64",
        ),
    ],
)
def test_hidden_fields_begin_the_text_and_go_again(head: str, text: str, inside: str) -> None:
    given = read(text, head)

    shown = displayed(given, SPOOL)

    assert inside in raw(shown).decode()
    assert b'hp-legacy-display="1"' in (shown.first("Content-Type") or b"")
    again = removed(shown, SPOOL)
    assert inside not in raw(again).decode()
    assert b"legacy" not in raw(again)


ALTERNATIVES = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=us-ascii

one
--b
Content-Type: text/html; charset=us-ascii

<p>two
--b--
--a
Content-Type: text/plain
Content-Disposition: attachment; filename=x.txt

three
--a--
"""


def test_every_alternative_shows_them_and_no_attachment() -> None:
    shown = raw(displayed(read(ALTERNATIVES), SPOOL)).decode()

    plain = (
        'Content-Type: text/plain; charset=us-ascii;\n hp-legacy-display="1"\n\nSubject: merger\n\none\n--b'
    )
    assert plain in shown
    assert ELEMENT % "merger" + "\n<p>two\n--b--" in shown
    assert shown.count("merger") == 3
    assert shown.endswith("filename=x.txt\n\nthree\n--a--\n")
    assert raw(removed(displayed(read(ALTERNATIVES), SPOOL), SPOOL)) == raw(read(ALTERNATIVES))


@pytest.mark.parametrize(
    "text",
    [
        "Content-Type: multipart/signed; boundary=a\n\n--a\n\nx\n--a--\n",
        "Content-Type: application/pkcs7-mime\n\nMIA=\n",
        "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n",
        "Content-Type: text/plain; charset=utf-16\n\nx\n",
    ],
)
def test_what_nobody_may_or_can_edit_stays(text: str) -> None:
    assert raw(displayed(read(text), SPOOL)) == raw(read(text))


def test_without_a_subject_nothing_is_shown() -> None:
    assert raw(displayed(read("\nx\n", "From: a@b.c\n"), SPOOL)) == b"From: a@b.c\n\nx\n"


@pytest.mark.parametrize(
    "text",
    [
        "Content-Type: text/plain\n\nSubject: merger\n\nx\n",
        'Content-Type: text/plain; hp-legacy-display="1"\n\nHello.\n\nSubject: merger\n',
        'Content-Type: text/plain; hp-legacy-display="1"\n\nSubject: merger\nHello.\n',
        'Content-Type: text/html; hp-legacy-display="1"\n\n<p>x' + ELEMENT,
    ],
    ids=["unmarked", "elsewhere", "no-blank-line", "html"],
)
def test_text_that_is_no_element_stays(text: str) -> None:
    assert raw(removed(read(text), SPOOL)) == raw(read(text))


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(["plain", "html"]))
def test_any_text_comes_back(subject: str, text: str, kind: str) -> None:
    given = read(
        f"Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n".encode()
        + base64.encodebytes(text.encode()),
        f"Subject: =?utf-8?b?{base64.b64encode(subject.encode()).decode()}?=\n",
    )

    again = removed(displayed(given, SPOOL), SPOOL)

    assert base64.b64decode(again.body.read()) == text.encode()
