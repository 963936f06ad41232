"""What Postseal costs a Postfix: accepted messages per second, side by side in one run.

    make bench ARGS=--help

The ways take turns, round by round, on the same machine, so its drift meets all of them; quoted are the
ratios to Postfix without a milter in the same round.  Each message has a connection of its own, as most
mail does.
"""

import argparse
import smtplib
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from demo.gateway import ANN, BOB, SETTINGS, Gateway, gateway
from demo.place import LOOPBACK

NOTHING = "rules: []\n"
HEADER = "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"
SEAL = "rules: [{name: seal, then: [protect: smime]}]\n"
SIGN = "rules: [{name: sign, then: [sign: true]}]\n"
WAYS = {
    "rules: none": (NOTHING, 2),
    "one header added": (HEADER, 2),
    "encrypted, RSA-2048": (SEAL, 2),
    "the same, 1 worker": (SEAL, 1),
    "signed, RSA-2048": (SIGN, 2),
}


def message(size: int) -> bytes:
    """A plain text of about *size* octets."""
    head = f"From: {ANN}\r\nTo: {BOB}\r\nSubject: load\r\n\r\n"
    line = "The quick brown fox jumps over the lazy dog, again and again now.\r\n"
    return (head + line * (size // len(line))).encode()


def rate(port: int, content: bytes, *, messages: int, clients: int) -> float:
    """Accepted messages per second; raises if one is not accepted."""

    def post(_: int) -> None:
        with smtplib.SMTP(LOOPBACK, port, timeout=120) as connection:
            connection.sendmail(ANN, [BOB], content)

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(post, range(messages)):
            pass
    return messages / (time.perf_counter() - begun)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="What Postseal costs a Postfix.")
    parser.add_argument("--messages", type=int, default=300, help="a round and way")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--size", type=int, default=10_240, help="octets of a message")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    content = message(options.size)

    def measure(gate: Gateway, port: int) -> float:
        speed = rate(port, content, messages=options.messages, clients=options.clients)
        gate.sink.take(options.messages, seconds=300)  # the queue is empty again before the next way
        return speed

    with ExitStack() as running:
        gates = {
            name: running.enter_context(
                gateway({"1.yaml": policy}, settings=SETTINGS.replace("workers: 2", f"workers: {workers}"))
            )
            for name, (policy, workers) in WAYS.items()
        }
        base = next(iter(gates.values()))
        ways: dict[str, Callable[[], float]] = {
            "no milter": lambda: measure(base, base.postfix.reinjection_port)
        }
        for name, gate in gates.items():
            ways[name] = lambda gate=gate: measure(gate, gate.postfix.port)  # type: ignore[misc]
        for way in ways.values():
            way()  # warm up
        rounds = [{name: way() for name, way in ways.items()} for _ in range(options.rounds)]
    print(f"{options.messages} messages of {len(content)} octets, {options.clients} clients")
    print(f"{'':24}{'messages/s':>24}{'ratio to no milter':>26}")
    for name in ways:
        speeds = [each[name] for each in rounds]
        ratios = [each[name] / each["no milter"] for each in rounds]
        print(f"{name:24}{_spread(speeds, '.0f'):>24}{_spread(ratios, '.2f'):>26}")


def _spread(values: list[float], form: str) -> str:
    return " / ".join(format(value, form) for value in (min(values), statistics.median(values), max(values)))


main()
