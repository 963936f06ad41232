"""Whether its author has signed a message: its layers, trust in the signers, and the From that people see.

What is said is said of the whole message, and only if there is one author, whom a signature that can be
believed names.  A broken signature anywhere makes the whole fail.  Nothing is ever better for being unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from postseal.cms import field
from postseal.cms.layer import Broken, Encrypted, Layer, Opened, Signed
from postseal.cms.signer_info import Signature
from postseal.envelope import key
from postseal.message import Message
from postseal.trust.verdict import Verdict

Believe = Callable[[x509.Certificate, Sequence[x509.Certificate], str], Verdict]
"""Whether the first certificate may be believed to be that of the address; the others came with it."""

_BROKEN_HASHES = frozenset({"sha1", "sha224"})
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+[@＠][^\s<>\"'(),;:]+\.[^\s<>\"'(),;:]+")


class Standing(StrEnum):
    """What is to be said of a signature; the words of RFC 7281 §3.1."""

    NONE = "none"  # there is none
    PASS = "pass"  # noqa: S105 (the author has signed this, and may be believed)
    FAIL = "fail"  # it was changed, or is no signature
    POLICY = "policy"  # it is sound, but we do not believe the signer, or he is not the author


@dataclass(frozen=True, slots=True)
class Signing:
    """What is to be said of one signature, and for the administrator why; *address*: the author it names."""

    standing: Standing
    why: str
    signature: Signature
    address: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a message.  *signings*: of every signature, the outermost first.

    *encrypted*: whether it came encrypted; *authenticated*: and so that a change would have shown, by the
    cipher or by a signature inside.
    """

    standing: Standing
    why: str = ""
    signings: tuple[Signing, ...] = ()
    encrypted: bool = False
    authenticated: bool = False

    @property
    def result(self) -> str:
        """The method of an Authentication-Results field (RFC 8601 §2.2, RFC 7281 §3)."""
        found = f"smime={self.standing}"
        for signing in self.signings:
            certificate = signing.signature.certificate
            if signing.standing is self.standing and certificate is not None:
                found += f" body.smime-identifier={signing.address}" if _plain(signing.address) else ""
                found += f" body.smime-serial={certificate.serial_number:x}"
                break
        return found


def judge(message: Message, opened: Opened, believe: Believe) -> Judgement:
    """What is to be said of *message*, which was *opened*.  May raise what *believe* raises."""
    author, doubt = _author(message)
    signings: list[Signing] = []
    standings: list[tuple[Standing, str]] = []
    for layer in opened.layers:
        if isinstance(layer, Signed):
            found = [_judged(one, layer, author, doubt, believe) for one in layer.signatures]
            signings += found
            standings.append(_of_layer(layer, found))
        elif isinstance(layer, Broken):
            standings.append((Standing.FAIL, layer.fault))
    standing, why = _of_all(standings)
    encrypted = [layer for layer in opened.layers if isinstance(layer, Encrypted)]
    return Judgement(
        standing,
        why,
        tuple(signings),
        bool(encrypted),
        all(layer.facts.authenticated or _sound_inside(opened.layers, layer) for layer in encrypted),
    )


def _of_layer(layer: Signed, found: Sequence[Signing]) -> tuple[Standing, str]:
    """Of a layer's signatures all must be sound, and one the author's."""
    if not layer.intact:
        faults = (one.fault for one in layer.signatures if one.fault)
        return Standing.FAIL, layer.fault or next(faults, "nobody has signed")
    best = next((one for one in found if one.standing is Standing.PASS), found[0])
    return best.standing, best.why


def _of_all(standings: Sequence[tuple[Standing, str]]) -> tuple[Standing, str]:
    """A failure anywhere counts; else what is said of the innermost, which is around what people read."""
    for standing, why in standings:
        if standing is Standing.FAIL:
            return standing, why
    return standings[-1] if standings else (Standing.NONE, "")


def _judged(signature: Signature, layer: Signed, author: str, doubt: str, believe: Believe) -> Signing:
    if layer.fault or signature.fault or signature.certificate is None:
        return Signing(Standing.FAIL, layer.fault or signature.fault, signature)
    if doubt:
        return Signing(Standing.POLICY, doubt, signature)
    if signature.hash_name in _BROKEN_HASHES:
        return Signing(Standing.POLICY, f"it was made with {signature.hash_name}", signature)
    verdict = believe(signature.certificate, layer.sent, author)
    if verdict.rule is not None:
        return Signing(Standing.POLICY, str(verdict), signature)
    return Signing(Standing.PASS, "", signature, author)


def _sound_inside(layers: Sequence[Layer], envelope: Encrypted) -> bool:
    """Whether a signature inside of *envelope* is sound: it shows whatever was done to the outside."""
    inner = layers[layers.index(envelope) + 1 :]
    return any(isinstance(layer, Signed) and layer.intact for layer in inner)


def _author(message: Message) -> tuple[str, str]:
    """The one author of *message* whom people see, or why there is none that a signature could name."""
    fields = message.all("From")
    if len(fields) != 1:
        return "", "From is not there once"
    author = field.mailbox(fields[0].value)
    if not author:
        return "", "From does not name one author"
    shown = field.text(fields[0].value)
    if any(key(found.replace("＠", "@")) != key(author) for found in _ADDRESS.findall(shown)):
        return "", "the name in From looks like another address"
    senders = message.all("Sender")
    if len(senders) > 1 or any(key(field.mailbox(one.value)) != key(author) for one in senders):
        return "", "Sender names somebody else"
    return author, ""


def _plain(address: str) -> bool:
    """Whether *address* can stand in a field as it is."""
    return bool(re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", address, re.ASCII))
