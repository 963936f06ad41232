"""Reads a private key that signs or opens mail, if its file is kept as a private key must be."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from postseal.certificates import read, token_key
from postseal.certificates.sealed_key import PrivateKey, SealedKey
from postseal.errors import BadInput, Failure, Place, Problem
from postseal.pkcs11_uri import Pkcs11Uri
from postseal.sealed.master import MasterKeys

Masters = Callable[[], MasterKeys]
"""Gives the master keys; may raise BadInput.  Asked only where a key is sealed."""

_KEPT = "let it belong to the daemon's user, or to root and the daemon's group; chmod 600 or 640"


def load(place: Path | Pkcs11Uri, masters: Masters | None = None) -> tuple[PrivateKey, list[Problem]]:
    """The key at *place*, a file or a token, and warnings about it.  Raises BadInput."""
    return _of_file(place, masters) if isinstance(place, Path) else (token_key.load(place), [])


def _of_file(path: Path, masters: Masters | None) -> tuple[PrivateKey, list[Problem]]:
    """The key in the file *path*, PEM or DER without a passphrase or sealed, and warnings about the file.

    *masters*: where the master keys come from that open a sealed one.

    Raises BadInput if the file may be read by everybody or changed by others than its owner, belongs
    to neither root nor the daemon, or holds no key of ours.  Links are followed, as key stores are
    made of them; what is judged and what is read is one open file.
    """
    try:
        with read.opened(path) as file:
            facts = os.fstat(file.fileno())
            refusal, warning = _kept(facts)
            if refusal:
                raise BadInput([Problem(Place(str(path)), refusal, _KEPT)])
            octets = file.read(1 << 20)
    except OSError as error:
        hint = "correct the path, or let the daemon's user read the file"
        problem = Problem(Place(str(path)), f"the private key cannot be read: {error.strerror}", hint)
        raise BadInput([problem]) from None
    return _parsed(path, _unsealed(path, octets, masters)), [
        Problem(Place(str(path)), warning, _KEPT)
    ] if warning else []


def _unsealed(path: Path, octets: bytes, masters: Masters | None) -> bytes:
    """*octets*, or the key that is sealed in them."""
    try:
        sealed = SealedKey.read(octets)
        if sealed is None:
            return octets
        if masters is None:
            raise BadInput([Problem(Place(str(path)), "the private key is sealed", "give it unsealed")])
        return sealed.opened(masters())
    except ValueError as error:
        raise BadInput([Problem(Place(str(path)), str(error), "restore the file from a backup")]) from None
    except Failure as failure:
        hint = "is it sealed with the master keys of this host? see ome.master_keys"
        raise BadInput([Problem(Place(str(path)), f"cannot be opened: {failure.detail}", hint)]) from None


def _kept(facts: os.stat_result) -> tuple[str, str]:
    """Why a file with these *facts* must not hold a key, and what is unwise about it."""
    if not stat.S_ISREG(facts.st_mode):
        return "the private key is not a regular file", ""
    if facts.st_uid not in {0, os.geteuid()}:
        return f"the private key belongs to user {facts.st_uid}, who could replace it", ""
    if facts.st_mode & 0o006:
        return "the private key can be read or written by everybody", ""
    if facts.st_mode & 0o020:
        return "the private key can be replaced by its group", ""
    if facts.st_mode & 0o040 and facts.st_gid not in {0, os.getegid(), *os.getgroups()}:
        return "", f"the private key can be read by group {facts.st_gid}, which is not the daemon's"
    return "", ""


def _parsed(path: Path, octets: bytes) -> PrivateKey:
    place = Place(str(path))
    parse = load_der_private_key if octets.startswith(b"\x30") else load_pem_private_key
    try:
        key = parse(octets, None)
    except TypeError:  # cryptography's word for a passphrase that was not given
        hint = "store it without one; the daemon starts when nobody is there to type it"
        raise BadInput([Problem(place, "the private key has a passphrase", hint)]) from None
    except (ValueError, UnsupportedAlgorithm):
        hint = "expected an RSA, P-256 or P-384 key, PEM (-----BEGIN PRIVATE KEY-----) or DER"
        raise BadInput([Problem(place, "there is no private key in the file", hint)]) from None
    if not isinstance(key, PrivateKey):
        hint = "use an RSA, P-256 or P-384 key, which every mail program knows"
        raise BadInput([Problem(place, "the private key is of a kind that we do not use", hint)])
    return key
