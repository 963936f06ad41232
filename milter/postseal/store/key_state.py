"""Master keys: which wraps what.  Nothing is unwrapped for it."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, func, select

from postseal.errors import Failure
from postseal.store.ring import Opened
from postseal.store.schema_sealed import sealed_keys, secrets


@dataclass(frozen=True, slots=True)
class MasterKey:
    """*messages*, *keys*: how many messages have keys under it, and how many keys those are.

    *secret*: whether the secret of the installation is.  *known*: whether the source of keys has it; None if
    the source does not say what it has.
    """

    name: str
    current: bool
    messages: int
    keys: int
    secret: bool
    known: bool | None


def states(opened: Opened) -> tuple[MasterKey, ...]:
    """All that wrap something, or could, by name.  Raises Failure(STORE).

    While the source of keys does not answer, they are those that the store names, and none is the current.
    """
    counted, of_secrets = opened.store.read(_counted)
    try:
        current, names = opened.keys.current, getattr(opened.keys, "names", None)  # a key server has none
    except Failure:
        current, names = "", None
    every = {*counted, *of_secrets, *(names or ()), *filter(None, [current])}
    known = partial(_known, names=None if names is None else frozenset(names))
    return tuple(
        MasterKey(name, name == current, *counted.get(name, (0, 0)), name in of_secrets, known(name))
        for name in sorted(every)
    )


def _known(name: str, names: frozenset[str] | None) -> bool | None:
    return None if names is None else name in names


def _counted(connection: Connection) -> tuple[dict[str, tuple[int, int]], frozenset[str]]:
    messages = func.count(sealed_keys.c.message.distinct())
    query = select(sealed_keys.c.master, messages, func.count()).group_by(sealed_keys.c.master)
    counted = {master: (number, keys) for master, number, keys in connection.execute(query)}
    return counted, frozenset(connection.scalars(select(secrets.c.master)))
