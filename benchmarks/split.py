"""What it costs that recipients need different copies: a split, as ratio to the same message unsplit.

    make bench-split ARGS=--help

The ways take turns, message by message, through the same Postfix and the same Postseal, with one client;
each message goes to two recipients.  Unsplit, both get the same; split, one copy stays in Postfix and the
other is submitted, noted in the journal before and after.  Quoted are medians of the time until the sender
has his answer.
"""

import argparse
import smtplib
import statistics
import time

from demo.gateway import ANN, BOB, CAT, SETTINGS, Gateway, gateway
from demo.place import LOOPBACK

EVE = "eve@else.test"
POLICY = """
rules:
  - name: marked for one
    when: {subject_words: marked, recipient: eve@else.test}
    then: [add_header: {X-Marked: 'yes'}]
  - name: marked for both
    when: {subject_words: both}
    then: [add_header: {X-Marked: 'yes'}]
  - name: sealed for one
    when: {subject_words: sealed, recipient: bob@one.test}
    then: [protect: smime]
  - name: sealed for both
    when: {subject_words: closed}
    then: [protect: smime]
"""
WAYS = {
    "both the same, a field added": ("both", BOB),
    "split: a field added for one": ("marked", BOB),
    "both sealed in one copy": ("closed", CAT),
    "split: sealed for one": ("sealed", EVE),
}
"""What the subject asks for, and who is there besides."""
RATIOS = (
    ("split: a field added for one", "both the same, a field added"),
    ("split: sealed for one", "both sealed in one copy"),
)


def message(word: str, number: int, size: int) -> bytes:
    """A plain text of about *size* octets, like no other."""
    head = (
        f"From: {ANN}\r\nTo: {BOB}, {EVE}, {CAT}\r\nSubject: {word}\r\n"
        f"Message-ID: <{number}.{time.time_ns()}@lab.test>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\n"
    )
    line = "The quick brown fox jumps over the lazy dog, again and again now.\r\n"
    return (head + line * (size // len(line))).encode()


def seconds(gate: Gateway, word: str, other: str, *, number: int, size: int) -> float:
    """From the connection to the answer at the end of data."""
    recipients = [BOB, CAT] if other == CAT else [BOB, EVE]
    content = message(word, number, size)
    begun = time.perf_counter()
    with smtplib.SMTP(LOOPBACK, gate.postfix.port, timeout=120) as client:
        client.sendmail(ANN, recipients, content)
        return time.perf_counter() - begun


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="What a split costs.")
    parser.add_argument("--messages", type=int, default=200, help="of each way")
    parser.add_argument("--size", type=int, default=10_240, help="octets of a message")
    options = parser.parse_args()
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    with gateway({"1.yaml": POLICY}, settings=SETTINGS) as gate:
        for number in range(-10, options.messages):
            for name, (word, other) in WAYS.items():
                took = seconds(gate, word, other, number=number, size=options.size)
                if number >= 0:  # the first are to warm up
                    spent[name].append(took)
            gate.sink.take(len(gate.sink.deliveries))
    print(f"{options.messages} messages of {options.size} octets to 2 recipients, one after the other")
    for name, times in spent.items():
        ninety = statistics.quantiles(times, n=10)[-1]
        print(
            f"{name:32}median {1000 * statistics.median(times):6.1f} ms, 90 % within {1000 * ninety:6.1f} ms"
        )
    for split, whole in RATIOS:
        ratio = statistics.median(spent[split]) / statistics.median(spent[whole])
        pairs = [one / other for one, other in zip(spent[split], spent[whole], strict=True)]
        low, _, high = statistics.quantiles(pairs, n=4)
        print(f"{split}: {ratio:.2f} times “{whole}” (quartiles of pairs {low:.2f} to {high:.2f})")


main()
