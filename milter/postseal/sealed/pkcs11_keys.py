"""Master keys on a PKCS #11 token: AES-256 keys that never leave it, labelled PREFIX.NAME.

They wrap as those in a file do, by AES-256-GCM with the context as associated data; the newest name is the
current one.  What another process has made or taken away is seen within seconds.
"""

import os
import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from postseal.errors import Cause, Failure
from postseal.pkcs11_uri import Pkcs11Uri
from postseal.sealed import token
from postseal.sealed.keyfile import named
from postseal.sealed.master import NAME_CHARACTERS, Wrapped, bound
from postseal.sealed.token import Key, Query, Refused

if TYPE_CHECKING:
    from pkcs11 import Session

_NONCE: Final = 12
_TAG_BITS: Final = 128
_REMEMBERED_SECONDS: Final = 10.0
_NAME: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{NAME_CHARACTERS}}}")


class Pkcs11Keys:
    """The master keys that *uri* names by the beginning of their labels.  Opens nothing until it is asked."""

    def __init__(self, uri: Pkcs11Uri, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._prefix = f"{uri.object}."
        self._token = token.of(uri)
        self._monotonic = monotonic
        self._known: tuple[float, tuple[str, ...]] = (float("-inf"), ())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, the current one last."""
        until, names = self._known
        if self._monotonic() >= until:
            names = self._token.read(self._listed)
            if not names:  # some libraries go on with an empty token where one was taken out
                self._token.close()
                return self._token.read(self._listed)
            self._known = (self._monotonic() + _REMEMBERED_SECONDS, names)
        return names

    @property
    def current(self) -> str:
        """The name of the master key that wraps from now on."""
        if not self.names:
            raise Failure(Cause.KEYS, f"there is no master key '{self._prefix}*' on the token")
        return self.names[-1]

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """*key*, wrapped: the nonce, the encrypted key and its tag."""
        name, nonce = self.current, os.urandom(_NONCE)
        try:
            octets = self._token.use(
                self._query(name), lambda one: _encrypt(one, key, nonce, bound(name, context))
            )
        except Refused as refused:
            raise Failure(Cause.KEYS, f"master key '{name}' does not wrap: {refused}") from None
        return Wrapped(name, nonce + octets)

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key in *wrapped*."""
        name, nonce, rest = wrapped.master, wrapped.octets[:_NONCE], wrapped.octets[_NONCE:]
        if not _NAME.fullmatch(name):
            raise Failure(Cause.KEYS, "there is no such master key")
        try:
            return self._token.use(
                self._query(name), lambda one: _decrypt(one, rest, nonce, bound(name, context))
            )
        except Refused:
            detail = f"master key '{name}' does not open this key, or not for this use"
            raise Failure(Cause.KEYS, detail) from None

    def add(self, at: datetime) -> str:
        """Make a new key on the token, from now on the current; its name.  Raises Failure(KEYS)."""
        self._known = (float("-inf"), ())
        name = named(at, taken=frozenset(self.names))
        self._token.change(lambda session: _generate(session, self._prefix + name))
        self._known = (float("-inf"), ())
        return name

    def retire(self, names: frozenset[str]) -> None:
        """Destroy the keys *names*, never the current one.  Raises Failure(KEYS)."""
        if self.current in names:
            raise Failure(Cause.KEYS, "the current master key cannot be retired")
        for query in map(self._query, sorted(names)):
            self._token.change(partial(_destroy, query=query))
        self._known = (float("-inf"), ())

    def _query(self, name: str) -> Query:
        from pkcs11 import ObjectClass  # noqa: PLC0415

        return Query(ObjectClass.SECRET_KEY, self._prefix + name)

    def _listed(self, session: "Session") -> tuple[str, ...]:
        from pkcs11 import Attribute, KeyType, ObjectClass  # noqa: PLC0415

        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
        labels = [str(one[Attribute.LABEL]) for one in session.get_objects(wanted)]
        names = (label.removeprefix(self._prefix) for label in labels if label.startswith(self._prefix))
        return tuple(sorted(filter(_NAME.fullmatch, names), key=_age))


def _age(name: str) -> tuple[str, int]:
    """What puts names that `named` has made in order."""
    day, _, number = name.partition(".")
    return day, int(number) if number.isdecimal() else 1


def _encrypt(key: Key, octets: bytes, nonce: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism  # noqa: PLC0415

    parameters = GCMParams(nonce, context, _TAG_BITS)
    return bytes(key.encrypt(octets, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))


def _decrypt(key: Key, octets: bytes, nonce: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism  # noqa: PLC0415

    parameters = GCMParams(nonce, context, _TAG_BITS)
    return bytes(key.decrypt(octets, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))


def _generate(session: "Session", label: str) -> None:
    from pkcs11 import Attribute, KeyType, MechanismFlag  # noqa: PLC0415

    session.generate_key(
        KeyType.AES,
        256,
        label=label,
        id=label.encode(),
        store=True,
        capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
        template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.MODIFIABLE: False},
    )


def _destroy(session: "Session", query: Query) -> None:
    session.get_key(query.kind, label=query.label).destroy()
