"""How the TLS that a rule requires is written."""

import re
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader, known
from postseal.document import Mapping, Node, Problems, Scalar, bad
from postseal.policy.values import some
from postseal.required_tls import Level, RequiredTls
from postseal.settings.tls import ROUTE

ENFORCES = "TLS"
"""The kind of name that a reader knows: levels of TLS that the MTA keeps to, and whether it takes routes."""

CONNECTOR = "connector"
"""The kind of name that a reader knows of connectors with a smart host."""
Routes = dict[str, RequiredTls]
"""What mail by a connector needs, by the connector's name."""

_LISTED = {Level.SECURE, Level.FINGERPRINT}
_DIGEST = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")


def required_tls(node: Node, reader: Reader) -> RequiredTls:
    """`encrypt`, `verify`, `secure`, `dane`, `dane-only`; `{secure: [NAMES]}`; `{fingerprint: [SHA-256]}`."""
    if not reader.names.get(ENFORCES):
        what = "TLS cannot be required here: nobody would see to it"
        hint = "wire the transports postseal-tls-… (contrib/postfix) and set tls: {enforced: true}"
        raise bad(node.place, what, hint)
    found = requirement(node)
    _check(found, node, reader)
    return found


def _check(found: RequiredTls, node: Node, reader: Reader) -> None:
    kept = reader.names[ENFORCES]
    if ROUTE not in kept and found.level not in kept:
        what = f"Sendmail is not told of TLS of the level '{found.level}'"
        raise bad(node.place, what, "write encrypt or verify (contrib/sendmail)")
    if found.level not in kept:
        what = "nobody would look for what the domain publishes"
        raise bad(node.place, what, "have Postfix ask Postseal, tls: {connectors: unix:…} (docs/tls.md)")


def requirement(node: Node) -> RequiredTls:
    """The same, whoever sees to it."""
    if not isinstance(node, Mapping):
        level = Level(known(scalar.one(node), list(Level), "level of TLS"))
        if level is Level.FINGERPRINT:
            raise bad(node.place, "which fingerprint?", "write {fingerprint: ['AB:CD:…']}, of SHA-256")
        return RequiredTls(level)
    if len(node.entries) != 1:
        raise bad(node.place, "expected one level of TLS", "write one, such as {secure: [mx.example.com]}")
    (entry,) = node.entries
    level = Level(known(entry.key, [str(each) for each in _LISTED], "level of TLS with a list"))
    problems = Problems()
    found = []
    for value in some(entry.value):
        with problems.collect():
            found.append(_name(value) if level is Level.SECURE else _fingerprint(value))
    problems.settle()
    return RequiredTls(level, tuple(sorted(set(found))))


def _name(value: Scalar) -> str:
    if not scalar.is_domain(value.text.removeprefix(".")) or not value.text.isascii():
        hint = "write mx.example.com, or .example.com for all names below it"
        raise bad(value.place, f"expected the name of a server, found '{value.text}'", hint)
    return value.text.removesuffix(".").lower()


def _fingerprint(value: Scalar) -> str:
    written = value.text.upper().replace(":", "")
    digest = ":".join(written[at : at + 2] for at in range(0, len(written), 2))
    if not _DIGEST.fullmatch(digest):
        hint = "write the SHA-256 of the certificate or key, as openssl x509 -fingerprint -sha256 prints it"
        raise bad(value.place, f"expected a fingerprint, found '{value.text[:40]}'", hint)
    return digest


def routed(node: Node, reader: Reader) -> RequiredTls:
    """The name of a connector that has a smart host (docs/tls.md)."""
    connectors = reader.names.get(CONNECTOR, ())
    if not connectors:
        hint = "write connectors/*.yaml beside the policies (docs/tls.md)"
        raise bad(node.place, "there is no connector with a smart host", hint)
    word = known(scalar.one(node), connectors, "connector with a smart host")
    assert isinstance(connectors, dict)  # noqa: S101 (or the word were not known)
    found: RequiredTls = connectors[word]
    if ROUTE not in reader.names.get(ENFORCES, ()):
        what = "mail cannot be routed here: no transport of Postfix would take it to the smart host"
        hint = "wire the transports postseal-tls-… (contrib/postfix) and set tls: {enforced: true}"
        raise bad(node.place, what, hint)
    _check(found, node, reader)
    return found


TlsOfMail = Annotated[RequiredTls, required_tls]
Route = Annotated[RequiredTls, routed]
