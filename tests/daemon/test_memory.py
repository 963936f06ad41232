"""Memory does not grow with the size of mail: the peak of a worker that seals 50 MiB."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import pki
from demo.daemon import Daemon
from demo.place import open_directory
from milteredits import ReplaceBody
from milterprotocol import Mail, MilterClient
from processes import known

SIZE = 50 << 20
LIMIT = 40 << 20
POLICY = """
rules:
  - name: sealed
    then: [protect: smime]
  - name: signed
    when: {subject_words: sign}
    then: [sign: true]
"""
SETTINGS = """
workers: 1
accepted_domains: [lab.test]
trusted_networks: [192.0.2.0/24]
smime:
  certificates: certificates
  identities: [{senders: [ann@lab.test], certificate: ann.pem, key: ann.key}]
"""


@pytest.fixture
def sealing() -> Iterator[Daemon]:
    root = pki.Authority.root()
    with open_directory() as directory:
        daemon = Daemon(directory, settings=SETTINGS, policies={"1.yaml": POLICY})
        (directory / "certificates").mkdir()
        (directory / "certificates" / "bob.pem").write_bytes(root.issue("bob@example.test").pem)
        ann = root.issue("ann@lab.test")
        (directory / "ann.pem").write_bytes(pki.pem(*ann.chain))
        (directory / "ann.key").touch(mode=0o600)
        (directory / "ann.key").write_bytes(ann.key_pem)
        with daemon:
            yield daemon


BODY = (bytes(range(33, 109)) + b"\r\n") * (SIZE // 78)


def seal(daemon: Daemon, subject: bytes, body: bytes = BODY) -> int:
    """Have one mail sealed; octets of the body that came back."""
    headers = ((b"From", b" ann@lab.test"), (b"To", b" bob@example.test"), (b"Subject", b" " + subject))
    client = MilterClient(f"unix:{daemon.socket}", seconds=120)
    try:
        client.connect()
        answer = client.transaction(Mail(headers, body))
    finally:
        client.close()
    return sum(len(edit.chunk) for edit in answer.edits if isinstance(edit, ReplaceBody))


def peak(pid: int) -> int:
    """The most octets of memory that *pid* had since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise ValueError(pid)


def forget_peak(pid: int) -> int:
    """Begin to look for a new peak; what *pid* has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak(pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may reset the peak of another process")
@pytest.mark.parametrize("subject", [b"only seal", b"sign and seal"])
def test_memory_for_a_sealed_mail_of_50_mib(sealing: Daemon, subject: bytes) -> None:
    (pid,) = known(sealing).workers
    assert seal(sealing, subject, b"Small.\r\n")
    idle = forget_peak(pid)

    octets = seal(sealing, subject)

    above = peak(pid) - idle
    print(f"\n{subject.decode()}: idle {idle >> 20} MiB, peak {above / (1 << 20):.1f} MiB above it")
    assert octets > SIZE
    assert above < LIMIT
    assert known(sealing).workers == [pid]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may reset the peak of another process")
def test_memory_for_eight_sealed_mails_of_16_mib_at_once(sealing: Daemon) -> None:
    (pid,) = known(sealing).workers
    assert seal(sealing, b"seal", b"Small.\r\n")
    idle = forget_peak(pid)
    sizes: list[int] = []
    body = BODY[: 16 << 20]  # the test keeps all eight answers in memory, unlike the worker
    clients = [
        threading.Thread(target=lambda: sizes.append(seal(sealing, b"sign and seal", body))) for _ in range(8)
    ]

    for client in clients:
        client.start()
    for client in clients:
        client.join()

    print(f"\neight at once: idle {idle >> 20} MiB, peak {(peak(pid) - idle) / (1 << 20):.1f} MiB above it")
    assert len([size for size in sizes if size > 16 << 20]) == 8
    assert known(sealing).workers == [pid]
