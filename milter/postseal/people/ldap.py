"""A directory on an LDAP server (RFC 4510), asked when mail needs it.

An answer is remembered for a while, and so is that there is nobody; a failure is never an answer.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from postseal.envelope import key
from postseal.errors import Cause, Failure
from postseal.finding.bounded import Bounded
from postseal.finding.ldap_search import Ask, LdapSearch
from postseal.people.person import NOBODY, Person
from postseal.settings.judging import PeopleServer

_ENTRIES: Final = 500
"""Entries that an answer may have: the groups of one person."""
_NESTED: Final = 10
"""Levels of groups within groups."""
_LONGEST: Final = 1000
"""Octets of a value that is text and not a picture."""
_REMEMBERED: Final = 20_000


class LdapPeople:
    """Asks the server of *settings*.  Raises BadInput without the library.  Threads may share it."""

    def __init__(self, settings: PeopleServer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = settings.seconds
        self._settings = settings
        self._search = LdapSearch(settings.server, "people.ldap")
        self._bounded = Bounded("people", settings.seconds, clock=clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, tuple[float, Person]] = OrderedDict()

    def find(self, address: str) -> Person:
        """Who has *address*; see `People`."""
        now = self._clock()
        with self._lock:
            until, person = self._remembered.get(address, (now, NOBODY))
        if until > now:
            return person
        try:
            person = self._bounded.ask(lambda: self._asked(address))
        except Failure as failure:
            raise Failure(Cause.DIRECTORY, failure.detail) from None
        with self._lock:
            self._remembered[address] = (now + self._settings.remembered, person)
            self._remembered.move_to_end(address)
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return person

    def _asked(self, address: str) -> Person:
        server = self._settings.server
        with self._search.opened(self._settings.seconds, most=_ENTRIES) as ask:
            entries = ask(server.base, self._search.wanted(server.filter, address=address), ["*", "memberOf"])
            if not entries:
                return NOBODY
            if len(entries) > 1:  # whose groups would count?
                raise Failure(Cause.LOOKUP, f"people: {len(entries)} entries have the address <{address}>")
            name, values = entries[0]
            attributes = {
                attribute.partition(";")[0].lower(): found
                for attribute, octets in values.items()
                if (found := tuple(_texts(octets)))
            }
            groups = self._groups(ask, name, attributes.get("memberof", ()))
            manager = self._mail(ask, next(iter(attributes.get(self._settings.manager.lower(), ())), ""))
        return Person(groups, attributes, manager)

    def _groups(self, ask: Ask, member: str, listed: Iterable[str]) -> frozenset[str]:
        """The names and addresses of all groups that *member* is in, by way of other groups, too."""
        found: set[str] = set()
        seen: set[str] = set()
        members = [member]
        for name in listed:
            found |= {name.lower(), _first(name)}
        for _ in range(_NESTED):
            above: list[str] = []
            for each in members:
                wanted = self._search.wanted(self._settings.group_filter, dn=each)
                for name, values in ask(self._settings.server.base, wanted, ["cn", "mail"]):
                    if name.lower() not in seen:
                        seen.add(name.lower())
                        above.append(name)
                        texts = [text for octets in values.values() for text in _texts(octets)]
                        found |= {name.lower(), *(text.lower() for text in texts)}
            if not above:
                return frozenset(found)
            members = above
        raise Failure(Cause.LOOKUP, f"people: groups are nested more than {_NESTED} levels deep")

    def _mail(self, ask: Ask, manager: str) -> str:
        """The address of the person whose distinguished name *manager* is."""
        for _, values in ask(manager, "", ["mail"]) if manager else ():
            for text in _texts(values.get("mail", [])):
                return key(text)
        return ""


def _first(name: str) -> str:
    """The value of the first part of a distinguished name: its common name, as a rule."""
    return name.partition(",")[0].partition("=")[2].strip().lower()


def _texts(octets: Iterable[bytes]) -> Iterable[str]:
    for value in octets:
        if len(value) <= _LONGEST:
            try:
                yield value.decode("utf-8")
            except UnicodeDecodeError:
                continue
