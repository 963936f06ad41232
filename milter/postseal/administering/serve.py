"""The process of the administrators' page: its socket, its signals, and what it tells systemd."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from postseal.accounts import load as accounts
from postseal.administering.app import app
from postseal.administering.desk import Desk
from postseal.branding.load import FOLDER
from postseal.branding.shelf import Shelf
from postseal.errors import BadInput, Place, Problem
from postseal.portal import ceremonies
from postseal.portal.listening import Public, configured, keep_to_itself, listening, serving
from postseal.sealed import source
from postseal.settings import settings as settings_file
from postseal.settings.settings import Settings
from postseal.store.ring import Ring


def run(path: Path) -> None:
    """Serve with the settings file *path* until told to stop.  Raises BadInput."""
    keep_to_itself()
    settings = settings_file.load(path)
    admin = settings.admin
    if not admin.address:
        hint = "write the page's address: https://HOST"
        raise _bad(path, "there is no administrators' page (admin: address)", hint)
    desk = _desk(settings)
    try:
        with listening(admin.listen) as opened:
            config = configured(
                app(desk),
                opened,
                proxies=settings.portal.proxies,
                stop=settings.portal.stop,
                certificate=admin.certificate,
                key=admin.key,
            )
            asyncio.run(serving(Public(config, "admin_ready"), opened))
    except OSError as error:
        raise _bad(path, f"admin: {error.filename or admin.listen}: {error.strerror}", "") from None


def _desk(settings: Settings) -> Desk:
    ring = Ring(settings.store, timeout=settings.store_timeout, keys=source.load(settings.ome))
    shelf = Shelf(settings.policies / FOLDER)
    known = accounts.load(settings.sign_in) if settings.admin.sign_in else {}
    trusted = {name: known[name] for name in settings.admin.sign_in}
    ceremony = ceremonies.load("admin: passkeys") if settings.admin.passkeys else None
    return Desk(settings, ring, lambda: datetime.now(UTC), shelf, trusted, ceremony)


def _bad(path: Path, what: str, hint: str) -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
