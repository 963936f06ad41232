"""How many messages a portal process opens in a second, for 32 people at once: `make bench-portal`.

An open is the page around a message and its body, each decrypted and verified anew, over connections that
stay, without TLS.  Beside it, in the same run, the same number of answers that need no store and no
decryption: the ratio is what to compare.  The clients share the processor with the portal.
"""

import argparse
import email
import email.policy
import http.client
import re
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import closing

from demo.place import LOOPBACK
from demo.visitor import Visitor
from portal_place import Place, path_of, place
from postseal.body import Body
from sealing import message

CLIENTS = 32


def rate(
    ask: Callable[[http.client.HTTPConnection, int], None], port: int, seconds: float
) -> tuple[float, float]:
    """How often in a second *ask* was done by all clients together, and the median of its seconds."""
    taken: list[float] = []
    begin = threading.Barrier(CLIENTS + 1)

    def client(number: int) -> None:
        with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=60)) as wire:
            ask(wire, number)
            begin.wait()
            end = time.perf_counter() + seconds
            while (now := time.perf_counter()) < end:
                ask(wire, number)
                taken.append(time.perf_counter() - now)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    begin.wait()
    for thread in threads:
        thread.join()
    return len(taken) / seconds, statistics.median(taken)


def signed_in(here: Place, path: str, number: int) -> Visitor:
    """A visitor of a network of his own who has typed his code."""
    visitor = here.visitor()
    visitor.port = here.portal.port
    visitor.post(f"{path}/address", address=f"{number}@one.test")
    mail = email.message_from_bytes(here.sink.take_one().content, policy=email.policy.default)
    (code,) = re.findall(r"^Your code: (.*)$", mail.get_content(), re.MULTILINE)  # type: ignore[attr-defined]
    assert visitor.post(f"{path}/code", code=code).status == 303
    return visitor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="for each line")
    seconds = parser.parse_args().seconds
    with place() as here:
        host = {"Host": here.portal.address.removeprefix("https://")}
        everybody = tuple(f"{number}@one.test" for number in range(CLIENTS))
        paths = {}
        for size, what in ((10 << 10, "10 KiB"), (1 << 20, "1 MiB")):
            text = (b"x" * 76 + b"\r\n") * (size // 78)
            given = message(identity=f"<{size}@lab.test>").with_body(Body.of(text))
            paths[what] = path_of(here.sealed(given, to=everybody))
        visitors = [signed_in(here, paths["10 KiB"], number) for number in range(CLIENTS)]
        here.portal.stop()
        file = here.portal.settings_file  # clients in Python would mostly measure their own TLS
        file.write_text(re.sub(r"  (certificate|key): .*\n", "", file.read_text()))
        here.portal.start()

        def get(wire: http.client.HTTPConnection, where: str, fields: dict[str, str]) -> None:
            wire.request("GET", where, headers=host | fields)
            answer = wire.getresponse()
            answer.read()
            assert answer.status == 200, (where, answer.status)

        plain, median = rate(lambda wire, _: get(wire, "/robots.txt", {}), here.portal.port, seconds)
        print(f"an answer without any work   {plain:7.0f} /s   median {1000 * median:6.1f} ms   1.00")
        for what, path in paths.items():

            def open_(wire: http.client.HTTPConnection, number: int, path: str = path) -> None:
                fields = {"Cookie": visitors[number].cookies}
                get(wire, path, fields)
                get(wire, f"{path}/body", fields)

            opens, median = rate(open_, here.portal.port, seconds)
            ratio = opens / plain
            print(
                f"open a message of {what:<10} {opens:7.1f} /s   median {1000 * median:6.1f} ms   {ratio:.3f}"
            )


if __name__ == "__main__":
    main()
