"""Where the master keys come from, as the settings say; how they are made and taken away there."""

import os
from datetime import datetime
from pathlib import Path

from postseal.errors import BadInput, Place, Problem
from postseal.pkcs11_uri import parse
from postseal.sealed import keyfile
from postseal.sealed.master import MasterKeys, self_test
from postseal.sealed.pkcs11_keys import Pkcs11Keys
from postseal.sealed.transit import TransitKeys
from postseal.settings.ome import Ome


def load(settings: Ome) -> MasterKeys:
    """The master keys that *settings* name.  Raises BadInput."""
    kind, _, where = settings.master_keys.partition(":")
    if kind == "transit":
        return TransitKeys(where, settings.transit)
    return _token(settings) if kind == "pkcs11" else keyfile.FileKeys(file(settings))


def create(settings: Ome, at: datetime) -> str:
    """Make the first master key where *settings* say; what was done.  Raises BadInput or Failure(KEYS)."""
    kind = settings.master_keys.partition(":")[0]
    if kind == "transit":
        self_test(load(settings))
        return "the key server wraps and unwraps"
    if kind != "pkcs11":
        path = file(settings)
        return f"made {path} with master key {keyfile.create(path, at)}"
    token = _token(settings)
    if token.names:
        raise _bad("there are master keys already", "`postseal keys rotate` adds one")
    name = token.add(at)
    self_test(token)
    return f"made master key {name} on the token"


def add(settings: Ome, at: datetime) -> str:
    """Make a new master key, from now on the current; its name, "" where that is done elsewhere.

    Raises BadInput or Failure(KEYS).
    """
    kind = settings.master_keys.partition(":")[0]
    if kind == "pkcs11":
        return _token(settings).add(at)
    return keyfile.add(file(settings), at) if kind == "file" else ""


def retire(settings: Ome, used: set[str]) -> frozenset[str]:
    """Take away all master keys but those *used*; their names.  Raises BadInput or Failure(KEYS)."""
    if settings.master_keys.startswith("pkcs11:"):
        token = _token(settings)
        gone = frozenset(token.names) - used
        token.retire(gone)
        return gone
    path = file(settings)
    gone = frozenset(keyfile.read(path)) - used
    keyfile.retire(path, gone)
    return gone


def file(settings: Ome) -> Path:
    """The file of master keys that *settings* name.  Raises BadInput if they are in no file."""
    kind, _, where = settings.master_keys.partition(":")
    if kind == "file":
        return Path(where)
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if kind == "credential" and directory:
        return Path(directory) / where
    if kind == "credential":
        raise _bad(
            "no credentials were handed to this process", "LoadCredential= in the unit (systemd.exec(5))"
        )
    raise _bad("these master keys are in no file", "ask the key server")


def _token(settings: Ome) -> Pkcs11Keys:
    return Pkcs11Keys(parse(settings.master_keys))


def _bad(what: str, hint: str) -> BadInput:
    return BadInput([Problem(Place("ome: master_keys"), what, hint)])
