"""What our signatures say about the answer: encrypted with which certificate, and in which ways."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.pki import Authority, Person, pem
from postseal.body import Body, Spool
from postseal.certificates import decryption, identity
from postseal.cms import capability, name
from postseal.cms.layer import Signed
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Place
from postseal.message import Header, Message
from postseal.methods.signature import SmimeSignature
from postseal.settings.smime import Decryption, Identity
from smime_lab import opener

ROOT = Authority.root()
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ANN = "ann@example.com"
SIGNS = ROOT.issue(ANN, kind="p256", usage={"digital_signature"})
BOTH = ROOT.issue(ANN)
READS = ROOT.issue(ANN, usage={"key_encipherment"})
NEWER = ROOT.issue(ANN, usage={"key_encipherment"}, begin=NOW - timedelta(hours=1))
EXPIRED = ROOT.issue(ANN, usage={"key_encipherment"}, begin=NOW - 9 * DAY, end=NOW - DAY)
GATEWAY = ROOT.issue("gateway@example.com", usage={"key_encipherment"})
LOGGED_IN = Envelope(ANN, (Recipient("b@x.example"),), Client("192.0.2.1", login="ann"))
MESSAGE = Message((Header.of("From", ANN),), Body.of(b"hello\r\n"))


def said(
    place: Path, signs: Person, *reads: tuple[str, Person]
) -> tuple[Person | None, frozenset[str], Signed]:
    """Whose certificate Ann's signature prefers, and what it says that she reads."""
    files = []
    for number, person in enumerate((signs, *(person for _, person in reads))):
        certificate, key = place / f"{number}.pem", place / f"{number}.key"
        certificate.write_bytes(pem(person.certificate))
        key.touch(mode=0o600)
        key.write_bytes(person.key_pem)
        files.append((certificate, key))
    identities = identity.load([Identity((ANN,), *files[0])], NOW)
    named = [Decryption(Place("x"), (whose,), *files[at]) for at, (whose, _) in enumerate(reads, 1)]
    signature = SmimeSignature(identities, Spool(), clock=lambda: NOW, keys=decryption.load(named))

    (layer,) = opener().open(signature.sign(MESSAGE, LOGGED_IN)).layers

    assert isinstance(layer, Signed)
    assert layer.intact
    (made,) = layer.signatures
    known = {
        (name.issuer(p.certificate), name.serial(p.certificate)): p for p in (signs, *(p for _, p in reads))
    }
    prefers = known[made.prefers.issuer, made.prefers.serial] if made.prefers else None
    assert prefers is None or prefers.certificate in layer.sent
    return prefers, made.capabilities, layer


EVERY = frozenset(capability.OF_EVERY_PROGRAM)
OURS = frozenset(capability.OF_THE_GATEWAY)


@pytest.mark.parametrize(
    ("signs", "reads", "prefers", "words"),
    [
        pytest.param(BOTH, [], BOTH, EVERY, id="her own programs read"),
        pytest.param(SIGNS, [], None, EVERY, id="nobody knows who reads"),
        pytest.param(BOTH, [(ANN, BOTH)], BOTH, OURS, id="one key for both, which we have"),
        pytest.param(SIGNS, [(ANN, READS)], READS, OURS, id="two keys"),
        pytest.param(SIGNS, [(ANN, READS), (ANN, NEWER)], NEWER, OURS, id="the newest"),
        pytest.param(BOTH, [(ANN, EXPIRED)], BOTH, EVERY, id="an expired one opens, but is not named"),
        pytest.param(BOTH, [("example.com", GATEWAY)], BOTH, EVERY, id="another's certificate is not hers"),
    ],
)
def test_signature_says_how_to_encrypt_the_answer(
    signs: Person,
    reads: list[tuple[str, Person]],
    prefers: Person | None,
    words: frozenset[str],
    tmp_path: Path,
) -> None:
    found = said(tmp_path, signs, *reads)

    assert found[:2] == (prefers, words)


def test_certificates_that_are_sent_are_those_that_are_needed(tmp_path: Path) -> None:
    _, _, layer = said(tmp_path, SIGNS, (ANN, READS))

    assert set(layer.sent) == {SIGNS.certificate, READS.certificate}
