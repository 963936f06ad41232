"""A secret that we show to somebody elsewhere; read at each use, so that it can be changed while we run."""

import os
from pathlib import Path

from postseal.errors import BadInput, Place, Problem


def read(source: str, place: Place) -> str:
    """The secret of *source*, `file:/PATH` or `credential:NAME`, which is written at *place*.

    Raises BadInput, which does not quote it.
    """
    kind, _, where = source.partition(":")
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if kind == "credential" and not folder:
        hint = "LoadCredential= in the unit (systemd.exec(5))"
        raise BadInput([Problem(place, "no credentials were handed to this process", hint)])
    path = Path(folder) / where if kind == "credential" else Path(where)
    try:
        written = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise BadInput([Problem(place, f"the secret {path} cannot be read: {why}")]) from None
    if not written or len(written) > 1000 or not written.isprintable():
        raise BadInput([Problem(place, f"{path} holds no secret of one line")])
    return written
