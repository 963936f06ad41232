"""What a reader may do with a message: usage rights, levels of them, and templates that grant them.

Policy asks which rights are *withheld*; a method of protection says which of them it can hold.  What has been
saved can be printed, copied, changed and sent on, so whoever withholds one of these withholds saving too;
files that leave encrypted (`Attachments`) are no exception, as the rest of the message does not leave.
"""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from postseal.language.texts import NOTHING, Texts
from postseal.licence import DEFAULT_ATTACHMENTS, Attachments, Label, Licence


class Right(StrEnum):
    """A usage right, in the word of policies."""

    VIEW = "view"
    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"
    EDIT = "edit"
    PRINT = "print"
    COPY = "copy"
    SAVE = "save"


OTHER_NAMES: Final = {
    "DOCEDIT": Right.EDIT,
    "REPLYALL": Right.REPLY_ALL,
    "EXTRACT": Right.COPY,
    "EXPORT": Right.SAVE,
}
"""What rights management calls those that have another name there."""

_ALL: Final = frozenset(Right)
_VIEWER: Final = frozenset({Right.VIEW, Right.REPLY, Right.REPLY_ALL})
LEVELS: Final = {
    "viewer": _VIEWER,
    "restricted_editor": _VIEWER | {Right.EDIT, Right.FORWARD},
    "editor": _ALL - {Right.SAVE},
    "owner": _ALL,
}
"""Rights that go together."""
_NEED_A_FILE: Final = frozenset({Right.FORWARD, Right.EDIT, Right.PRINT, Right.COPY})


def withholding(rights: Iterable[Right]) -> frozenset[Right]:
    """*rights*, and what has to be withheld so that they are."""
    withheld = frozenset(rights)
    return withheld if withheld.isdisjoint(_NEED_A_FILE) else withheld | {Right.SAVE}


@dataclass(frozen=True, slots=True)
class Grant:
    """*rights* for somebody.

    *users*: addresses, *domains*: both in the form to compare; *groups*: of the directory of people.
    *anyone*: whoever has signed in as a recipient.
    """

    rights: frozenset[Right]
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    anyone: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """Who may do what.

    *word*: what rules call it.  *lifetime*: seconds for which its messages can be read; None: as others say.
    *archived*: no rule can ask for it any more.  *name*, *description*: what its readers are told.
    *offline*: seconds for which a copy can be read without the portal, and somebody who has signed in reads
    before he does so anew; 0: no copy, and anew each time; None: no copy, and as the portal says.
    *attachments*: for those whom it does not let save; None: as others say.
    """

    word: str
    grants: tuple[Grant, ...]
    lifetime: float | None = None
    archived: bool = False
    name: Texts = NOTHING
    description: Texts = NOTHING
    offline: float | None = None
    attachments: Attachments | None = None

    def granted(
        self, address: str, domains: Collection[str], groups: Callable[[], Collection[str]]
    ) -> frozenset[Right]:
        """The rights of *address*: of all grants that are for it, together.

        *domains*: its domain and those above it.  *groups*: finds the groups of
        *address*; not asked unless a grant is for groups.
        """
        rights: frozenset[Right] = frozenset()
        for grant in self.grants:
            meant = grant.anyone or address in grant.users or not grant.domains.isdisjoint(domains)
            if meant or (grant.groups and not grant.groups.isdisjoint(groups())):
                rights |= grant.rights
        return rights


def licence(templates: Iterable[Template], attachments: Attachments | None = None) -> Licence:
    """What *templates* say together: each may only take away from what another allows.

    *attachments*: what becomes of files; None: the default.
    """
    found, files = tuple(templates), attachments or DEFAULT_ATTACHMENTS
    if not found:
        return Licence(attachments=files)
    said = [each.offline for each in found if each.offline is not None]
    shortest = min(said, default=math.inf)
    return Licence(
        tuple(Label(each.word, each.name, each.description) for each in found),
        offline=len(said) == len(found) and shortest > 0,
        seconds=None if math.isinf(shortest) else int(shortest),
        attachments=files,
    )


OPTIONS: Final = {
    "encrypt_only": Template("encrypt_only", (Grant(_ALL, anyone=True),)),
    "do_not_forward": Template("do_not_forward", (Grant(_VIEWER | {Right.EDIT}, anyone=True),)),
}
"""Templates that are always there, for whoever gets the message."""
