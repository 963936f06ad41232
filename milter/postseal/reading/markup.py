"""HTML that strangers wrote, reduced to what only shows text: an allow-list held by nh3 (ammonia).

Runs in a process of its own (see `child`), because parsing takes time that is quadratic in the nesting;
what is obviously too large or too deep is refused before, by a look in linear time.  Nothing that is kept
loads anything, runs anything, asks for anything, or covers anything; links open a window of their own.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape

import nh3

from postseal.content import kind
from postseal.reading.destination import disclosed
from postseal.reading.style import style

CHARACTERS = 4 << 20
"""The longest HTML that is sanitised; pictures as data: URLs count."""

TAGS = 100_000
DEPTH = 400

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What is shown as a picture, told by its octets.  SVG is not a picture but a document."""

_EVERYWHERE = {"align", "dir", "lang", "style", "title"}
_CELL = {"abbr", "bgcolor", "colspan", "height", "nowrap", "rowspan", "scope", "valign", "width"}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"alt", "border", "height", "hspace", "src", "vspace", "width"},
    "font": {"color", "face", "size"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "height", "width"},
    **dict.fromkeys(("td", "th"), _CELL),
    **{tag: {"bgcolor", "valign"} for tag in ("tr", "tbody", "thead", "tfoot")},
    **{tag: {"span", "width"} for tag in ("col", "colgroup")},
    "ol": {"reversed", "start", "type"},
    "ul": {"type"},
    "li": {"type", "value"},
    "hr": {"color", "noshade", "size", "width"},
    "time": {"datetime"},
}
_TAGS = set(
    re.findall(
        r"\S+",
        """
        a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col
        colgroup dd del dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img
        ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub sup table
        tbody td tfoot th thead time tr tt u ul var wbr
        """,
    )
)
_WITH_CONTENT = set(
    re.findall(
        r"\S+",
        """
        applet audio base canvas datalist embed frame frameset iframe link map math meta noembed noframes
        object script select style svg template title video
        """,
    )
)
# What needs no end tag, so an open one says nothing about the depth.
_ENDLESS = frozenset(
    re.findall(
        rb"\S+",
        b"""
        area base br col colgroup dd dt embed hr img input li link meta option p param source tbody td tfoot
        th thead tr track wbr
        """,
    )
)
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\s/>]{0,40})")
_BODY = re.compile(r"<body((?:\s[^>]{0,4000})?)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(bgcolor|text|style)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:|ftp:|//|\\\\)", re.IGNORECASE)
_NO_URL = re.compile(r"[\x00-\x20\x7f]+")
_DATA = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)


@dataclass(slots=True)
class Sanitised:
    """What became of HTML.  *remote*: pictures elsewhere that were left out; *shown*: those of the mail."""

    markup: str = ""
    remote: int = 0
    missing: int = 0
    shown: list[str] = field(default_factory=list)


def excess(markup: bytes) -> str:
    """What is too much about *markup* ("large", "deep"), "" if nothing is; takes linear time."""
    if len(markup) > CHARACTERS:
        return "large"
    opened: dict[bytes, int] = {}
    depth = 0
    for number, (end, name) in enumerate(_TAG.findall(markup)):
        if number >= TAGS:
            return "large"
        name = name.lower()  # noqa: PLW2901 (the same name)
        if name in _ENDLESS:
            continue
        if not end:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            if depth > DEPTH:
                return "deep"
        elif opened.get(name):
            opened[name] -= 1
            depth -= 1
    return ""


def sanitised(markup: str, pictures: Mapping[str, str]) -> Sanitised:
    """The harmless rest of *markup*.

    *pictures*: what is written as src in place of `cid:` and a Content-ID.
    """
    found = Sanitised()

    def judged(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return style(value) or None
        if name == "href":
            return _link(value)
        if name == "src":
            return _source(value, pictures, found)
        return value

    body = _body(markup)
    clean = nh3.clean(
        markup,
        tags=_TAGS,
        clean_content_tags=_WITH_CONTENT,
        attributes={"*": _EVERYWHERE, **_ATTRIBUTES},
        attribute_filter=judged,
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    found.markup = (
        f'<div class="body" style="{escape(body)}">{disclosed(clean)}</div>' if body else disclosed(clean)
    )
    return found


def _body(markup: str) -> str:
    """The style that the body element asks for, "" if none: text may be white because that is black."""
    element = _BODY.search(markup, 0, 1 << 16)
    if element is None:
        return ""
    named = {
        name.lower(): unescape(value[1:-1] if value[0] in "\"'" else value)
        for name, value in _ATTRIBUTE.findall(element[1])
    }
    colours = f"background-color:{named.get('bgcolor', '')};color:{named.get('text', '')};"
    return style(colours + named.get("style", ""))


def _link(value: str) -> str | None:
    url = _NO_URL.sub("", value) if value.strip()[:4].lower() != "mail" else value.strip()
    return url if _LINK.match(url) else None


def _source(value: str, pictures: Mapping[str, str], found: Sanitised) -> str | None:
    value = value.strip()
    if value[:4].lower() == "cid:":
        shown = pictures.get(value[4:].strip("<> "))
        if shown is None:
            found.missing += 1
            return None
        found.shown.append(shown)
        return shown
    if _REMOTE.match(value):
        found.remote += 1
        return None
    return _data(value)


def _data(value: str) -> str | None:
    """A data: URL of a picture, called what its octets are; None if they are none."""
    match = _DATA.match(value)
    if match is None:
        return None
    encoded = re.sub(r"[^A-Za-z0-9+/]+", "", value[match.end() :])
    encoded = encoded[: len(encoded) - (len(encoded) % 4 == 1)]
    try:
        found = kind.kind(b64decode(encoded[:1024] + "=" * (-len(encoded[:1024]) % 4)))
    except Error:
        return None
    return f"data:{found};base64,{encoded}{'=' * (-len(encoded) % 4)}" if found in PICTURES else None
