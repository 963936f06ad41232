"""Who the super users are: people or groups of the settings, and only those who have signed in well enough.

A code by mail is never enough: whoever reads the mailbox of a super user would read everybody's messages.
"""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from postseal.envelope import key
from postseal.errors import BadInput, Problem
from postseal.people import members
from postseal.people.person import People
from postseal.settings.judging import Directory
from postseal.settings.sign_in import PASSCODE
from postseal.settings.super_users import SuperUsers
from postseal.store.audit import Audit, Entry, Event

_MARK: Final = hashlib.sha256(b"postseal super users").digest()[:16]
"""In place of a message's id: what the audit says of who they are is found by it."""


class Overseers:
    """Those whom *settings* name.  *find*: the directory; None if no group is named."""

    def __init__(self, settings: SuperUsers, find: Callable[[], People] | None) -> None:
        self.seconds = settings.open
        self._people = frozenset(map(key, settings.people))
        self._groups = frozenset(group.lower() for group in settings.groups)
        self._ways = frozenset(settings.sign_in)
        self._find = find

    def includes(self, address: str, how: str) -> bool:
        """Whether *address*, who has signed in *how*, is one.  Raises Failure(DIRECTORY) if it cannot say."""
        if not address or how not in self._ways:
            return False
        return address in self._people or (
            self._find is not None and not self._groups.isdisjoint(self._find().find(address).groups)
        )


def load(settings: SuperUsers, directory: Directory, ways: Collection[str]) -> Overseers | None:
    """Those whom *settings* name; None for nobody.  Raises BadInput.

    *ways*: in which people can sign in at all.
    """
    if not settings.people and not settings.groups:
        return None
    good = sorted({*ways} - {PASSCODE})
    if not settings.sign_in or not {*settings.sign_in} <= {*good}:
        what = "super users need a sign-in that is good enough, and a code by mail is not"
        hint = f"sign_in: {', '.join(good) if good else 'a provider, or passkey, which sign_in: must offer'}"
        raise BadInput([Problem(settings.place, what, hint)])
    find = members.finder(directory, settings.place) if settings.groups else None
    return Overseers(settings, find)


def note(settings: SuperUsers, audit: Audit, at: datetime) -> None:
    """Tell the audit who they are, if that has changed.  Raises Failure."""
    who = [*settings.people, *(f"group {group}" for group in settings.groups)]
    text = f"{', '.join(who)}, by {', '.join(settings.sign_in)}" if who else "nobody"
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]  # of what may be too long for a row
    said = f"{digest} {text}" if who else text
    before = audit.of(_MARK)
    if before[-1].detail != said[:300] if before else bool(who):
        audit.add([Entry(Event.SUPER_USERS, _MARK, detail=said)], at=at)
