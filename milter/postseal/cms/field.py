"""What a structured header field says: media types, parameters, encoded words, mailboxes.

Only for looking: nothing here writes a field.  Every octet string has an answer and none raises,
because what is read was written by strangers; what makes no sense reads as empty.  The time taken
is linear in the length of the field.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from postseal.cms import charset, encoding

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?$)|\\.|\s++|[()<>,;:]|[^"()<>,;:\\\s]++|.', re.DOTALL)
_IN_COMMENT = re.compile(rb"\\.|[()]|[^()\\]++|.", re.DOTALL)
_PARAMETER = re.compile(rb';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)(?:"|\\?$)|([^;"]*+))', re.DOTALL)
_SECTION = re.compile(rb"([^*]++)(?:\*(\d{1,4}))?(\*)?")
_MEDIA_TYPE = re.compile(rb"\s*+([!#$%&'*+.^_`{|}~\w-]++)\s*+/\s*+([!#$%&'*+.^_`{|}~\w-]++)")
# Blanks within a word are not allowed, and many programs read such words all the same.
_ANY_WORD = r"=\?[^?*\s]{1,60}(?:\*[^?\s]{0,60})?\?[bBqQ]\?[^?]*+\?="
_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?([bBqQ])\?([^?]*+)\?=")
_WORDS = re.compile(rf"(?:{_ANY_WORD})++")
_BETWEEN_WORDS = re.compile(rf"({_ANY_WORD})\s++(?==\?[^?\s]{{1,120}}\?[bBqQ]\?)")
_PLAIN, _EXTENDED = -1, -2


@dataclass(frozen=True, slots=True)
class Parametrized:
    """A value with parameters (RFC 2045 §5.1): the value in lower case, parameters by lower-case name.

    A parameter is octets as they stand in the field; one that names its charset (RFC 2231) is UTF-8.
    *ambiguous*: those that are given in several ways, of which programs may choose another.
    """

    value: str
    parameters: dict[str, bytes]
    ambiguous: frozenset[str]


def parametrized(value: bytes) -> Parametrized:
    """The value of a Content-Type or Content-Disposition field, RFC 2231 parameters put together.

    Of two equal parameters the first counts, as it does in most mail programs.
    """
    plain = _without_comments(value)
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    ambiguous: set[str] = set()
    for name, quoted, bare in _PARAMETER.findall(plain):
        section = _SECTION.fullmatch(name.lower())
        if section is None:
            continue
        octets = re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL) or bare.strip()
        index = int(section[2]) if section[2] else (_EXTENDED if section[3] else _PLAIN)
        key, written = section[1].decode("latin-1"), (octets, section[3] is not None)
        same = sections.setdefault(key, {})
        if (
            same.setdefault(index, written) != written
            or (index < 0 and len(same) > 1)
            or (index >= 0 and not same.keys().isdisjoint((_PLAIN, _EXTENDED)))
        ):
            ambiguous.add(key)
    return Parametrized(
        plain.partition(b";")[0].strip().lower().decode("latin-1"),
        {name: _joined(values) for name, values in sections.items()},
        frozenset(ambiguous),
    )


def media_type(value: bytes) -> str:
    """The `type/subtype` of a Content-Type field in lower case; "" if it has none."""
    match = _MEDIA_TYPE.match(_without_comments(value))
    return (match[1] + b"/" + match[2]).lower().decode("ascii") if match else ""


def text(value: bytes) -> str:
    """*value* as a person reads it: unfolded, encoded words decoded (RFC 2047), stripped."""
    unfolded = _unfolded(value)
    try:
        readable = unfolded.decode("utf-8")
    except UnicodeDecodeError:
        readable = unfolded.decode("latin-1")
    return _WORDS.sub(_decoded_words, _BETWEEN_WORDS.sub(r"\1", readable)).strip()


def decoded(octets: bytes, name: str) -> str:
    """*octets* in the charset *name*; what is not valid reads as U+FFFD, an unknown charset as Latin-1."""
    text = charset.decoded(octets, name)
    return octets.decode("latin-1") if text is None else text


def mailbox(value: bytes) -> str:
    """The one address of a From field (RFC 5322 §3.4); "" unless it holds exactly one mailbox.

    Strict on purpose: a list, a group, a second pair of angle brackets or anything after the
    first one has no single author whom a signature could name.
    """
    tokens = list(_tokens(_unfolded(value).strip()))
    while tokens and tokens[-1].isspace():  # a comment was behind it
        tokens.pop()
    plain = b"".join(b'""' if token.startswith(b'"') else token for token in tokens)
    if any(octet in plain for octet in b",;:\\()"):
        return ""
    if b"<" in plain or b">" in plain:
        if plain.count(b"<") != 1 or plain.count(b">") != 1 or tokens[-1] != b">":
            return ""
        tokens = tokens[tokens.index(b"<") + 1 : -1]
    local, at, domain = b"".join(tokens).strip().rpartition(b"@")
    # A quoted local part is one token; quotes anywhere else are no address.
    atom = b"" if len(tokens) > 1 and local == tokens[0] and local.startswith(b'"') else local
    if not (at and local and domain) or re.search(rb'["@\s]', atom + domain):
        return ""
    try:
        return (local + at + domain).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def mailboxes(value: bytes) -> Iterator[tuple[str, str]]:
    """Display name and address of everybody in a To or From field (RFC 5322 §3.4), as far as it makes sense.

    Lenient, unlike `mailbox`: it is for showing.  Names of groups are left out, as are comments.
    """
    phrase: list[bytes] = []
    address: list[bytes] | None = None
    inside = False
    for token in (*_tokens(_unfolded(value)), b","):
        if token in {b",", b";"}:
            found = phrase if address is None else address
            plain = decoded(b"".join(one for one in found if not one.isspace()), "utf-8").strip('<>"')
            name = b"" if address is None else b"".join(map(_unquoted, phrase))
            if plain:
                yield text(name), plain
            phrase, address, inside = [], None, False
        elif token == b":" and address is None:
            phrase = []
        elif token == b"<" and not inside:
            address, inside = [], True
        elif token == b">":
            inside = False
        elif inside and address is not None:
            address.append(token)
        elif address is None:
            phrase.append(b" " if token.isspace() else token)


def _unquoted(token: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", token.strip(b'"'), flags=re.DOTALL) if token.startswith(b'"') else token


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r", b"").replace(b"\n", b"")


def _tokens(value: bytes) -> Iterator[bytes]:
    """Quoted strings whole, specials one by one, the rest in runs; comments left out (RFC 5322 §3.2.2).

    The rest of an unclosed comment reads as one "(".
    """
    position = depth = 0
    while position < len(value):
        # Inside a comment a quotation mark means nothing special.
        match = (_IN_COMMENT if depth else _TOKEN).match(value, position)
        assert match is not None  # noqa: S101 (both end in "any octet")
        position = match.end()
        if match[0] == b"(":
            depth += 1
        elif depth:
            depth -= match[0] == b")"
        else:
            yield match[0]
    if depth:
        yield b"("


def _without_comments(value: bytes) -> bytes:
    value = _unfolded(value)
    return b"".join(_tokens(value)) if b"(" in value else value


def _joined(sections: dict[int, tuple[bytes, bool]]) -> bytes:
    """One parameter from its sections (RFC 2231 §3, §4); an extended value ranks before a plain one."""
    if _EXTENDED in sections:
        chosen = [sections[_EXTENDED]]
    elif 0 in sections:
        chosen = [sections[index] for index in range(len(sections)) if index in sections]
    else:
        return sections[_PLAIN][0] if _PLAIN in sections else b""
    name = b""
    if chosen[0][1]:
        name, _, rest = chosen[0][0].partition(b"'")
        chosen[0] = (rest.partition(b"'")[2], True)
    octets = b"".join(unquote_to_bytes(value) if extended else value for value, extended in chosen)
    return decoded(octets, name.decode("latin-1")).encode("utf-8", "replace") if name else octets


def _decoded_words(match: re.Match[str]) -> str:
    """Encoded words in a row; those of one charset are joined first, as some end within a character."""
    texts = []
    name, octets = "", bytearray()
    for word in _WORD.finditer(match[0]):
        if word[1].lower() != name:
            texts.append(decoded(bytes(octets), name))
            name, octets = word[1].lower(), bytearray()
        octets += _decoded_word(word[2], word[3].encode("utf-8"))
    return "".join(texts) + decoded(bytes(octets), name)


def _decoded_word(kind: str, encoded: bytes) -> bytes:
    if kind in "bB":
        return b"".join(encoding.from_base64([encoded]))
    return binascii.a2b_qp(encoded, header=True)
