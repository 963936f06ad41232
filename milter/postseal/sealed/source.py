"""Where the master keys come from, as the settings say."""

import os
from pathlib import Path

from postseal.errors import BadInput, Place, Problem
from postseal.sealed import keyfile
from postseal.sealed.master import MasterKeys
from postseal.sealed.transit import TransitKeys
from postseal.settings_ome import Ome


def load(settings: Ome) -> MasterKeys:
    """The master keys that *settings* name.  Raises BadInput."""
    kind, _, where = settings.master_keys.partition(":")
    return TransitKeys(where, settings.transit) if kind == "transit" else keyfile.FileKeys(file(settings))


def file(settings: Ome) -> Path:
    """The file of master keys that *settings* name.  Raises BadInput if they are in no file."""
    kind, _, where = settings.master_keys.partition(":")
    if kind == "file":
        return Path(where)
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    place = Place("ome: master_keys")
    if kind == "credential" and directory:
        return Path(directory) / where
    if kind == "credential":
        what = "no credentials were handed to this process"
        hint = "LoadCredential= in the unit (systemd.exec(5))"
    else:
        what, hint = "these master keys are in no file", "ask the key server"
    raise BadInput([Problem(place, what, hint)])
