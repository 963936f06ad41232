"""The matrix: what we make and who reads it, what others make and what we read of it.

python -m interop_lab.matrix [FOLDER OF THUNDERBIRD'S LIBRARIES] > docs/interop.md
"""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.pki import Person
from interop_lab.bouncy_castle import BouncyCastle
from interop_lab.gpgsm import Gpgsm
from interop_lab.nss import Nss
from interop_lab.openssl import Openssl
from interop_lab.peer import Peer
from postseal.cms.decryption import Legacy
from postseal.cms.layer import Encrypted, Signed
from postseal.cms.recipient import KeyTransport
from postseal.cms.signature import RsaScheme
from postseal.cms.signed import Signer, detached, opaque
from smime_lab import ED25519, ENTITY, PEOPLE, X25519, entity_of, mail, multipart, opener, sealed

READ, NOT = "✓", "✗"
_INTRODUCTION = """Written by `make interop`, which runs every cell; the tests run all but Thunderbird's.
✓: read.  ✗: not read.  Names: only these recipients could read it.

NSS is asked through its cmsutil, with Debian's libraries and with those of Debian's Thunderbird; mail
programs themselves were not run.  NSS and gpgsm open with whichever key they hold, so of mixed recipients
one is enough; gpgsm holds an RSA key alone.  No program that we know reads X25519; Postseal reads it, and
writes it only for a certificate with such a key.  What Postseal does not read it refuses on purpose:
AES-GCM in plain EnvelopedData comes without its tag.  3DES and RC2 are read by switch only.
"""
EVERYBODY = {**PEOPLE, "ed25519": ED25519, "x25519": X25519}


@dataclass(frozen=True)
class Case:
    """Something of ours: *readers*: the kinds of those who shall read it, none for signatures."""

    make: Callable[[], bytes]
    content: bytes | None = None
    readers: tuple[str, ...] = ()


def _encrypted(*kinds: str, cipher: str, transport: KeyTransport = KeyTransport.PKCS1) -> Case:
    people = [EVERYBODY[kind] for kind in kinds]
    return Case(lambda: sealed(ENTITY, *people, cipher=cipher, transport=transport), readers=kinds)


def _signers(kinds: Sequence[str], scheme: RsaScheme) -> list[Signer]:
    people: list[Person] = [EVERYBODY[kind] for kind in kinds]
    return [Signer.of(person.chain, person.key, rsa_scheme=scheme) for person in people]


def _beside(*kinds: str, scheme: RsaScheme = RsaScheme.PKCS1) -> Case:
    return Case(
        lambda: detached([ENTITY], signers=_signers(kinds, scheme), at=datetime.now(UTC)), content=ENTITY
    )


def _around(*kinds: str, scheme: RsaScheme = RsaScheme.PKCS1) -> Case:
    def make() -> bytes:
        signers = _signers(kinds, scheme)
        return b"".join(opaque(lambda: iter([ENTITY]), len(ENTITY), signers=signers, at=datetime.now(UTC)))

    return Case(make)


CBC, GCM = ("aes-128-cbc", "aes-256-cbc"), ("aes-128-gcm", "aes-256-gcm")
OURS: dict[str, Case] = {
    **{f"RSA v1.5, {cipher}": _encrypted("rsa", cipher=cipher) for cipher in (*CBC, *GCM)},
    **{
        f"RSA OAEP SHA-256, {cipher}": _encrypted("rsa", cipher=cipher, transport=KeyTransport.OAEP)
        for cipher in (*CBC, *GCM)
    },
    **{
        f"ECDH {kind.upper()}, {cipher}": _encrypted(kind, cipher=cipher)
        for kind in ("p256", "p384", "p521")
        for cipher in (*CBC, *GCM)
    },
    "X25519, aes-256-cbc": _encrypted("x25519", cipher="aes-256-cbc"),
    "RSA + P-256 + P-384 + P-521 + X25519, aes-256-cbc": _encrypted(*PEOPLE, "x25519", cipher="aes-256-cbc"),
    "signed beside, RSA v1.5": _beside("rsa"),
    "signed beside, RSA PSS": _beside("rsa", scheme=RsaScheme.PSS),
    **{f"signed beside, {kind}": _beside(kind) for kind in ("p256", "p384", "p521", "ed25519")},
    "signed beside, RSA + p256 + p384": _beside("rsa", "p256", "p384"),
    "signed around, RSA v1.5": _around("rsa"),
    "signed around, RSA PSS": _around("rsa", scheme=RsaScheme.PSS),
    **{f"signed around, {kind}": _around(kind) for kind in ("p256", "p384", "p521", "ed25519")},
}


@contextlib.contextmanager
def peers(thunderbird: Path | None = None) -> Iterator[tuple[Peer, ...]]:
    """All peers, each in a folder of its own; those that run are stopped in the end."""
    with contextlib.ExitStack() as stack:
        places = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(5)]
        gpgsm = Gpgsm(places[2])
        stack.callback(gpgsm.close)
        castle = BouncyCastle(places[3])
        stack.callback(castle.close)
        found: list[Peer] = [Openssl(places[0]), Nss(places[1])]
        if thunderbird:
            found.append(Nss(places[4], thunderbird))
        yield (*found, gpgsm, castle)


def read_by(peer: Peer, case: Case) -> str:
    """Who of the readers of *case* reads it with *peer*: READ for all, NOT for none, else their kinds."""
    octets = case.make()
    if not case.readers:
        good = peer.verifies(octets, case.content)
        # Somebody who believes everything would be no witness.
        if good and case.content is not None:
            assert not peer.verifies(octets, case.content + b"!"), peer.name
        return READ if good else NOT
    found = [kind for kind in case.readers if peer.decrypts(octets, EVERYBODY[kind]) == ENTITY]
    return NOT if not found else READ if len(found) == len(case.readers) else ", ".join(found)


def we_read(peer: Peer, what: str) -> str:
    """Whether we read what *peer* makes."""
    verb, kind = peer.makes[what]
    person = EVERYBODY[kind]
    octets = peer.made(what, ENTITY, person)
    if verb == "sign" and "around" not in what:
        found = opener().open(multipart(ENTITY, entity_of(octets, "application/pkcs7-signature")))
    else:
        found = opener(person, legacy=Legacy.READ).open(mail(octets)) if verb == "encrypt" else None
        found = found or opener().open(mail(octets))
    (layer,) = found.layers
    good = layer.intact if isinstance(layer, Signed) else not layer.fault
    if isinstance(layer, Encrypted) and ("3DES" in what or "RC2" in what):
        assert not opener(person).open(mail(octets)).decrypted  # only by switch
    return READ if good and found.content.body.read() == ENTITY.partition(b"\r\n\r\n")[2] else NOT


def table(thunderbird: Path | None = None) -> str:
    """The page."""
    with peers(thunderbird) as found:
        return "\n".join(_lines(found)) + "\n"


def _lines(found: Sequence[Peer]) -> Iterator[str]:
    yield "# Who reads whose S/MIME\n"
    yield _INTRODUCTION
    yield "## What Postseal makes\n"
    yield from _row("", [f"{peer.name} {peer.version}" for peer in found])
    yield from _row("---", ["---"] * len(found))
    for name, case in OURS.items():
        yield from _row(name, [read_by(peer, case) for peer in found])
    yield "\n## What Postseal reads\n"
    yield from _row("maker", ["message", "read"])
    yield from _row("---", ["---", "---"])
    for peer in found:
        for what in peer.makes:
            yield from _row(peer.name, [what, we_read(peer, what)])


def _row(name: str, cells: Sequence[str]) -> Iterator[str]:
    yield f"| {name} | {' | '.join(cells)} |"


def cells(page: str) -> list[list[str]]:
    """The rows of all tables of a page."""
    rows = (line.strip("|").split("|") for line in page.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in row] for row in rows]


def believed(page: str) -> Mapping[str, Mapping[str, str]]:
    """The first table of a page: our message → the peer's name → what it reads."""
    rows = cells(page)
    names = [cell.rpartition(" ")[0] for cell in rows[0][1:]]
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows[2:] if row[0] in OURS}


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
