"""Legacy Display Elements (RFC 9788 §5.2.2): hidden header fields, shown in the text of encrypted mail.

A program that does not know protected header fields shows `[...]` where the subject was; the element says
the true one at the beginning of the text.  Programs that know them leave it out, as we do with mail that
we open.
"""

import html
import re
from collections.abc import Callable

from postseal import first_text
from postseal.body import Spool
from postseal.cms import field
from postseal.cms.header_protection import HIDDEN
from postseal.cms.mime import Part
from postseal.first_text import CLOSED, New
from postseal.message import Header, Message

_PARAMETER = "hp-legacy-display"
_CLASS = "header-protection-legacy-display"
_LARGEST = 1 << 16
"""Octets of an element; its fields are a few lines."""
_TEXT = re.compile(
    rb"(?:(?:%b):[^\r\n]*+\r?\n(?:[ \t]+[^\r\n]*+\r?\n)*+)++[ \t]*+\r?\n"
    % b"|".join(name.encode("ascii") for name in HIDDEN),
    re.IGNORECASE,
)
_HTML = re.compile(
    rb"\s*+<div class=\"%b\">[^<]*+<pre>[^<]*+</pre>[^<]*+</div>(?:\r?\n)?" % _CLASS.encode("ascii")
)


def displayed(message: Message, spool: Spool) -> Message:
    """*message* with its fields that will be hidden outside at the beginning of its text.

    It stays as it is if it has none of them, or is signed or encrypted already, or where its text is none
    that can be edited.  Raises Failure(LIMIT) if it has more parts than can be looked at.
    """
    fields = message.all(*HIDDEN)
    nodes = first_text.nodes(message)
    if not fields or nodes[0].content_type in CLOSED:
        return message
    lines = "\r\n".join(f"{name}: {' '.join(text.split())}" for name, text in map(_shown, fields))

    def edited(part: Part, old: bytes) -> New | None:
        is_html = part.content_type == "text/html"
        element = f'<div class="{_CLASS}"><pre>{html.escape(lines)}</pre></div>\r\n'
        element = first_text.for_html(part, element) if is_html else f"{lines}\r\n\r\n"
        taking = first_text.taking(part, old, element)
        if taking is None:
            return None
        old, charset = taking
        at = first_text.begin(old) if is_html else 0
        new = old[:at] + element.encode("utf-8", "replace") + old[at:]
        return first_text.encoded(part, new, charset=charset, parameter=f'{_PARAMETER}="1"')

    return _changed(message, nodes, edited, spool)


def removed(message: Message, spool: Spool) -> Message:
    """*message*, which was encrypted, without the elements in its text."""

    def edited(part: Part, old: bytes) -> New | None:
        if not _is_marked(part):
            return None
        at = first_text.begin(old) if part.content_type == "text/html" else 0
        found = (_HTML if part.content_type == "text/html" else _TEXT).match(old, at)
        if found is None or found.end() - at > _LARGEST:
            return None
        return first_text.encoded(part, old[:at] + old[found.end() :], lost=_PARAMETER)

    nodes = first_text.nodes(message)
    return message if nodes[0].content_type in CLOSED else _changed(message, nodes, edited, spool)


def _changed(
    message: Message, nodes: list[Part], edited: Callable[[Part, bytes], New | None], spool: Spool
) -> Message:
    changes = []
    for part in first_text.shown(nodes):
        old = first_text.decoded(message, part)
        if old is not None and (new := edited(part, old)):
            changes.append((part, new))
    return first_text.put(message, changes, spool) if changes else message


def _shown(header: Header) -> tuple[str, str]:
    return header.name.decode("ascii", "replace").strip(), field.text(header.value)


def _is_marked(part: Part) -> bool:
    values = (header.value for header in part.headers if header.named("Content-Type"))
    return field.parametrized(next(values, b"")).parameters.get(_PARAMETER) == b"1"
