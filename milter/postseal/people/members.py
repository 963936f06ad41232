"""Who is a member of a mailing list: what the directory says, a program, or a server.

Nobody is a member because nothing can be found out: a source that does not answer in time, or makes no
sense, is a Failure, and nothing is opened then.  A program and a server answer with all members of one list,
those of lists within it, too; answers are remembered for a while, and who leaves reads no longer than that.
"""

import json
import logging
import re
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, Protocol

from postseal import log
from postseal.envelope import key
from postseal.errors import BadInput, Cause, Failure, Place, Problem
from postseal.finding import web
from postseal.finding.bounded import Bounded
from postseal.people.file import PeopleFile
from postseal.people.ldap import LdapPeople
from postseal.people.person import People
from postseal.settings.judging import Directory
from postseal.settings.lists import LIST, Lists

_log = logging.getLogger(__name__)

_LARGEST: Final = 8 << 20
"""Octets of an answer: some hundred thousand members."""
_REMEMBERED: Final = 500
_DIVIDED: Final = re.compile(r"[\s,;]+")
_LOOK: Final = 5.0
"""Seconds between two looks at a file that may have changed."""


class Members(Protocol):
    """Knows members of lists."""

    def list_of(self, member: str, lists: Collection[str]) -> str:
        """One of *lists* that *member* is on, "" if none; all are in the form to compare.

        Raises Failure(DIRECTORY) if it cannot say.
        """
        ...


class ByDirectory:
    """Whoever has the address of the list among his groups, directly or by way of other groups, is on it."""

    def __init__(self, find: Callable[[], People]) -> None:
        self._find = find

    def list_of(self, member: str, lists: Collection[str]) -> str:
        """See `Members`."""
        groups = {key(group) for group in self._find().find(member).groups if "@" in group}
        return next((each for each in lists if each in groups), "")


class ByAnswer:
    """*asked* answers with the addresses of all members of a list; for a while that is good."""

    def __init__(
        self,
        asked: Callable[[str], Iterable[str]],
        settings: Lists,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asked = asked
        # What is asked for keeps its own time; this is for what hangs all the same.
        self._bounded = Bounded("lists", 2 * settings.timeout + 1, clock=clock)
        self._life = settings.remembered
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()

    def list_of(self, member: str, lists: Collection[str]) -> str:
        """See `Members`."""
        return next((each for each in lists if member in self._members(each)), "")

    def _members(self, wanted: str) -> frozenset[str]:
        now = self._clock()
        with self._lock:
            until, members = self._known.get(wanted, (now, frozenset()))
        if until > now:
            return members
        try:
            members = self._bounded.ask(lambda: frozenset(map(key, self._asked(wanted))))
        except Failure as failure:
            raise Failure(Cause.DIRECTORY, failure.detail) from None
        with self._lock:
            self._known[wanted] = (now + self._life, members)
            self._known.move_to_end(wanted)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return members


class Several:
    """Whoever one of *sources* says is a member.  All of them are asked before nobody is."""

    def __init__(self, sources: Collection[Members]) -> None:
        self._sources = sources

    def list_of(self, member: str, lists: Collection[str]) -> str:
        """See `Members`."""
        return next(filter(None, (each.list_of(member, lists) for each in self._sources)), "")


def load(settings: Lists, directory: Directory, *, authorization: Callable[[], str]) -> Members | None:
    """Who says what *settings* ask for; None for nobody.  Raises BadInput.

    *authorization*: reads the value of that header field, "" for none.
    """
    found: list[Members] = []
    if settings.directory:
        found.append(ByDirectory(finder(directory, settings.place)))
    if settings.command:
        found.append(ByAnswer(lambda address: _printed(settings, address), settings))
    if settings.url:
        try:
            opener = web.strict(settings.certificate_authority)
        except OSError as error:
            what = f"{settings.certificate_authority} holds no certificates of authorities: {error}"
            raise BadInput([Problem(settings.place, what)]) from None
        authorization()

        def answered(address: str) -> Iterable[str]:
            try:
                octets = web.fetch(
                    settings.url,
                    seconds=settings.timeout / 2,
                    largest=_LARGEST,
                    question=json.dumps({"list": address}).encode(),
                    kind="application/json",
                    fields={"Authorization": value} if (value := authorization()) else {},
                    opener=opener,
                )
            except web.Missing:
                return ()
            except web.Unreachable as error:
                raise Failure(Cause.LOOKUP, f"lists: {error}") from None
            except BadInput as error:
                raise Failure(Cause.LOOKUP, f"lists: {error.problems[0].what}") from None
            return _listed(octets)

        found.append(ByAnswer(answered, settings))
    return Several(found) if found else None


def finder(directory: Directory, place: Place) -> Callable[[], People]:
    """Gives the *directory*, a file as it is now; *place*: of what asks for it.  Raises BadInput."""
    if directory.file is not None:
        return _Reread(directory.file).find
    if directory.server is not None:
        server = LdapPeople(directory.server)
        return lambda: server
    what = "there is no directory to ask for members"
    raise BadInput([Problem(place, what, "name a file or a server below directory:")])


class _Reread:
    """A file of people that is read again when it changes; one that is bad then changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._looked = time.monotonic()
        self._people = PeopleFile(path)

    def find(self) -> People:
        with self._lock:
            if time.monotonic() - self._looked >= _LOOK:
                self._looked = time.monotonic()
                self._look()
            return self._people

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._people = PeopleFile(self._path)
        except BadInput as error:
            _log.error("%s", log.line(event="people_not_read", why=str(error.problems[0])))


def _printed(settings: Lists, address: str) -> Iterable[str]:
    """What the command prints.  Postfix' postmap answers 1, and nothing, for what it does not know."""
    if address.startswith("-"):  # it would be an option
        return ()
    command = [address if word == LIST else word for word in settings.command]
    try:
        ended = subprocess.run(  # the administrator's, without a shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=settings.timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(Cause.LOOKUP, f"lists: {command[0]}: {type(error).__name__}") from None
    if ended.returncode not in {0, 1} or (ended.returncode == 1 and (ended.stdout or ended.stderr)):
        raise Failure(Cause.LOOKUP, f"lists: {command[0]} ends with {ended.returncode}")
    try:
        printed = ended.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure(Cause.LOOKUP, f"lists: {command[0]} prints something that is not UTF-8") from None
    return filter(None, _DIVIDED.split(printed))


def _listed(octets: bytes) -> Iterable[str]:
    try:
        members = json.loads(octets)["members"]
    except (ValueError, KeyError, TypeError, RecursionError):
        members = None
    if not isinstance(members, list) or not all(isinstance(each, str) for each in members):
        raise Failure(Cause.LOOKUP, "lists: the server does not answer with members")
    return members


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        facts = path.stat()
    except OSError:
        return ()
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
