"""What policy asks for one recipient.

A `Treatment` is a value: recipients whose treatments are equal can share a copy.  It names methods
by word only; whether a method exists and reaches the recipient is the pipeline's question.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from postseal.licence import Attachments
from postseal.notice import Notice
from postseal.outcome import Held, Reply
from postseal.remedy import DEFER, OnError
from postseal.required_tls import RequiredTls
from postseal.rights import Right, Template
from postseal.settings.ome import Form


class Unreached(IntEnum):
    """What becomes of a recipient whom no method reaches, the strictest last.

    It is not about failures: where it cannot be told whether somebody is reached, `on_error` says.
    """

    PLAIN = 0  # his copy goes unprotected
    BOUNCE = 1  # the sender gets it back for him; the others get theirs
    REFUSE = 2  # nobody gets the message


class Already(StrEnum):
    """What becomes of a message that the sender has encrypted already."""

    LEAVE = "leave"
    WRAP = "wrap"
    REJECT = "reject"


class Severity(StrEnum):
    """How serious it is that a rule applies; in order."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class SetHeader:
    """Replace every field *name* by one with *value*."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class AddHeader:
    """Append a field, whether or not one of that name exists."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveHeader:
    """Remove every field *name*; if *value* is given, only those with this value, in any letter case."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class PrependSubject:
    """Put *text* before the subject, unless it stands there already."""

    text: str


@dataclass(frozen=True, slots=True)
class AddAddress:
    """Write *address* into the field *name*, To or Cc, unless it stands there."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class StripSubject:
    """Take every one of *tags* out of the subject, in any letter case."""

    tags: tuple[str, ...]


class Where(StrEnum):
    """Where a subject gets its new text: in place of what matches, before the rest, or behind it."""

    MATCH = "match"
    BEGIN = "begin"
    END = "end"


@dataclass(frozen=True, slots=True)
class ChangeSubject:
    """Take what *expressions* (RE2) match out of the subject, and write *text* at that place."""

    expressions: tuple[str, ...]
    text: str
    at: Where = Where.MATCH


HeaderEdit = SetHeader | AddHeader | RemoveHeader | PrependSubject | StripSubject | ChangeSubject | AddAddress


class Side(StrEnum):
    """On which side of the text a disclaimer stands."""

    APPEND = "append"
    PREPEND = "prepend"


class Fallback(StrEnum):
    """What becomes of signed or encrypted mail, into which nothing can be written."""

    WRAP = "wrap"
    IGNORE = "ignore"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Disclaimer:
    """Text to be written into the message, with tokens such as `%%Email%%`; *html*: the same for HTML."""

    text: str
    html: str
    side: Side = Side.APPEND
    fallback: Fallback = Fallback.WRAP


@dataclass(frozen=True, slots=True)
class Addition:
    """*address* gets the mail too, because the rule of that name says so."""

    address: str
    rule: str


@dataclass(frozen=True, slots=True)
class Journaled:
    """*to* gets a journal copy of the message; *method*: the one that seals it, "" for as it came."""

    to: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Overridden:
    """The sender has passed by the refusal of *rule*, for a *reason* that he gives; "" for none."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """The wish of *rule* that the MTA keeps the whole message for an administrator, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is to happen to the mail for one recipient.

    *protect*: words of methods in order of preference; the first that reaches the recipient is
    used.  Empty: no protection is asked for.  *unreached*: what happens if none does.
    *already*: what happens if the sender has protected the message himself.
    *unseal*: whether sealed messages of ours are opened for him, if he is inside and may read them.
    *lifetime*: seconds for which a sealed message can be read, *cover*: its subject outside, *form*: how it
    travels, *read_notice*: whether its sender is told when it is read; None: as the settings say.
     *branding*: the word of the one that it is sealed with, "" for the
    default.
    *withheld*: rights that the reader must not have, with those that *templates* do not grant him.
    *attachments*: what becomes of files if he must not save; None: the default.
    *tls*: without which the copy does not travel, whatever protects it.
    *holds*: who wants the message held; that concerns all its recipients, whatever their copies.
    *deleted*: no copy leaves for the recipient.  *added*: who gets the mail besides him, *redirected*:
    who gets it in his place; policy has judged them too, so these two are no part of the value.
    *rules*: the names of the rules that led here, *audited*: of those that would have done something
    were they enforced, *overridden*: those whose refusal the sender passes by, *severity*: the highest of all
    these, *notices*: what they want told, *journals*: who gets a journal copy; none of these is part of the
    value.
    """

    protect: tuple[str, ...] = ()
    unreached: Unreached = Unreached.REFUSE
    already: Already = Already.LEAVE
    unseal: bool = False
    lifetime: float | None = None
    cover: str | None = None
    form: Form | None = None
    read_notice: bool | None = None
    tls: RequiredTls | None = None
    branding: str = ""
    withheld: frozenset[Right] = frozenset()
    templates: tuple[Template, ...] = ()
    attachments: Attachments | None = None
    sign: bool = False
    headers: tuple[HeaderEdit, ...] = ()
    disclaimers: tuple[Disclaimer, ...] = ()
    refusal: Reply | Held | None = None
    holds: tuple[Hold, ...] = field(default=(), compare=False)
    deleted: bool = False
    added: tuple[Addition, ...] = field(default=(), compare=False)
    redirected: tuple[Addition, ...] = field(default=(), compare=False)
    on_error: OnError = DEFER
    rules: tuple[str, ...] = field(default=(), compare=False)
    audited: tuple[str, ...] = field(default=(), compare=False)
    overridden: tuple[Overridden, ...] = field(default=(), compare=False)
    severity: Severity = field(default=Severity.NONE, compare=False)
    notices: tuple[Notice, ...] = field(default=(), compare=False)
    journals: tuple[Journaled, ...] = field(default=(), compare=False)

    @property
    def leaves(self) -> bool:
        """Whether the recipient gets a copy, as far as this treatment tells."""
        return not (self.refusal or self.deleted or self.redirected)
