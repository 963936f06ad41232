"""What went over the loopback interface, by destination, in clear or not: captured by tcpdump."""

import shutil
import struct
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Self

PATH = "/usr/sbin:/usr/bin"


def installed() -> bool:
    return shutil.which("tcpdump", path=PATH) is not None


class Wire:
    """A context manager; captures TCP that matches *expression* into *file*.  `streams` when it has ended."""

    def __init__(self, expression: str, file: Path) -> None:
        self._file = file
        program = shutil.which("tcpdump", path=PATH) or "tcpdump"
        self._command = [
            program,
            "-i",
            "lo",
            "-Z",
            "root",
            "-U",
            "-s",
            "0",
            "-B",
            "65536",
            "-w",
            file,
            expression,
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.dropped = -1

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not self._file.exists() or self._file.stat().st_size < 24:
            assert self._process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        time.sleep(0.5)  # what was sent last is still on its way to it
        self._process.terminate()
        said = self._process.communicate(timeout=60)[1].decode()
        self.dropped = next(int(line.split()[0]) for line in said.splitlines() if "dropped by kernel" in line)

    @property
    def streams(self) -> dict[str, bytes]:
        """All that was sent to an address, one connection after the other, in the order of the wire."""
        flows: defaultdict[tuple[bytes, bytes], bytearray] = defaultdict(bytearray)
        octets, at = self._file.read_bytes(), 24
        while at + 16 <= len(octets):
            length = struct.unpack_from("<I", octets, at + 8)[0]
            packet = octets[at + 16 + 14 : at + 16 + length]  # an Ethernet header, also on this interface
            at += 16 + length
            total, head = struct.unpack_from(">H", packet, 2)[0], (packet[0] & 15) * 4
            start = head + (packet[head + 12] >> 4) * 4
            ends = packet[12:16] + packet[head : head + 2], packet[16:20] + packet[head + 2 : head + 4]
            flows[ends] += packet[start:total]
        streams: defaultdict[str, bytes] = defaultdict(bytes)
        for (_, target), sent in flows.items():
            streams[".".join(map(str, target[:4]))] += bytes(sent)
        return dict(streams)
