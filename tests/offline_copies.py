"""Messages of which copies are taken along, and somebody who opens such a copy without our code."""

import json
import shutil
import subprocess
from base64 import b64decode, encodebytes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.visitor import Answer, Visitor
from portal_place import Place, path_of
from postseal.body import Body
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.licence import Attachments
from postseal.message import Header, Message
from postseal.rights import Grant, Right, Template
from sealing import message

PASSPHRASE = "seven wild geese on ice"
TEXT = "The secret numbers: 1, 2, 3."
FILE = b"PK\x03\x04" + bytes(range(256)) * 3
PARTS = (
    (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n"
        "--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=box.zip\r\n\r\n"
    ).encode()
    + encodebytes(FILE)
    + b"--b--\r\n"
)
READER = Path(__file__).parent / "portal/offline_reader.mjs"
NAME = Texts.of({Language.EN: "Board only", Language.DE: "Nur für den Vorstand"})
_count = iter(range(10_000))


def template(offline: float | None) -> Template:
    return Template("board", (Grant(frozenset(Right), anyone=True),), offline=offline, name=NAME)


def opened(
    here: Place, offline: float | None, *withheld: Right, lifetime: float | None = None
) -> tuple[str, str, Visitor]:
    """The path of a message with a template, its reader's address, and he himself."""
    return sealed(here, (template(offline),), withheld, lifetime=lifetime)


def sealed(
    here: Place,
    templates: tuple[Template, ...],
    withheld: Iterable[Right] = (),
    *,
    lifetime: float | None = None,
    parts: bytes = PARTS,
    attachments: Attachments | None = None,
) -> tuple[str, str, Visitor]:
    reader = f"reader{next(_count)}@offline.test"
    given = message(identity=f"<{reader}>").without("Content-Type")
    given = given.adding(Header.of("Content-Type", 'multipart/mixed; boundary="b"'))
    mail = here.sealed(
        Message(given.headers, Body.of(parts)),
        to=(reader,),
        withheld=withheld,
        templates=templates,
        lifetime=lifetime,
        attachments=attachments,
    )
    path = path_of(mail)
    return path, reader, here.signed_in(path, reader)


def taken(visitor: Visitor, path: str, passphrase: str = PASSPHRASE) -> Answer:
    return visitor.post(f"{path}/offline", passphrase=passphrase, again=passphrase)


@dataclass(frozen=True)
class Read:
    """What a stranger finds in a copy."""

    head: dict[str, object]
    parts: list[bytes]

    @property
    def content(self) -> str:
        return self.parts[1].decode()

    @property
    def document(self) -> str:
        return self.parts[2].decode()


def read(file: Path, passphrase: str = PASSPHRASE) -> Read | None:
    """What *passphrase* opens, by WebCrypto and code that is not ours; None if nothing."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: contrib/install-tools installs it")
    ended = subprocess.run(
        [node, READER, file, passphrase], capture_output=True, text=True, timeout=120, check=False
    )
    if ended.returncode:
        assert "OperationError" in ended.stderr
        return None
    found = json.loads(ended.stdout)
    return Read(found["head"], [b64decode(part) for part in found["parts"]])
