"""What an administrator sets for sealed messages: the portal, the master keys, how they travel.

How they look is in the brandings beside the policies.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad
from postseal.pkcs11_uri import parse


class Form(StrEnum):
    """How a sealed message travels."""

    AUTO = "auto"  # attached up to `attach_up_to`, else as a link
    ATTACHMENT = "attachment"  # in the file message.html
    LINK = "link"  # the portal keeps it, encrypted


def portal_url(node: Node, _reader: object = None) -> str:
    """The portal's address as browsers know it, `https://HOST` or `https://HOST:PORT`; or `none`."""
    written = scalar.text(node)
    if written == "none":
        return ""
    if not re.fullmatch(
        r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?|https://\[[0-9a-f:]+\](:[0-9]{1,5})?/?", written
    ):
        # Sealed messages name it for ever, and its cookies are good for a whole host only.
        hint = "write https://HOST, without a path; messages that are out name it for ever"
        raise bad(node.place, f"bad address of a portal '{written}'", hint)
    return written.rstrip("/").lower()


def key_source(node: Node, _reader: object = None) -> str:
    """Where master keys are: `file:/PATH`, `credential:NAME`, `pkcs11:…` or `transit:https://HOST/v1/MOUNT/KEY`."""
    written = scalar.text(node)
    if written.startswith("pkcs11:"):
        hint = "write pkcs11:token=NAME;object=postseal?module-path=/PATH.so&pin-source=file:/PATH"
        try:
            named = parse(written)
        except ValueError as error:
            raise bad(node.place, f"bad PKCS #11 URI: {error}", hint) from None
        if not named.object:
            raise bad(node.place, "master keys are found by the beginning of their labels", hint)
        return written
    kinds = (r"file:/.+", r"credential:[\w.-]+", r"transit:https?://[^/\s]+/v1(/[\w.-]+){2,}")
    if not any(re.fullmatch(kind, written) for kind in kinds):
        hint = "write file:/PATH, credential:NAME or transit:https://HOST:8200/v1/transit/KEY"
        raise bad(node.place, f"no such kind of master keys: '{written}'", hint)
    if re.match(r"transit:http://(?!localhost[:/]|127\.|\[::1\])", written):
        raise bad(node.place, "keys would cross the network in clear", "write transit:https://…")
    return written


def cover(node: Node, _reader: object = None) -> str:
    """The subject outside, one line: `[...]`, any text, or `keep` for the message's own."""
    written = scalar.one(node)
    if not written.text.strip() or not written.text.isprintable() or len(written.text) > 200:
        raise bad(written.place, "unfit for a subject", "write one line of at most 200 characters")
    return written.text


def paragraph(node: Node, _reader: object = None) -> str:
    """Text, at most 1024 characters."""
    written = scalar.one(node)
    if len(written.text) > 1024 or not written.text.replace("\n", " ").isprintable():
        raise bad(written.place, "too long, or not text", "write at most 1024 printable characters")
    return written.text.strip()


@dataclass(frozen=True, slots=True)
class Transit:
    """A key server with the API of Vault's transit engine.

    *token_file*: read at each request, as agents renew it.  *certificate_authority*: a file that the
    server's certificate is checked with, in place of the system's.
    """

    token_file: Path | None = None
    certificate_authority: Path | None = None
    timeout: Annotated[float, scalar.duration] = 5.0


@dataclass(frozen=True, slots=True)
class Ome:
    """Sealed messages.  *portal*: "" for none, and then the method `ome` reaches nobody.

    *online*: how long the portal keeps a copy, encrypted, of what was attached; 0 for not at all.  What is
    sent as a link is kept until it expires or is purged.  *expire*: for messages of which no rule says how
    long they can be read; 0 for ever.  *forget*: how long what nobody can read any more stays listed.
    *read_notice*: whether senders are told when their messages are read, where no rule says it.
    *undo_revoke*: how long revoking can be undone; 0: keys are deleted at once.
    """

    portal: Annotated[str, portal_url] = ""
    master_keys: Annotated[str, key_source] = "file:/etc/postseal/master.keys"
    transit: Transit = field(default_factory=Transit)
    form: Form = Form.AUTO
    attach_up_to: Annotated[int, scalar.size] = 10 << 20
    online: Annotated[float, scalar.duration] = 30 * 86400.0
    expire: Annotated[float, scalar.duration] = 0.0
    undo_revoke: Annotated[float, scalar.duration] = 7 * 86400.0
    read_notice: bool = False
    forget: Annotated[float, scalar.duration] = 90 * 86400.0
    subject: Annotated[str, cover] = "[...]"
