"""The secret that we show to a provider.  It is read at each use, so that it can be changed while we run."""

import os
from pathlib import Path

from postseal.errors import BadInput, Problem
from postseal.settings_sign_in import Provider


def read(provider: Provider) -> str:
    """The secret of *provider*'s client.  Raises BadInput, which does not quote it."""
    kind, _, where = provider.client_secret.partition(":")
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if kind == "credential" and not folder:
        hint = "LoadCredential= in the unit (systemd.exec(5))"
        raise BadInput([Problem(provider.place, "no credentials were handed to this process", hint)])
    path = Path(folder) / where if kind == "credential" else Path(where)
    try:
        written = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise BadInput([Problem(provider.place, f"the client secret {path} cannot be read: {why}")]) from None
    if not written or len(written) > 1000 or not written.isprintable():
        raise BadInput([Problem(provider.place, f"{path} holds no secret of one line")])
    return written
