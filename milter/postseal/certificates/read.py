"""Reads certificates from PEM and DER files, and says at which line each one stands."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography import x509

from postseal.certificates.purpose import MALFORMED
from postseal.errors import Place, Problem

LARGEST = 8 << 20
"""Octets: a file of certificates is not larger by orders of magnitude."""

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]++)-----.*?-----END \1-----", re.DOTALL)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE")


@dataclass(frozen=True, slots=True)
class File:
    """What stands in a file: certificates and private keys with their places, and what is wrong with it."""

    certificates: tuple[tuple[Place, x509.Certificate], ...] = ()
    private_keys: tuple[Place, ...] = ()
    problems: tuple[Problem, ...] = ()


def certificates(path: Path) -> File:
    """The certificates in the file *path*, in order."""
    whole = Place(str(path))
    try:
        octets = _contents(path)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        return File(problems=(Problem(whole, what, "make it a file that the daemon may read"),))
    if not octets.strip():
        return File(problems=(Problem(whole, "the file is empty", "put the certificate in, or remove it"),))
    if octets.startswith(b"\x30"):
        return _parsed([(whole, octets)], (), x509.load_der_x509_certificate)
    blocks: list[tuple[Place, bytes]] = []
    keys: list[Place] = []
    line, counted = 1, 0
    for match in _BLOCK.finditer(octets):
        line, counted = line + octets.count(b"\n", counted, match.start()), match.start()
        place = Place(str(path), line)
        if match[1] in _CERTIFICATES:
            blocks.append((place, match[0].replace(b"X509 CERTIFICATE", b"CERTIFICATE")))
        elif match[1].endswith(b"PRIVATE KEY"):
            keys.append(place)
    if not blocks:
        hint = "expected PEM (-----BEGIN CERTIFICATE-----) or DER"
        problem = Problem(whole, "there is no certificate in the file", hint)
        return File(private_keys=tuple(keys), problems=(problem,))
    return _parsed(blocks, keys, x509.load_pem_x509_certificate)


def opened(path: Path) -> BinaryIO:
    """The file *path*, or the one it links to, for reading; a FIFO does not block.  Raises OSError."""
    # Path.open takes no opener.
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def _contents(path: Path) -> bytes:
    with opened(path) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if facts.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST >> 20} MiB")
        return file.read(LARGEST)


def _parsed(
    blocks: Iterable[tuple[Place, bytes]], keys: Iterable[Place], parse: Callable[[bytes], x509.Certificate]
) -> File:
    found: list[tuple[Place, x509.Certificate]] = []
    problems: list[Problem] = []
    for place, block in blocks:
        try:
            found.append((place, parse(block)))
        except MALFORMED as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            problems.append(Problem(place, f"not a certificate: {reason}", "replace or remove it"))
    return File(tuple(found), tuple(keys), tuple(problems))
