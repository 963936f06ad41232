"""PKCS #11 tokens: one session for each, opened when it is needed.

A token that goes away is Failure(KEYS) until it is back, and then works again by itself.  A wrong PIN is
not tried twice, nor is any when the token would lock itself after it.
"""

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from postseal.errors import BadInput, Cause, Failure, Place, Problem
from postseal.pkcs11_uri import Pkcs11Uri
from postseal.sealed import cryptoki

if TYPE_CHECKING:
    import pkcs11
    from pkcs11 import Attribute, ObjectClass, Session

T = TypeVar("T")

_PAUSE_SECONDS: Final = 2.0
"""How long a token that could not be opened is not asked again: mail must not wait for it time and again."""
_LONGEST_PIN: Final = 256


class Key(Protocol):
    """An object on a token, as far as anybody here uses it; what it cannot do raises PKCS11Error."""

    @property
    def key_type(self) -> object:
        """RSA, EC, AES and so on."""
        ...

    def __getitem__(self, attribute: "Attribute") -> bytes: ...

    def sign(self, data: bytes, *, mechanism: object, mechanism_param: object = None) -> bytes:
        """A signature."""
        ...

    def encrypt(self, data: bytes, *, mechanism: object, mechanism_param: object = None) -> bytes:
        """A ciphertext."""
        ...

    def decrypt(self, data: bytes, *, mechanism: object, mechanism_param: object = None) -> bytes:
        """What was encrypted."""
        ...

    def derive_key(
        self,
        key_type: object,
        key_length: int,
        *,
        mechanism: object,
        mechanism_param: object,
        capabilities: object,
        template: object,
    ) -> "Key":
        """A key agreed with somebody."""
        ...

    def destroy(self) -> None:
        """Take it off the token, or out of the session."""
        ...


class Refused(ValueError):
    """The token works, and does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which object on the token: its class, and its label or its id."""

    kind: "ObjectClass"
    label: str = ""
    id: bytes = b""


_tokens: dict[tuple[Path, str, str], "Token"] = {}


def of(uri: Pkcs11Uri) -> "Token":
    """The token that *uri* names, the same one for every key on it.  Raises BadInput."""
    try:
        import pkcs11  # noqa: F401, PLC0415 (an extra)
    except ImportError:
        hint = "pip install 'postseal[pkcs11]'"
        raise BadInput([Problem(Place(str(uri)), "keys on tokens need python-pkcs11", hint)]) from None
    named = uri.library, uri.token, uri.pin_source
    if named not in _tokens:
        _tokens[named] = Token(uri)
    return _tokens[named]


class Token:
    """The token that *uri* names."""

    def __init__(self, uri: Pkcs11Uri, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._library = cryptoki.of(uri.library)
        self._library.closing.append(self.forget)
        self._label = uri.token
        self._pin_source = uri.pin_source
        self._monotonic = monotonic
        self._session: Session | None = None
        self._objects: dict[Query, Key] = {}
        self._wrong_pin = b""
        self._resume = float("-inf")

    def use(self, query: Query, work: Callable[[Key], T]) -> T:
        """What *work* makes of the object that *query* means.

        Raises Refused if the token works and *work* does not; else Failure(KEYS).
        """
        return self._library.do(lambda: self._tried(lambda: work(self._found(query)), query))

    def read(self, work: Callable[["Session"], T]) -> T:
        """What *work* reads.  Raises Failure(KEYS)."""
        return self._library.do(lambda: self._tried(lambda: work(self._opened()), None))

    def close(self) -> None:
        """Open it anew the next time."""
        self._library.do(self._library.close)

    def look(self, query: Query) -> None:
        """Look whether the object is there: what `use` does besides, where *work* fails."""
        self._library.do(lambda: self._lives(query))

    def change(self, work: Callable[["Session"], T]) -> T:
        """What *work* makes of a session of its own that may write.  Raises Failure(KEYS)."""

        def changed() -> T:
            self._opened()  # who has logged in has so for all sessions
            with self._slot().open(rw=True) as session:
                return work(session)

        return self._library.do(lambda: self._tried(changed, None, again=False))

    def _tried(self, work: Callable[[], T], query: Query | None, *, again: bool = True) -> T:
        """What *work* returns, at the second try if the session was worth nothing any more."""
        import pkcs11  # noqa: PLC0415

        fresh = self._session is None or not again
        try:
            return work()
        except pkcs11.PKCS11Error as error:
            if query and self._lives(query):
                raise Refused(type(error).__name__) from None
            self._library.close()
            if fresh:
                raise self._failure(error, query) from None
        try:
            return work()
        except pkcs11.PKCS11Error as error:
            self._library.close()
            raise self._failure(error, query) from None

    def forget(self) -> None:
        """What belonged to the session is worth nothing any more."""
        self._session = None
        self._objects.clear()

    def _found(self, query: Query) -> Key:
        session = self._opened()
        if query not in self._objects:
            self._objects[query] = _object(session, query)
        return self._objects[query]

    def _lives(self, query: Query) -> bool:
        """Whether the token still answers, and has the object."""
        import pkcs11  # noqa: PLC0415

        try:
            return self._session is not None and bool(_object(self._session, query))
        except pkcs11.PKCS11Error:
            return False

    def _opened(self) -> "Session":
        """The session.  Raises PKCS11Error, and Failure where it is of no use to try."""
        import pkcs11  # noqa: PLC0415

        if self._session:
            return self._session
        if self._monotonic() < self._resume:
            raise Failure(Cause.KEYS, f"token '{self._label}' did not answer a moment ago")
        self._resume = self._monotonic() + _PAUSE_SECONDS
        token = self._slot()
        pin = _pin(self._pin_source) if self._pin_source else b""
        if pin and pin == self._wrong_pin:
            raise Failure(Cause.KEYS, f"token '{self._label}': the PIN is wrong")
        if pin and token.flags & (pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_LOCKED):
            raise Failure(Cause.KEYS, f"token '{self._label}': one more wrong PIN locks it; log in by hand")
        try:
            self._session = token.open(user_pin=pin.decode()) if pin else token.open()
        except pkcs11.PinIncorrect:
            self._wrong_pin = pin
            raise
        except pkcs11.UserAlreadyLoggedIn:
            self._session = token.open()
        self._resume = float("-inf")
        return self._session

    def _slot(self) -> "pkcs11.Token":
        return self._library.loaded().get_token(token_label=self._label)

    def _failure(self, error: Exception, query: Query | None = None) -> Failure:
        which = f", key '{query.label or query.id.hex()}'" if query else ""
        return Failure(Cause.KEYS, f"token '{self._label}'{which}: {type(error).__name__}")


def _object(session: "Session", query: Query) -> Key:
    return cast(Key, session.get_key(query.kind, label=query.label or None, id=query.id or None))


def _pin(source: str) -> bytes:
    """The PIN that stands at *source*.  Raises Failure(KEYS), which never shows it."""
    kind, _, where = source.partition(":")
    path = Path(where) if kind == "file" else Path(os.environ.get("CREDENTIALS_DIRECTORY", "/")) / where
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            octets = file.read(_LONGEST_PIN + 1).strip()
    except OSError as error:
        raise Failure(Cause.KEYS, f"{path}: the PIN cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o007 or facts.st_uid not in {0, os.geteuid()}:
        raise Failure(Cause.KEYS, f"{path}: the PIN is not kept as a secret; chmod 400")
    if not octets or len(octets) > _LONGEST_PIN or not octets.isascii():
        raise Failure(Cause.KEYS, f"{path}: there is no PIN in the file")
    return octets
