"""The layers of S/MIME around a message, as facts: what each is, and what is wrong with it.

A fault of a layer is for administrators and logs; senders never see it.  Whether a signer may be
believed, and whether he is the author, is judged elsewhere.
"""

from dataclasses import dataclass

from cryptography import x509

from postseal.cms.decryption import Facts
from postseal.cms.signer_info import Signature
from postseal.message import Message


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An envelope.  *certificate*: ours that opened it; None if it stayed closed, and *fault* says so."""

    facts: Facts
    certificate: x509.Certificate | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """Signatures, all of which count: one that is bad makes the layer bad.

    *clear*: whether the content stands beside them (multipart/signed).  *sent*: the certificates that
    came along.  *fault*: why none of *signatures* matters, as where something stands outside of them.
    """

    signatures: tuple[Signature, ...] = ()
    clear: bool = False
    sent: tuple[x509.Certificate, ...] = ()
    fault: str = ""

    @property
    def intact(self) -> bool:
        """Whether there are signatures, and each was made over this content by the key it names."""
        return bool(self.signatures) and not self.fault and not any(one.fault for one in self.signatures)


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed entity."""

    fault: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """What claims to be S/MIME and is not."""

    fault: str


Layer = Encrypted | Signed | Compressed | Broken


@dataclass(frozen=True, slots=True)
class Opened:
    """A message with its layers off, the outermost first in *layers*.

    *content*: what a person reads, all layers off as far as that was possible.  *deliverable*: the
    message without its encryption, but with the signatures inside; the one that came if none was taken off.
    *payload*: the innermost entity alone, with all fields of its header.
    """

    content: Message
    deliverable: Message
    payload: Message
    layers: tuple[Layer, ...] = ()

    @property
    def decrypted(self) -> bool:
        """Whether a layer of encryption was taken off."""
        return any(isinstance(layer, Encrypted) and not layer.fault for layer in self.layers)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, the outermost first."""
        return tuple(layer.fault for layer in self.layers if layer.fault)
