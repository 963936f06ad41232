"""Words as HTML: escaped, each value by itself, and in lines that no mail server breaks."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Final

from postseal.methods.cover import Sentence

_TOKEN: Final = re.compile(r"<[^>]*>|&#?\w+;|\s+|.", re.DOTALL)
_WIDTH: Final = 70
_LONGEST: Final = 120


def sentence(words: Sentence, until: datetime | None) -> str:
    """*words* with each value apart from the text around it.  *until*: the moment that `{until}` names."""

    def value(name: str, text: str) -> str:
        if name == "until" and until is not None:
            at = f"{until.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
            return f'<time datetime="{at}">{escape(text)}</time>'
        return f"<bdi>{escape(text)}</bdi>"

    return words.filled(escape, value)


def lines(text: str) -> str:
    """*text* of an administrator, its line ends kept."""
    return escape(text).replace("\n", "<br>\n")


def put(template: str, values: Mapping[str, str]) -> str:
    """*template* with HTML in place of the words in double braces; an unknown word is a KeyError."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def narrow(html: str) -> str:
    """*html* in short lines, where they cannot be seen: at blanks, or within a comment."""
    pieces, column = [], 0
    for found in _TOKEN.finditer(html):
        token = found[0]
        if token.isspace() and (column > _WIDTH or "\n" in token):
            token, column = "\n", 0
        elif column > _LONGEST and not token.startswith("<"):
            # Chinese and Japanese have no blanks, and browsers would show a line end as one.
            pieces.append("<!--\n-->")
            column = 3
        pieces.append(token)
        column += sum(1 if each.isascii() else 8 for each in token)
    return "".join(pieces)
