"""Whatever somebody sends, there is an answer in words, and never a fault of ours."""

import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from demo.visitor import Visitor
from portal_place import Place, path_of
from postseal.portal.app import WAYS

ODD = (
    *(
        "",
        "0",
        "..",
        "%2e%2e",
        "%00",
        "%ff%fe",
        quote("é😀"),
        "a" * 3000,
        "9" * 5000,
        "-1",
        "0x10",
        "1e9",
        "null",
    ),
    *(
        "%0d%0aSet-Cookie:%20a=b",
        "<script>",
        "{handle}",
        "{{7*7}}",
        "A" * 22,
        "A" * 21 + "-",
        "0" * 32,
        "F" * 32,
    ),
)
COOKIES = ("", "a", "=" * 43, "A" * 43, "é" * 43, '"' + "A" * 43 + '"', "A" * 5000)
KINDS = (
    *("", "text/plain", "application/json", "application/x-www-form-urlencoded; charset=utf-7"),
    *("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 71),
    *("multipart/form-data; boundary=b", "application/x-www-form-urlencoded"),
)
BODIES = (
    *(b"", b"a", b"\0" * 100, b"address=%ff%fe", b"address=a%00@b.example", b"token=" + b"x" * 99),
    *(
        b"&" * 900,
        b"code=" + b"9" * 99,
        b"--b\r\n",
        b"--b--",
        b"--b\r\nContent-Disposition: form-data\r\n\r\n",
    ),
    b'--b\r\nContent-Disposition: form-data; name="p"\r\n\r\n!!!!\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n\xff\xfe\r\n--b--\r\n',
)
LANGUAGES = ("", "de", "*;q=", "a" * 3000, ",;=" * 300, "de;q=NaN", "de;q=inf", "\xe9")


def requests(paths: list[str], number: int) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """Odd requests, the same every time."""
    chance = random.Random(20261128)
    for _ in range(number):
        path = chance.choice(paths)
        method = chance.choice(("GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"))
        fields = {
            "Content-Type": chance.choice(KINDS),
            "Accept-Language": chance.choice(LANGUAGES),
            "Sec-Fetch-Site": chance.choice(("same-origin", "same-origin", "cross-site", "\xe9")),
        }
        if cookie := chance.choice(COOKIES):
            fields["Cookie"] = f"__Host-postseal={cookie}".encode().decode("latin-1")
        yield method, path, chance.choice(BODIES), fields


@pytest.mark.slow
def test_odd_requests_are_answered_in_words_and_leave_no_fault(here: Place) -> None:
    known = path_of(here.sealed(to=("odd@one.test",)))
    paths = [known + ending for ending in ("", "/address", "/code", "/body", "/message.eml", "/reply")]
    for way in WAYS:
        for odd in ODD:
            path = way.path.replace("{handle}", odd).replace("{number}", odd).replace("{provider}", odd)
            paths += [path.replace("{word}", odd), f"{path}?{odd}"]
    before = here.portal.log().count("portal_fault")
    seen: dict[int, int] = {}

    for method, path, body, fields in requests(paths, 900):
        visitor = Visitor(here.portal.port)
        answer = visitor.ask(method, path, body, fields)
        seen[answer.status] = seen.get(answer.status, 0) + 1
        assert answer.status < 500, (method, path[:80], fields, body[:40])
        assert answer.fields["Content-Security-Policy"], (method, path[:80])

    assert here.portal.log().count("portal_fault") == before
    assert {200, 400, 403, 404, 405, 415} <= seen.keys()
