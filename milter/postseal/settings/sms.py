"""What an administrator sets for codes by text message: the gateway, and whose telephone has which number."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from postseal import scalar
from postseal.document import Node, bad
from postseal.errors import Place, Problem


class Format(StrEnum):
    """How a gateway wants to be asked."""

    JSON = "json"
    FORM = "form"


KINDS = {Format.JSON: "application/json", Format.FORM: "application/x-www-form-urlencoded"}


def gateway(node: Node, _reader: object = None) -> str:
    """The address of a gateway, `https://HOST/PATH`."""
    written = scalar.text(node)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", written):
        # Not quoted: it may hold a key.
        raise bad(node.place, "bad address of a gateway", "write https://HOST/PATH; codes go there")
    return written


def telephone_number(written: str) -> str:
    """The number that *written* is, with its country and without marks (E.164); "" if it is none."""
    digits = re.sub(r"[ ()/.-]", "", written.strip())
    return digits if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else ""


def secret_source(node: Node, _reader: object = None) -> str:
    """Where a secret is: `file:/PATH` or `credential:NAME`."""
    written = scalar.text(node)
    if not re.fullmatch(r"file:/.+|credential:[\w.-]+", written):
        # Not quoted: it may be the secret itself.
        raise bad(node.place, "no such kind of secret", "write file:/PATH or credential:NAME")
    return written


@dataclass(frozen=True, slots=True)
class Sms:
    """A gateway for text messages.

    *numbers*: a file, the number of each address; codes for these addresses go there, and never by mail.
    *senders*: whether a sender inside may give his readers' numbers with a message.
    *body*: what is posted, with `{number}` and `{text}` in it.  *authorization*: the whole value of the
    header field of that name.  *certificate_authority*: a file that the gateway's certificate is checked
    with, in place of the system's.
    """

    url: Annotated[str, gateway]
    numbers: Path | None = None
    body: str = '{"to": "{number}", "text": "{text}"}'
    format: Format = Format.JSON
    authorization: Annotated[str, secret_source] = ""
    certificate_authority: Path | None = None
    timeout: Annotated[float, scalar.duration] = 10.0
    senders: bool = False
    place: Place = field(default=Place("sign_in"), compare=False, repr=False)

    def filled(self, number: str, text: str) -> bytes:
        """What is posted so that *number* gets *text*."""
        said = self.body
        for word, value in (("{number}", number), ("{text}", text)):
            said = said.replace(
                word, json.dumps(value)[1:-1] if self.format is Format.JSON else quote(value, safe="")
            )
        return said.encode()


def problems(sms: Sms) -> Iterator[Problem]:
    """What an administrator has to mend."""
    if sms.numbers is None and not sms.senders:
        yield Problem(sms.place, "nobody has a number", "name a file of numbers, or set senders: true")
    if "{number}" not in sms.body or "{text}" not in sms.body:
        yield Problem(sms.place, "the body does not say what goes where", "write {number} and {text} into it")
    elif sms.format is Format.JSON:
        try:
            json.loads(sms.filled("+1", "a"))
        except ValueError as error:
            yield Problem(
                sms.place, f"the body is no JSON: {error}", 'write {"to": "{number}", …}, or format: form'
            )
