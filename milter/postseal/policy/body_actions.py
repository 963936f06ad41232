"""Actions on the text of the message."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader, known
from postseal.content.html import visible
from postseal.document import Node, Scalar, bad
from postseal.policy.mail import Transaction
from postseal.treatment import Disclaimer, Fallback, Side, Treatment

TOKENS = ("DisplayName", "Email", "From", "Date")
"""What may stand between %% in a disclaimer: of the author, and the message's date."""

_LONGEST = 5000
_TOKEN = re.compile("%%(.*?)%%")
_ATTRIBUTE = "attribute:"


def disclaimer_text(node: Node, _reader: object = None) -> str:
    """Text, at most 5000 characters, with tokens: `%%DisplayName%%`, `%%Email%%`, `%%From%%`, `%%Date%%`."""
    written = scalar.one(node)
    if not written.text.strip() or len(written.text) > _LONGEST:
        what = f"a disclaimer of {len(written.text.strip())} characters"
        raise bad(written.place, what, f"write at most {_LONGEST}, and at least one that is seen")
    for token in _TOKEN.findall(written.text):
        if not token.removeprefix(_ATTRIBUTE) or not token.startswith(_ATTRIBUTE):
            known(Scalar(token, written.place), TOKENS, "token")
    return written.text


@dataclass(frozen=True, slots=True)
class _Disclaimer:
    text: Annotated[str, disclaimer_text] = ""
    html: Annotated[str, disclaimer_text] = ""
    side: Side = Side.APPEND
    fallback: Fallback = Fallback.WRAP


def written(node: Node, reader: Reader) -> Disclaimer:
    """A text; or `{text: …, html: …, side: append, fallback: wrap}`."""
    if isinstance(node, Scalar):
        bound = _Disclaimer(text=disclaimer_text(node))
    else:
        bound = reader.bind(node, _Disclaimer)
        if not bound.text and not bound.html:
            raise bad(node.place, "a disclaimer needs a text", "write 'text:', 'html:' or both")
    markup = bound.html or html.escape(bound.text).replace("\n", "<br>\n")
    return Disclaimer(bound.text or visible(bound.html), markup, bound.side, bound.fallback)


Written = Annotated[Disclaimer, written]


def disclaimer(treatment: Treatment, added: Written) -> Treatment:
    """Write this text behind what the sender wrote, or with `side: prepend` before it.

    Into plain text and HTML, of alternatives into both; HTML is made of the text if only that is given,
    and the other way round.  Signed or encrypted mail is never written into: `fallback: wrap` makes it the
    attachment of a new message with the text, `ignore` leaves it alone, `reject` refuses it.  Other mail
    without a text gets one.  `%%attribute:title%%` stands for what the directory says of the envelope sender.
    """
    return replace(treatment, disclaimers=(*treatment.disclaimers, added))


def attribute(name: str) -> str:
    """The token that stands for the sender's attribute *name*."""
    return f"%%{_ATTRIBUTE}{name}%%"


def about_sender(disclaimer: Disclaimer) -> bool:
    """Whether *disclaimer* has tokens that the directory fills in."""
    return f"%%{_ATTRIBUTE}" in disclaimer.text + disclaimer.html


def personal(disclaimer: Disclaimer, transaction: Transaction) -> Disclaimer:
    """*disclaimer* with what the directory says of the sender.  Raises Failure(DIRECTORY)."""
    if not about_sender(disclaimer):
        return disclaimer
    attributes = transaction.person(transaction.sender).attributes

    def fill(text: str, written: Callable[[str], str]) -> str:
        def value(token: re.Match[str]) -> str:
            if not token[1].startswith(_ATTRIBUTE):
                return token[0]
            values = attributes.get(token[1].removeprefix(_ATTRIBUTE).strip().lower(), ())
            # No value may look like a token, which would be filled in once more.
            return written(" ".join(", ".join(values).replace("%%", "% %").split()))

        return _TOKEN.sub(value, text)

    return replace(disclaimer, text=fill(disclaimer.text, str), html=fill(disclaimer.html, html.escape))


ACTIONS: tuple[Callable[..., Treatment], ...] = (disclaimer,)
"""The actions of this room."""
