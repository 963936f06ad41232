"""Actions on usage rights: what a reader must not do, and what becomes of that for each recipient."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Final

from postseal.document import Node, bad
from postseal.errors import Failure
from postseal.licence import strictest
from postseal.outcome import Reply
from postseal.policy.granting import granted_to, restricted
from postseal.policy.mail import Mail
from postseal.policy.protection_actions import protect
from postseal.policy.templates import Files, chosen, right
from postseal.policy.values import some
from postseal.remedy import refusal
from postseal.rights import Right, Template, withholding
from postseal.treatment import RemoveHeader, Treatment


def rights(node: Node, _reader: object = None) -> frozenset[Right]:
    """Rights: `reply`, `reply_all`, `forward`, `edit`, `print`, `copy`, `save`."""
    found = frozenset(right(each) for each in some(node))
    if Right.VIEW in found:
        raise bad(node.place, "who may not view it gets no message", "write 'reject:', or leave it out")
    return withholding(found)


def withhold(treatment: Treatment, withheld: Annotated[frozenset[Right], rights]) -> Treatment:
    """Withhold these usage rights: the reader can read the message, and not `forward`, `print` or `save` it.

    Whoever withholds `forward`, `edit`, `print` or `copy` withholds `save` too.  Only the method `ome` can
    withhold anything: without it in `protect` the message is refused.  A later rule withholds more, never
    less.  docs/rights.md says what is prevented, and what is only made hard.
    """
    return replace(treatment, withheld=treatment.withheld | withheld)


def template(treatment: Treatment, granting: Annotated[Template, chosen]) -> Treatment:
    """Grant what this template grants, and withhold all other rights: `do_not_forward`, or one of your own.

    Each recipient has the rights that the template has for him; if one has none, the message is refused.  Of
    several templates only what all grant is granted.  As with `withhold`, only the method `ome` will do.
    """
    return replace(
        treatment, templates=(*(each for each in treatment.templates if each != granting), granting)
    )


def attachments(treatment: Treatment, files: Files) -> Treatment:
    """What becomes of the files in the message, none of which the reader can then save as they are.

    `view_only`, the default where `save` is withheld: text, PDF and pictures are looked at page by page, as
    pictures, and as text for screen readers; `pictures`: as pictures alone; `withhold`: not even that.
    `protect`: he also saves PDF files, encrypted and with the rights that he has, and, if none of `print`,
    `copy` and `edit` is withheld, Word, Excel and PowerPoint files, encrypted; the portal shows him the
    password.  `password`: the latter also where these rights are withheld, though nothing holds him to that.
    The strictest that rules and templates ask for holds.
    """
    return replace(
        treatment,
        attachments=strictest([treatment.attachments, files]),
        withheld=treatment.withheld | {Right.SAVE},
    )


ASKED: Final = "X-Usage-Rights"
"""The header field by which a sender inside asks for templates that are offered."""
_NOT_OFFERED: Final = Reply(550, "5.7.1", "This message asks for usage rights that are not offered here.")
_NO_RIGHT: Final = Reply(550, "5.7.1", "A recipient of this message has no right to read it.")

ACTIONS: tuple[Callable[..., Treatment], ...] = (withhold, template, attachments)
"""The actions of this module."""


def asked(mail: Mail, treatment: Treatment) -> Treatment:
    """*treatment* with the templates that the sender asks for, who is inside; what is not offered is refused.

    He may only restrict further what rules say, and have protected what they would let go.
    """
    transaction = mail.transaction
    values = transaction.raw(ASKED.lower())
    if treatment.refusal or not values or not transaction.from_inside:
        return treatment
    words = [value.strip().decode("ascii", "replace").lower() for value in values]
    offered = transaction.site.offered
    for word in words:
        if word not in offered:
            detail = f"the sender asks for the template '{word[:64]}'"
            return replace(treatment, refusal=replace(_NOT_OFFERED, detail=detail))
        treatment = template(treatment, offered[word])
    methods = treatment.protect or ("smime",)
    treatment = protect(treatment, methods if "ome" in methods else (*methods, "ome"))
    return replace(treatment, headers=(*treatment.headers, RemoveHeader(ASKED)))


def granted(mail: Mail, treatment: Treatment) -> Treatment:
    """*treatment* with what its templates withhold from the recipient of *mail*, and until when he reads."""
    if treatment.refusal or not treatment.templates:
        return treatment
    try:
        rights = frozenset(Right).intersection(*(_rights(mail, each) for each in treatment.templates))
    except Failure as failure:
        return replace(treatment, refusal=refusal(failure.cause, treatment.on_error, failure.detail))
    if Right.VIEW not in rights:
        names = ", ".join(each.word for each in treatment.templates)
        detail = f"template {names} grants nothing to <{mail.recipient.address}>"
        return replace(treatment, refusal=replace(_NO_RIGHT, detail=detail))
    return restricted(treatment, rights)


def _rights(mail: Mail, template: Template) -> frozenset[Right]:
    return granted_to(template, mail.recipient.address, partial(_groups, mail))


def _groups(mail: Mail, address: str) -> frozenset[str]:
    return mail.transaction.person(address).groups
