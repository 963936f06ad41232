"""The fuzz target of the CMS reader: whatever the octets, an answer, soon, in little memory.

`fuzz_campaign` runs it for long, the tests for a moment.  The seeds are made on the spot: one message of
every kind that we write, in DER and in BER.
"""

import random
import time
import tracemalloc
from collections.abc import Iterator

from cryptography import x509

from postseal.body import Body
from postseal.cms import der
from postseal.cms.decryption import Legacy
from postseal.cms.recipient import KeyTransport
from postseal.cms.signature import RsaScheme
from postseal.cms.signed import detached
from postseal.message import Header, Message
from postseal.trust.authorship import judge
from postseal.trust.verdict import Verdict
from smime_lab import (
    AT,
    ENTITY,
    PEOPLE,
    X25519,
    around,
    clear_signed,
    entity_of,
    mail,
    opener,
    sealed,
    signer,
    squeezed,
)

MILLISECONDS, MEBIBYTES = 50, 64
_OPENER = opener(legacy=Legacy.READ, largest=1 << 20)
_FROM = Header.of("From", "ann@example.com")
_HEADERS = (
    (_FROM, Header.of("Content-Type", "application/pkcs7-mime")),
    (_FROM, Header.of("Content-Type", "multipart/signed; protocol=application/pkcs7-signature; boundary=b")),
)


def once(octets: bytes) -> None:
    """Open and judge what *octets* are: the first tells the kind of message.  No exception may come out."""
    message = Message(_HEADERS[octets[0] % 2 if octets else 0], Body.of(octets[1:]))
    judge(message, _OPENER.open(message), _believe)


def cost(octets: bytes) -> tuple[float, float]:
    """The milliseconds of CPU and the mebibytes that `once` takes; of three runs the fastest."""
    tracemalloc.start()
    once(octets)
    peak = tracemalloc.get_traced_memory()[1] / (1 << 20)
    tracemalloc.stop()
    return min(_milliseconds(octets) for _ in range(3)), peak


def seeds() -> Iterator[bytes]:
    """Messages of every kind."""
    people = (*PEOPLE.values(), X25519)
    for person in people:
        for cipher in ("aes-128-cbc", "aes-256-gcm"):
            yield b"\0" + sealed(ENTITY, person, cipher=cipher)
    yield b"\0" + sealed(ENTITY, PEOPLE["rsa"], transport=KeyTransport.OAEP)
    yield b"\0" + sealed(ENTITY, *people)
    for person in PEOPLE.values():
        yield b"\0" + around(ENTITY, signer(person))
    yield b"\0" + around(ENTITY, signer(PEOPLE["rsa"], RsaScheme.PSS))
    yield b"\0" + detached([ENTITY], signers=[signer(PEOPLE["p256"])], at=AT)
    yield b"\0" + squeezed()
    yield b"\0" + sealed(entity_of(squeezed([entity_of(around())])))
    yield b"\1" + clear_signed().body.read()
    yield b"\1" + mail(sealed()).body.read()
    for octets in (sealed(), around(), squeezed()):
        yield b"\0" + indefinite(octets)


def indefinite(octets: bytes) -> bytes:
    """DER as BER: constructed elements without lengths, OCTET STRINGs in pieces."""
    tag = octets[0]
    if tag & 0x20:
        return bytes([tag, 0x80]) + b"".join(map(indefinite, der.children(octets))) + b"\0\0"
    if tag == 0x04 and len(octets) > 40:
        content = octets[2 + (octets[1] & 0x7F if octets[1] > 0x80 else 0) :]
        pieces = (der.octet_string(content[at : at + 16]) for at in range(0, len(content), 16))
        return b"\x24\x80" + b"".join(pieces) + b"\0\0"
    return octets


def mutated(octets: bytes, source: random.Random) -> bytes:
    """*octets* with a few of the changes that find mistakes in readers."""
    found = bytearray(octets)
    for _ in range(source.randint(1, 4)):
        at, other = source.randrange(len(found)), source.randrange(len(found))
        match source.randrange(7):
            case 0:
                found[at] ^= 1 << source.randrange(8)
            case 1:
                found[at] = source.choice((0, 1, 4, 6, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xA0, 0xFF))
            case 2:
                del found[at : at + source.randint(1, 40)]
            case 3:
                found[at:at] = found[other : other + source.randint(1, 200)]
            case 4:
                found[at:at] = bytes([source.randrange(256)]) * source.randint(1, 2000)
            case 5:
                del found[at:]
            case 6:
                found[at : at + 3] = found[other : other + 3]
        if not found:
            break
    return bytes(found or b"\0")


def _believe(_certificate: x509.Certificate, _sent: object, _owner: str) -> Verdict:
    return Verdict()


def _milliseconds(octets: bytes) -> float:
    begin = time.process_time()
    once(octets)
    return (time.process_time() - begin) * 1000


def watched(octets: bytes) -> None:
    """The same, and no input may be slow or large."""
    if _milliseconds(octets) > MILLISECONDS:
        milliseconds, mebibytes = cost(octets)
        assert milliseconds < MILLISECONDS, f"{milliseconds} ms"
        assert mebibytes < MEBIBYTES, f"{mebibytes} MiB"
