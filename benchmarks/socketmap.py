"""What the socketmap server answers: lookups a second and how long one takes, up to 10,000 connectors.

Postfix asks one question and waits for its answer, on some connections at a time; so does this program.
Beside it the same questions to a server with 10 connectors: the ratio tells whether their number matters.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

from postseal.document import Problems
from postseal.policy.connectors import connectors
from postseal.tls.lookup import Lookup
from postseal.tls.mail_exchanger import Resolver
from postseal.tls.published import Published, publish
from postseal.tls.socketmap import netstring, serve
from postseal.tls.table import Tables


def tables(count: int) -> tuple[Tables, float]:
    """Tables of *count* connectors, read from YAML, and the seconds that took."""
    lines = "".join(
        f"  - {{name: partner {n}, domains: [p{n}.example, '*.p{n}.example'],"
        f" tls: {{secure: [mx.p{n}.example]}}}}\n"
        for n in range(count)
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_text(f"outbound:\n{lines}")
        problems, began = Problems(), time.perf_counter()
        found = Tables.of(connectors.load(Path(folder), problems).outbound)
        problems.settle()
        return found, time.perf_counter() - began


async def ask(path: str, questions: list[bytes], seconds: list[float]) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    for each in questions:
        began = time.perf_counter()
        writer.write(each)
        length = int((await reader.readuntil(b":"))[:-1])
        await reader.readexactly(length + 1)
        seconds.append(time.perf_counter() - began)
    writer.close()


def measured(found: Tables, count: int, *, connections: int, lookups: int) -> tuple[float, list[float]]:
    """Lookups a second, and the seconds of each, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/tls.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(128)
        publish(found, Path(folder))
        child = os.fork()
        if child == 0:
            asyncio.run(serve(listener, Lookup(Published(Path(folder)), Resolver("127.0.0.1"))))
            os._exit(0)
        seconds: list[float] = []
        # Half of them for domains that have no connector, as most mail is.
        names = [f"p{random.randrange(2 * count)}.example" for _ in range(lookups)]
        questions = [netstring(f"connectors {name}".encode()) for name in names]

        async def everybody() -> None:
            shares = (questions[n::connections] for n in range(connections))
            await asyncio.gather(*(ask(path, share, seconds) for share in shares))

        began = time.perf_counter()
        asyncio.run(everybody())
        spent = time.perf_counter() - began
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return lookups / spent, sorted(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lookups", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    few, many = tables(10), tables(10_000)
    print(f"10,000 connectors read in {many[1]:.2f} s")
    for connections in (1, 20):
        for _ in range(options.repeat):
            rates = []
            for count, (found, _) in ((10, few), (10_000, many)):
                rate, seconds = measured(found, count, connections=connections, lookups=options.lookups)
                rates.append(rate)
                middle, late = (1e6 * seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
                spread = f"p50 {middle:6.0f} µs  p99 {late:6.0f} µs"
                print(f"{connections:3} connections {count:6} connectors {rate:8.0f}/s  {spread}")
            print(f"    10,000 connectors against 10: {rates[1] / rates[0]:.2f}")


if __name__ == "__main__":
    assert threading.active_count() == 1, "the servers are forked"
    main()
