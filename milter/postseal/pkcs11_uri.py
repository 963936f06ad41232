"""PKCS #11 URIs (RFC 7512): a key on a token, the library that speaks to it, and where its PIN stands.

The PIN itself is never in a URI of ours: settings are read by many.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

_PATH = frozenset({"token", "object", "id", "type"})
_QUERY = frozenset({"module-path", "pin-source"})


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """A key: *object* and *id* are its label and CKA_ID, one of which may be missing.

    *library*: the file that is loaded.  *token*: the label of the token.  *pin_source*: `file:/PATH` or
    `credential:NAME`, "" for a token that asks for none.
    """

    library: Path
    token: str
    object: str = ""
    id: bytes = b""
    pin_source: str = ""

    def __str__(self) -> str:
        key = f"object={quote(self.object)}" if self.object else f"id={quote(self.id)}"
        return f"pkcs11:token={quote(self.token)};{key}"


def parse(written: str) -> Pkcs11Uri:
    """The key that *written* names.  Raises ValueError with the reason."""
    scheme, _, rest = written.partition(":")
    if scheme != "pkcs11":
        raise ValueError("it does not begin with pkcs11:")
    path, _, query = rest.partition("?")
    named = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    for name in ("token", "module-path"):
        if not named.get(name):
            raise ValueError(f"it has no {name}")
    if not named.get("object") and not named.get("id"):
        raise ValueError("it names no key: write object=LABEL or id=%01")
    library, source = Path(_text(named["module-path"])), _text(named.get("pin-source", b""))
    if not library.is_absolute():
        raise ValueError("module-path is no absolute path")
    if source and not re.fullmatch(r"(?:file:)?/.+|credential:[\w.-]+", source):
        raise ValueError("pin-source is neither file:/PATH nor credential:NAME")
    source = f"file:{source}" if source.startswith("/") else source
    id_ = named.get("id", b"")
    return Pkcs11Uri(library, _text(named["token"]), _text(named.get("object", b"")), id_, source)


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for attribute in filter(None, text.split(separator)):
        name, equals, value = attribute.partition("=")
        if name == "pin-value":
            raise ValueError("the PIN must not stand there: write pin-source=file:/PATH")
        if name not in known or not equals:
            raise ValueError(f"'{name}' is not among {', '.join(sorted(known))}")
        if name in found:
            raise ValueError(f"{name} is there twice")
        found[name] = unquote_to_bytes(value)
    return found


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
