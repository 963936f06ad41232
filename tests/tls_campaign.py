"""`make tls-wire`: mixed recipients, policies reloaded every second: what is on the wire in clear?

Every message goes to some servers that a rule requires TLS for, and to some for which none does.  All that
Postfix sends to the servers is captured.  Ends with 0 only if the text of no message went in clear to a
server for which TLS was required, and everybody who can be reached so got his copy, once.
"""

import argparse
import itertools
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from demo.place import open_directory
from tls_wired import Wired, wired
from wire import Wire

FREE = ("expired", "wrongname", "danebogus")
"""Servers to which mail goes in clear, although they offer TLS."""
NEED = ("plain", "stripped", "old", "selfsigned", "right", "danevalid", "daneinvalid")
ARRIVES = {"encrypt": {"selfsigned", "right", "danevalid", "daneinvalid"}, "dane-only": {"danevalid"}}
_DOMAINS = ", ".join(f"{kind}.test" for kind in NEED)
POLICY = "rules:\n" + "".join(
    f"  - {{name: {level}, when: {{recipient_domain: [{_DOMAINS}], subject_words: level {level} it is}}, "
    f"then: [require_tls: {level}]}}\n"
    for level in ARRIVES
)


@dataclass(frozen=True)
class Result:
    """*clear*: octets of marks in clear, by server; *wrong*: copies too many or too few."""

    messages: int
    clear: Counter[str]
    wrong: list[str]
    reloads: int
    dropped: int

    @property
    def leaked(self) -> int:
        """Octets in clear to servers for which TLS was required."""
        return sum(self.clear[kind] for kind in NEED)


def run(count: int) -> Result:
    """Send *count* messages."""
    with open_directory() as place, wired(POLICY) as running:
        network = next(iter(running.lab.addresses.values())).rpartition(".")[0]
        wire = Wire(f"tcp port 25 and net {network}.0/24", place / "lo.pcap")
        expected: Counter[tuple[str, str]] = Counter()
        with wire, _reloads(running) as reloads, ThreadPoolExecutor(8) as senders:
            for number in itertools.count():
                if number >= count:
                    if len(reloads) > 1:
                        break
                    time.sleep(0.1)  # on a busy machine a reload takes its time; mail goes on meanwhile
                level = random.choice(list(ARRIVES))
                need, free = (
                    random.sample(NEED, random.randint(1, 4)),
                    random.sample(FREE, random.randint(0, 2)),
                )
                marker = _marker(number)
                expected.update((kind, marker) for kind in {*free, *ARRIVES[level].intersection(need)})
                recipients = [f"user{number}@{kind}.test" for kind in (*need, *free)]
                senders.submit(_send, running, level, marker, recipients)
            senders.shutdown()
            arrived = _settled(running, sum(expected.values()))
        kinds = {address: kind for kind, address in running.lab.addresses.items()}
        clear = Counter({kinds[to]: _marked(sent) for to, sent in wire.streams.items() if to in kinds})
        wrong = [
            f"{mark} to {kind}: {difference:+}"
            for (kind, mark), difference in _differences(expected, arrived)
        ]
        return Result(number, clear, wrong, len(reloads), wire.dropped)


def _marker(number: int) -> str:
    return f"MARKER-{number:06}-MARKER"


def _marked(sent: bytes) -> int:
    return sent.count(b"MARKER-") * len(b"MARKER-")


def _send(running: Wired, level: str, marker: str, recipients: list[str]) -> None:
    while True:
        try:
            return running.send(level, f"{marker}\r\n" * 20, *recipients)
        except OSError:  # a deferral: sent again, as any client does
            time.sleep(0.2)


@contextmanager
def _reloads(running: Wired) -> Iterator[list[float]]:
    """Reload every second, each time another policy by its text."""
    done: list[float] = []
    stop = threading.Event()
    file = running.gateway.daemon.policies / "tls.yaml"

    def work() -> None:
        while not stop.wait(1.0):
            file.write_text(f"# {time.time()}\n{POLICY}")
            if running.gateway.daemon.reload().reload.good:
                done.append(time.time())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def _settled(running: Wired, count: int) -> Counter[tuple[str, str]]:
    """What has arrived, by server and marker, when nothing moves any more."""
    deadline = time.monotonic() + 300
    while (
        sum(len(sink.deliveries) for sink in running.lab.sinks.values()) < count
        and time.monotonic() < deadline
    ):
        time.sleep(0.2)
    running.arrived("")
    return Counter(
        (kind, each.content.partition(b"MARKER-")[2][:6].decode())
        for kind, sink in running.lab.sinks.items()
        for each in sink.deliveries
    )


def _differences(
    expected: Counter[tuple[str, str]], arrived: Counter[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], int]]:
    wanted = Counter({(kind, marker[7:13]): count for (kind, marker), count in expected.items()})
    for key in sorted({*wanted, *arrived}):
        if wanted[key] != arrived[key]:
            yield key, arrived[key] - wanted[key]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1000)
    result = run(parser.parse_args().messages)
    print(f"{result.messages} messages, {result.reloads} reloads, {result.dropped} packets not captured")
    for kind in (*NEED, *FREE):
        print(f"{kind:12} {'required' if kind in NEED else 'free':9} {result.clear[kind]:8} octets in clear")
    print(*result.wrong, sep="\n")
    return 1 if result.leaked or result.wrong or result.dropped else 0


if __name__ == "__main__":
    sys.exit(main())
