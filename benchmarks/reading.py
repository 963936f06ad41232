"""What it costs to show a message safely: `make bench-reading`.

By the clock on the wall, because the sanitiser works in a process of its own.  A newsletter of 20 KiB, beside
nh3 alone in our own process; a short text, beside the parser of Python's library; an attachment of 25 MiB,
viewed and streamed, beside base64 alone.  The ratios are what to compare.
"""

import argparse
import base64
import email
import email.policy
import os
import statistics
import time
from collections.abc import Callable

import nh3

from postseal.body import Spool
from postseal.message import Header, Message
from postseal.reading.view import view

SPOOL = Spool(threshold=1 << 16)
ROW = (
    '<tr><td bgcolor="#003366" style="color:#fff;font-size:18px;padding:8px"><b>A heading</b></td></tr>'
    '<tr><td style="padding:8px;font-family:Arial,sans-serif">Some words of <i>text</i> and '
    '<a href="https://shop.test/item?n=1&amp;m=2">a link</a>.<br>'
    '<img src="https://shop.test/p.png" alt="a picture" width="100" height="50"></td></tr>'
)


def mail(content_type: str, octets: bytes) -> Message:
    headers = (
        *(Header.of("From", "Ann <ann@here.test>"), Header.of("To", "Bob <bob@there.test>")),
        *(Header.of("Subject", "words"), Header.of("Date", "Sat, 28 Nov 2026 10:00:00 +0000")),
        *(Header.of("Content-Type", content_type), Header.of("Content-Transfer-Encoding", "base64")),
    )
    draft = SPOOL.draft()
    draft.write(base64.encodebytes(octets).replace(b"\n", b"\r\n"))
    return Message(headers, draft.body())


def seconds(work: Callable[[], object], *, least: float) -> float:
    """The median of the times of *work*, repeated for at least *least* seconds and three times."""
    work()
    taken: list[float] = []
    end = time.perf_counter() + least
    while time.perf_counter() < end or len(taken) < 3:
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def shown(message: Message) -> int:
    return sum(map(len, view(message, SPOOL).document.pieces()))


def saved(message: Message) -> int:
    return sum(map(len, view(message, SPOOL).attachments[0].pieces()))


def parsed(octets: bytes) -> str:
    found = email.message_from_bytes(octets, policy=email.policy.default)
    return str(found["subject"]) + found.get_content()


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    least = arguments.parse_args().seconds
    newsletter = "<table>" + ROW * (20 * 1024 // len(ROW)) + "</table>"
    text = ("A line of text with https://here.test/ in it.\r\n" * 40).encode()
    large = os.urandom(25 << 20)
    encoded = base64.encodebytes(large)
    html, plain = mail("text/html; charset=utf-8", newsletter.encode()), mail("text/plain", text)
    file = mail("application/pdf", large)
    octets = b"".join(plain.pieces())
    figures = (
        ("a newsletter of 20 KiB", lambda: shown(html), "nh3 alone", lambda: nh3.clean(newsletter)),
        ("a text of 2 KiB", lambda: shown(plain), "Python's parser", lambda: parsed(octets)),
        ("25 MiB viewed and saved", lambda: saved(file), "base64 alone", lambda: base64.b64decode(encoded)),
    )
    for what, ours, beside, theirs in figures:
        one, other = seconds(ours, least=least), seconds(theirs, least=least)
        print(
            f"{what:26} {1000 * one:8.2f} ms   {beside:16} {1000 * other:8.2f} ms   {one / other:6.1f} to 1"
        )


if __name__ == "__main__":
    main()
