"""The milter socket: opened once by the supervisor, served by the workers it forks.

libmilter opens and serves it; what it lacks is added here: a stale Unix socket is replaced only if
nobody answers on it, mode and group are as the settings say from the first moment, errors say what is
wrong, and the listening descriptor can be made deaf, so that a worker drains while its siblings go on
accepting.
"""

import contextlib
import errno
import grp
import os
import re
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import Milter

# Not `import milter`: type checkers take our folder of that name for it.
from Milter import milter

from postseal.mta.desk import Desk
from postseal.mta.session import Session
from postseal.settings.settings import Listen

T = TypeVar("T")

_NAME: Final = "postseal"
_UNIX: Final = re.compile(r"(?:unix|local):(?P<path>.+)", re.DOTALL)
_INET: Final = re.compile(r"inet:(?P<port>[0-9]+)@(?P<host>.+)")


class CannotListen(OSError):
    """The socket cannot be opened; `strerror` says why.  EADDRINUSE: somebody else serves it."""


@dataclass(slots=True)
class Listener:
    """The listening descriptor; if it is a Unix socket, its path and its device and inode."""

    descriptor: int
    path: Path | None = None
    identity: tuple[int, int] | None = None

    def deafen(self) -> None:
        """Accept nothing any more in this process; connections that exist go on.

        libmilter polls the descriptor by number, so something that never becomes readable takes its
        place; milter.stop() would leave idle sessions without an answer.
        """
        silent, self._other_end = socket.socketpair()
        os.dup2(silent.fileno(), self.descriptor, inheritable=False)
        silent.close()

    _other_end: socket.socket | None = None

    def close(self) -> None:
        """Stop listening altogether: the MTA is refused at once instead of waiting."""
        os.close(self.descriptor)
        with contextlib.suppress(OSError):  # a socket left behind is in nobody's way
            if self.path and self.identity == _identity(self.path):
                self.path.unlink()


def listen(settings: Listen) -> Listener:
    """Open the socket of *settings*.  Raises CannotListen; to be called while no thread runs."""
    unix, inet = _UNIX.fullmatch(settings.socket), _INET.fullmatch(settings.socket)
    path = Path(unix["path"]) if unix else None
    before = set(_listening())
    try:
        if path:
            _clear(path)
            _open_unix(path, settings, _open)
        elif inet:
            _open_inet(inet["host"], int(inet["port"]))
    except (OSError, milter.error) as error:
        number = getattr(error, "errno", None) or errno.EIO
        why = getattr(error, "strerror", None) or str(error)
        raise CannotListen(number, f"cannot listen on {settings.socket}: {why}") from None
    (descriptor,) = set(_listening()) - before
    # A worker that loses the race for a connection must not sleep in accept().
    os.set_blocking(descriptor, False)
    return Listener(descriptor, path, _identity(path) if path else None)


def listen_without_libmilter(settings: Listen) -> socket.socket:
    """Open a Unix socket for a server of ours, as `listen` does.  Raises CannotListen."""
    path = Path(settings.socket.removeprefix("unix:"))
    try:
        _clear(path)
        return _open_unix(path, settings, _bound)
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotListen(error.errno or errno.EIO, f"cannot listen on {settings.socket}: {why}") from None


def _bound(address: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(address.removeprefix("unix:"))
    opened.listen(128)
    opened.setblocking(False)
    return opened


def serve(desk: Desk) -> None:
    """Serve connections until the process ends.  To be called in a thread that is not the main one."""
    Milter.factory = lambda: Session(desk)
    milter.main()


def _open(address: str) -> None:
    milter.set_connect_callback(Milter.connect_callback)
    milter.set_envfrom_callback(lambda context, *octets: context.getpriv().envfrom_bytes(*octets))
    milter.set_envrcpt_callback(lambda context, *octets: context.getpriv().envrcpt_bytes(*octets))
    milter.set_header_callback(lambda context, name, value: context.getpriv().header_bytes(name, value))
    milter.set_body_callback(lambda context, piece: context.getpriv().body(piece))
    milter.set_eom_callback(lambda context: context.getpriv().eom())
    milter.set_abort_callback(lambda context: context.getpriv().abort())
    milter.set_close_callback(Milter.close_callback)
    # The sum of what Session asks for; an MTA that offers less is answered 451 when it matters.
    edits = milter.ADDHDRS | milter.CHGHDRS | milter.CHGBODY | milter.ADDRCPT | milter.DELRCPT
    milter.set_flags(edits | milter.QUARANTINE | milter.SETSYMLIST)
    milter.setconn(address)
    milter.register(_NAME, negotiate=Milter.negotiate_callback)
    milter.opensocket(False)


def _open_inet(host: str, port: int) -> None:
    version6 = ":" in host
    # libmilter tells its reasons only to syslog, so the address is tried before.
    with socket.socket(socket.AF_INET6 if version6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    _open(f"{'inet6' if version6 else 'inet'}:{port}@{host}")


def _open_unix(path: Path, settings: Listen, opened: Callable[[str], T]) -> T:
    """Open the socket aside, where nobody can reach it, and put it in its place when it is as it must be."""
    group = _group(settings.group) if settings.group else -1
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}; make it")
    with tempfile.TemporaryDirectory(prefix=".postseal-", dir=path.parent) as aside:
        folder = os.open(aside, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            name = f"/proc/self/fd/{folder}/socket"  # short: unix(7) allows 107 octets
            with _umask(0o777 & ~settings.mode):
                result = opened(f"unix:{name}")
            try:
                os.chown(name, -1, group)
            except PermissionError:
                hint = f"only a member of group {settings.group} may give it the socket"
                raise PermissionError(errno.EPERM, hint) from None
            os.rename(name, path)  # noqa: PTH104 (rename also replaces a stale socket)
            return result
        finally:
            os.close(folder)


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise OSError(errno.EINVAL, f"there is no group '{name}'; create it, or name another") from None


def _clear(path: Path) -> None:
    """Make sure that at *path* is nothing, or a socket that nobody serves.  Raises OSError."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(errno.EEXIST, f"{path} is there and is not a socket; move it away")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except (BlockingIOError, TimeoutError):
            pass  # so busy that it cannot take one more connection
    raise OSError(errno.EADDRINUSE, f"another process serves {path}; stop it first (postseal status)")


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_dev, facts.st_ino


def _listening() -> Iterator[int]:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (numbers, not files)
        with contextlib.suppress(OSError):
            # Only sockets are duplicated: to close a duplicate of a locked file would unlock it (fcntl(2)).
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as candidate:
                    if candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield int(name)


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)
