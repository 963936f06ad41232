"""What sealing costs, beside what OpenSSL says this machine can do: `make bench-ome`.

First sealing, opening and the text form alone, in MiB per second of the processor, beside `openssl speed` for
AES-256-GCM at our chunk's size in the same run: the ratio is what to compare.  Then whole messages, as the
milter seals them into a store on this disk, in one process and by the clock on the wall.
"""

import argparse
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from postseal.body import Body, Spool
from postseal.envelope import Envelope, Recipient
from postseal.message import Header, Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.sealed import keyfile
from postseal.sealed.armor import armored, dearmored
from postseal.sealed.container import opened, sealed
from postseal.sealed.master import context
from postseal.settings.ome import Ome
from postseal.store.migrate import migrate
from postseal.store.ring import Ring
from postseal.treatment import Treatment

KEY, ID = bytes(range(32)), b"m" * 16
MIB = 1 << 20
BOB = Recipient("bob@one.test")


def seconds(
    work: Callable[[], object], *, least: float, clock: Callable[[], float] = time.process_time
) -> float:
    """The median of the times of *work*, repeated for at least *least* seconds and three times.

    Of the processor, as `openssl speed` counts it, unless there is another *clock*.
    """
    taken: list[float] = []
    end = time.perf_counter() + least
    while time.perf_counter() < end or len(taken) < 3:
        begin = clock()
        work()
        taken.append(clock() - begin)
    return statistics.median(taken)


def openssl(least: float) -> float:
    """MiB/s of AES-256-GCM in one process, chunks of 64 KiB, as OpenSSL measures itself."""
    command = [
        "openssl",
        "speed",
        "-seconds",
        str(max(1, round(least))),
        "-bytes",
        "65536",
        "-evp",
        "aes-256-gcm",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?m)^AES-256-GCM\s+([0-9.]+)k", said)
    if not found:
        raise SystemExit(f"openssl said something else than expected:\n{said}")
    return float(found[1]) * 1000 / MIB


def message(size: int, number: int = 0) -> Message:
    fields = (("From", "ann@lab.test"), ("Message-ID", f"<{number}@lab.test>"), ("Subject", "x"))
    return Message(tuple(Header.of(*field) for field in fields), Body.of(b"x" * 76 * (size // 76)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="for each line")
    least = parser.parse_args().seconds
    native = openssl(least)
    print(f"openssl speed, AES-256-GCM, 64 KiB      {native:8.0f} MiB/s    1.00")

    def line(what: str, rate: float) -> None:
        print(f"{what:<39} {rate:8.0f} MiB/s    {rate / native:.2f}")

    large = Body.of(bytes(25 * MIB))
    container = b"".join(sealed(large.pieces(), KEY, ID))
    line("seal 25 MiB", 25 / seconds(lambda: [len(p) for p in sealed(large.pieces(), KEY, ID)], least=least))
    pieces = [container[start : start + MIB] for start in range(0, len(container), MIB)]
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder), MIB)
        line(
            "open 25 MiB into an encrypted spool",
            25 / seconds(lambda: opened(pieces, KEY, spool), least=least),
        )
        line("write 25 MiB as text", 25 / seconds(lambda: [len(p) for p in armored(pieces)], least=least))
        text = list(armored(pieces))
        line("read 25 MiB of text", 25 / seconds(lambda: [len(p) for p in dearmored(text)], least=least))
        whole(Path(folder), spool, least)


def whole(folder: Path, spool: Spool, least: float) -> None:
    """Messages as the milter seals them."""
    now = datetime.now(UTC)
    keyfile.create(folder / "keys", now)
    keys = keyfile.FileKeys(folder / "keys")
    bound = context(ID, BOB.address, ())

    def small_one() -> None:
        keys.wrap(KEY, bound)
        list(sealed([b"x" * 10240], KEY, ID))

    alone = seconds(small_one, least=least)
    print(f"seal and wrap 10 KiB                    {1 / alone:8.0f} messages/s")
    for settings, what in (
        (Ome(portal="https://portal.lab.test", online=0.0), "attachment alone"),
        (Ome(portal="https://portal.lab.test"), "attachment and copy"),
    ):
        dsn = f"sqlite:///{folder}/{what.replace(' ', '-')}/store.sqlite"
        migrate(dsn)
        ring = Ring(dsn, timeout=30, keys=keys)
        method = OmeMethod(settings, ring, spool, clock=lambda: now)
        number = 0

        def seal(size: int = 10240, method: OmeMethod = method) -> None:
            nonlocal number
            number += 1
            given = message(size, number)
            order = Order(given, Envelope("ann@lab.test", (BOB,)), Treatment())
            method.protect(given, (BOB,), order=order)

        small = seconds(seal, least=least, clock=time.perf_counter)
        big = seconds(lambda: seal(25 * MIB), least=least, clock=time.perf_counter)
        rates = f"{1 / small:5.0f} messages/s of 10 KiB, {25 / big:.0f} MiB/s at 25 MiB"
        print(f"whole method, SQLite, {what:<19} {rates}")
        ring.open().store.close()


if __name__ == "__main__":
    main()
