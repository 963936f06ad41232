"""Takes from this process what reading a file does not need, for good.

Limits of the kernel (setrlimit) on memory, files and processes; no file but Python's own can be opened any
more, none written, no TCP connection made and no signal sent to others (Landlock, where the kernel has
it); no network at all where the kernel lets us have an empty one of our own.  What the kernel does not offer
is left out: the limits always hold.
"""

import contextlib
import ctypes
import os
import resource
import sys
import sysconfig

from postseal.settings.extraction import Extraction

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_READ = (1 << 2) | (1 << 3)  # read files, list folders
_OPEN_FILES = 64


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr (landlock(7)); older kernels are told of its beginning only."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def confine(limits: Extraction) -> list[str]:
    """Confine this process; the measures that hold, in a word each."""
    # A core dump would hold mail.
    for number, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(number)[1]
        bounded = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (bounded, bounded))
    held = ["limits"]
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        held.append("network")
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _landlock():
        held.append("landlock")
    return held


def _landlock() -> bool:
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = 13 + sum(version >= at for at in (2, 3, 5))
    rules = _Ruleset((1 << rights) - 1, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _libc.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    try:
        # Codecs and parts of libraries are loaded when they are first needed.
        for folder in {sysconfig.get_path("stdlib"), sys.prefix, os.path.dirname(__file__)}:  # noqa: PTH120
            with contextlib.suppress(OSError):
                _allow(ruleset, folder)
        return bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, folder: str) -> None:
    parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        _libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(_Beneath(_READ, parent)), 0)
    finally:
        os.close(parent)
