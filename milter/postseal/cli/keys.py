"""`postseal keys`: the master keys that wrap the keys of sealed messages."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postseal import message_file
from postseal.certificates.sealed_key import SealedKey
from postseal.cli.common import Telling, bad, kept, settings, settings_option
from postseal.errors import BadInput, Failure
from postseal.sealed import source
from postseal.sealed.master import self_test
from postseal.settings.smime import Smime

if TYPE_CHECKING:
    from postseal.store.ring import Opened


@click.group(cls=Telling)
def keys() -> None:
    """Master keys: they wrap the keys of sealed messages, and are never in the store.

    Whoever loses them loses all sealed messages; whoever has them and the store can read them.
    """


def ring(path: Path) -> "Opened":
    """The store and the master keys that the settings in the file *path* name, or leave."""
    from postseal.store.ring import opened  # noqa: PLC0415 (only few commands need a database's libraries)

    return opened(kept(path), source.load(settings(path).ome))


@keys.command()
@settings_option
def init(path: Path) -> None:
    """Make the first master key, in a file or on a token as the settings say, or try the key server."""
    ome = settings(path).ome
    click.echo(source.create(ome, datetime.now(UTC)))
    if not ome.master_keys.startswith(("transit:", "pkcs11:")):
        click.echo("Keep a copy where no backup of the store is; without it no sealed message can be read.")
        click.echo("Hand it to the services as a credential, or let it belong to the daemon's user.")


@keys.command()
@settings_option
def rotate(path: Path) -> None:
    """Make a new master key, which wraps from now on, and wrap all that is in the store by it.

    Nothing has to be reloaded, and messages stay readable throughout.  With a key server, rotate there
    first.  The old key stays where it is until `postseal keys retire`.
    """
    from postseal.store import sealed, secret  # noqa: PLC0415

    ome = settings(path).ome
    if name := source.add(ome, datetime.now(UTC)):
        click.echo(f"added master key {name}")
    opened, total = ring(path), 0
    while some := sealed.rewrap(opened.store, opened.keys):
        total += some
    secret.rewrap(opened.store, opened.keys)
    sealed.scrub(opened.store)
    click.echo(f"{total} keys of messages are wrapped by {opened.keys.current} now")


@keys.command()
@settings_option
def retire(path: Path) -> None:
    """Take away master keys that wrap nothing any more: out of the file, or off the token."""
    from postseal.store.key_backup import masters  # noqa: PLC0415

    opened = ring(path)
    used = set(masters(opened.store)) | {opened.keys.current} | _of_files(settings(path).smime)
    gone = source.retire(settings(path).ome, used)
    click.echo(f"retired {', '.join(sorted(gone)) or 'none'}; backups of the store may still need them")


@keys.command()
@settings_option
def verify(path: Path) -> None:
    """Unwrap every key in the store; exit code 1 if one cannot be."""
    from postseal.store.key_backup import masters  # noqa: PLC0415
    from postseal.store.registry import Registry, Search  # noqa: PLC0415
    from postseal.store.sealed import unwrapped  # noqa: PLC0415

    opened = ring(path)
    self_test(opened.keys)
    registry = Registry(opened.store, opened.audit, opened.messages)
    good, until, failures = 0, None, Counter[str]()
    seen: set[bytes] = set()
    while found := [one for one in registry.search(Search(until=until)) if one.id not in seen]:
        for message, one in ((whose, one) for whose in found for one in whose.recipients if one.key):
            try:
                unwrapped(message, one, opened.keys)
                good += 1
            except Failure as failure:
                failures[failure.detail] += 1
        seen = {message.id for message in found}
        until = found[-1].since + timedelta(microseconds=1)
    for name, number in sorted(masters(opened.store).items()):
        current = ", the current" if name == opened.keys.current else ""
        click.echo(f"master key {name}: {number} keys{current}")
    if failures:
        bad("keys", "; ".join(f"{number} keys: {why}" for why, number in failures.items()))
    click.echo(f"good: {good} keys of messages, and the secret")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_option
def backup(file: Path, path: Path) -> None:
    """Write the table of wrapped keys to the new FILE; the master keys are not in it."""
    from postseal.store.key_backup import lines  # noqa: PLC0415

    number = -1
    try:
        with message_file.new(file) as out:
            for line in lines(kept(path)):
                out.write(line)
                number += 1
    except FileExistsError:
        bad(str(file), "is there already", "name a new file")
    _noted(path, number)
    click.echo(f"{number} rows; what is revoked after this can be read with it and the master keys")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@settings_option
def restore(file: Path, path: Path) -> None:
    """Put keys that are missing back from FILE, for recipients who may still read."""
    from postseal.store.key_backup import restore as put_back  # noqa: PLC0415

    try:
        with file.open("rb") as lines:
            number = put_back(kept(path), lines)
    except (ValueError, KeyError, TypeError):
        bad(str(file), "is no whole backup of keys")
    click.echo(f"{number} keys were missing and are back")


def _noted(path: Path, number: int) -> None:
    """Tell the audit of a backup; one without master keys at hand is as good, and cannot be told."""
    from postseal.store.audit import Entry, Event  # noqa: PLC0415

    try:
        entry = Entry(Event.KEYS_BACKED_UP, detail=f"{number} rows")
        ring(path).audit.add([entry], at=datetime.now(UTC))
    except (BadInput, Failure) as error:
        click.echo(f"the audit does not know of this backup: {error}", err=True)


def _of_files(smime: Smime) -> set[str]:
    """The master keys that the private keys of the settings are sealed with; leaves if one cannot be read."""
    used = set()
    keys = {one.key for one in smime.identities} | {one.key for one in smime.decryption}
    for file in sorted(key for key in keys if isinstance(key, Path)):
        try:
            sealed = SealedKey.read(file.read_bytes())
        except (OSError, ValueError) as error:
            bad(str(file), f"what it is sealed with cannot be told: {error}")
        if sealed:
            used.add(sealed.wrapped.master)
    return used
