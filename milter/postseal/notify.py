"""What we tell the service manager (sd_notify(3)); without one, nothing happens."""

import os
import socket
import time
from typing import Final

_PATIENCE_SECONDS: Final = 2.0
"""A service manager that does not read must not hold us up."""


def notify(**state: object) -> None:
    """Send *state*, for example READY=1.  Never fails: the mail matters more than who watches."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    text = "\n".join(f"{key}={value}" for key, value in state.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(_PATIENCE_SECONDS)
            channel.sendto(text.encode(), name)
    except OSError:
        return


def reloading() -> None:
    """Say that a reload begins; READY=1 ends it."""
    notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)


def watchdog_seconds() -> float | None:
    """How often the service manager wants a sign of life, halved for safety; None if it does not."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2_000_000 if microseconds.isdecimal() else None
