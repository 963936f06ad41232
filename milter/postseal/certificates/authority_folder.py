"""The folder of an authority: its key, encrypted with a passphrase, and a line for each that it issued.

    root.pem      its certificate, for all who are to trust it
    root.key      its key, PKCS #8, encrypted
    issued.jsonl  what was issued and revoked; lines are only ever added

One command at a time works in it.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization

from postseal.certificates.authority import Authority, PrivateKey
from postseal.errors import BadInput, Place, Problem

_DONE = {"issued", "revoked", "listed"}


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was issued; *revoked* is None as long as it was not."""

    serial: int
    fingerprint: str
    addresses: tuple[str, ...]
    ends: datetime
    revoked: datetime | None = None


class AuthorityFolder:
    """The folder *path*; use it inside `locked`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """While nobody else works in it.  Raises BadInput if there is no authority."""
        try:
            with (self._path / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except FileNotFoundError:
            raise _bad(self._path, "there is no authority", "`postseal ca init` makes one") from None

    def create(self, authority: Authority, passphrase: bytes) -> None:
        """Keep a new authority.  Raises BadInput if there is one."""
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            pem = authority.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(passphrase),
            )
            _write(self._path / "root.key", pem, mode=0o400)
            _write(
                self._path / "root.pem",
                authority.certificate.public_bytes(serialization.Encoding.PEM),
                mode=0o444,
            )
            _write(self._path / "lock", b"", mode=0o600)
        except FileExistsError:
            raise _bad(self._path, "there is an authority already", "choose another folder") from None
        except OSError as error:
            raise _bad(self._path, f"cannot be written: {error.strerror}") from None

    def authority(self, passphrase: bytes) -> Authority:
        """The authority.  Raises BadInput."""
        try:
            certificate = x509.load_pem_x509_certificate((self._path / "root.pem").read_bytes())
            key = serialization.load_pem_private_key((self._path / "root.key").read_bytes(), passphrase)
        except OSError as error:
            raise _bad(self._path, f"the authority cannot be read: {error.strerror}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _bad(self._path / "root.key", "the passphrase does not open the key") from None
        assert isinstance(key, PrivateKey)  # noqa: S101 (what `create` wrote)
        return Authority(certificate, key)

    def issued(self) -> tuple[Issued, ...]:
        """All that was issued, in its order."""
        found: dict[int, Issued] = {}
        for row in self._rows():
            serial = int(str(row["serial"]), 16)
            at = datetime.fromisoformat(str(row["at"]))
            if row["did"] == "issued":
                ends = datetime.fromisoformat(str(row["ends"]))
                addresses = tuple(str(row["addresses"]).split())
                found[serial] = Issued(serial, str(row["fingerprint"]), addresses, ends)
            elif row["did"] == "revoked" and serial in found:
                old = found[serial]
                found[serial] = Issued(**{**asdict(old), "revoked": at})
        return tuple(found.values())

    def lists(self) -> int:
        """How many lists of the revoked were made."""
        return sum(row["did"] == "listed" for row in self._rows())

    def note_issued(self, certificate: x509.Certificate, addresses: tuple[str, ...], at: datetime) -> None:
        """Note that *certificate* was issued; before anybody gets it."""
        self._note(
            did="issued",
            serial=f"{certificate.serial_number:x}",
            at=at.isoformat(),
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            addresses=" ".join(addresses),
            ends=certificate.not_valid_after_utc.isoformat(),
        )

    def note_revoked(self, serial: int, at: datetime) -> None:
        """Note that it was revoked."""
        self._note(did="revoked", serial=f"{serial:x}", at=at.isoformat())

    def note_listed(self, at: datetime) -> None:
        """Note that a list of the revoked was made."""
        self._note(did="listed", serial="0", at=at.isoformat())

    def _rows(self) -> list[dict[str, object]]:
        try:
            lines = (self._path / "issued.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        rows = [json.loads(line) for line in lines]
        return [row for row in rows if row["did"] in _DONE]

    def _note(self, **row: str) -> None:
        descriptor = os.open(self._path / "issued.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def now() -> datetime:
    """The time, to the second, as certificates have it."""
    return datetime.now(UTC).replace(microsecond=0)


def _write(path: Path, octets: bytes, *, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _bad(path: Path, what: str, hint: str = "") -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
