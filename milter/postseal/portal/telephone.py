"""Codes by text message: a second way to somebody, of which whoever reads his mailbox knows nothing.

Who has a number gets his codes there and never by mail; the page says the same of every address.  The file of
numbers is looked at now and then; one that is bad changes nothing, and the log says what is wrong with it.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from postseal import document, log, scalar
from postseal.accounts import secret
from postseal.binding import Reader
from postseal.document import Node, bad
from postseal.envelope import key, split
from postseal.errors import BadInput, Problem
from postseal.finding import web
from postseal.settings.sms import KINDS, Sms, telephone_number

_log = logging.getLogger(__name__)

_PAUSE: Final = 5.0
_LARGEST: Final = 1 << 16


class Unsent(Exception):
    """A text message was not taken.  *final*: it never will be."""

    def __init__(self, why: str, *, final: bool) -> None:
        super().__init__(why)
        self.final = final


def address(node: Node, _reader: object = None) -> str:
    """An address such as `bob@example.com`."""
    written = scalar.text(node)
    if not all(split(written)) or any(each.isspace() for each in written):
        raise bad(node.place, f"expected an address, found '{written}'", "write it as bob@example.com")
    return key(written)


def number(node: Node, _reader: object = None) -> str:
    """A telephone number with its country: `'+49 170 1234567'`."""
    digits = telephone_number(scalar.text(node))
    if not digits:
        raise bad(node.place, "expected a telephone number", "write it in quotes, as '+49 170 1234567'")
    return digits


class Telephones:
    """The gateway of *settings*, and the numbers in its file.  Raises BadInput if they are bad at first."""

    def __init__(self, settings: Sms, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._opener = web.strict(settings.certificate_authority)
        except OSError as error:
            what = f"{settings.certificate_authority} holds no certificates of authorities: {error}"
            raise BadInput([Problem(settings.place, what)]) from None
        self._header()
        self._state = _stamp(settings.numbers)
        self._looked = clock()
        self._numbers = _read(settings.numbers)

    def of(self, address: str) -> str:
        """The number of *address*, in the form to compare; "" if there is none."""
        with self._lock:
            if self._clock() - self._looked >= _PAUSE:
                self._looked = self._clock()
                self._look()
            return self._numbers.get(address, "")

    def send(self, number: str, text: str) -> None:
        """Have *text* sent to *number*.  Raises Unsent."""
        settings = self._settings
        try:
            web.fetch(
                settings.url,
                seconds=settings.timeout / 2,
                largest=_LARGEST,
                question=settings.filled(number, text),
                kind=KINDS[settings.format],
                fields=self._header(),
                opener=self._opener,
            )
        except (web.Denied, web.Missing) as error:
            raise Unsent(f"sms: {error}", final=True) from None
        except web.Unreachable as error:
            raise Unsent(f"sms: {error}", final=False) from None
        except BadInput as error:
            raise Unsent(f"sms: {error.problems[0].what}", final=False) from None

    def _header(self) -> dict[str, str]:
        source = self._settings.authorization
        return {"Authorization": secret.read(source, self._settings.place)} if source else {}

    def _look(self) -> None:
        state = _stamp(self._settings.numbers)
        if state == self._state:
            return
        self._state = state
        try:
            self._numbers = _read(self._settings.numbers)
        except BadInput as error:
            _log.error("%s", log.line(event="numbers_not_read", why=str(error.problems[0])))


def _read(path: Path | None) -> Mapping[str, str]:
    if path is None:  # senders give them
        return {}
    node = document.load(path)
    if not scalar.mapped(node):
        return {}
    found = Reader().read(node, dict[Annotated[str, address], Annotated[str, number]])
    assert isinstance(found, dict)  # noqa: S101 (for the type checker)
    if len(found) < len(scalar.mapped(node)):
        raise bad(node.place, "an address has two numbers", "letter case makes no difference: keep one")
    return found


def _stamp(path: Path | None) -> tuple[int, ...]:
    if path is None:
        return ()
    try:
        facts = path.stat()
    except OSError:
        return ()
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
