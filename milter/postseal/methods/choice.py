"""Which algorithms a recipient gets: what the settings say of him, then what his programs say they read.

Nothing is ever weaker than AES-128, whatever anybody says.  Where nothing is known, what all programs read:
AES in CBC mode, RSA keys by PKCS #1 v1.5.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from postseal.cms import capability
from postseal.cms.header_protection import Veil
from postseal.cms.recipient import KeyTransport
from postseal.envelope import domain_key, key, split
from postseal.methods.method import Manner
from postseal.settings.smime import Peer, Smime, Subject

Harvested = Callable[[str, x509.Certificate], frozenset[str]]
"""What the owner of a certificate, an address, has said that his programs read, as `capability` reads it."""

_PREFERRED = ("aes-256-gcm", "aes-256-cbc", "aes-128-gcm", "aes-128-cbc")


def nothing_harvested(address: str, certificate: x509.Certificate) -> frozenset[str]:
    """Nothing is known of *address*."""
    del address, certificate
    return frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A recipient's certificate, and how its key gets the content-encryption key if it is an RSA key."""

    certificate: x509.Certificate
    transport: KeyTransport


@dataclass(frozen=True, slots=True)
class Choice:
    """Chooses as *settings* say; *harvested*: what came with signed mail of the recipients."""

    settings: Smime = field(default_factory=Smime)
    harvested: Harvested = nothing_harvested

    def manner(self, address: str) -> Manner:
        """How copies for *address* are to be protected."""
        peer = self._peer(address)
        veil = Veil.HIDDEN if (peer.subject or self.settings.subject) is Subject.HIDDEN else Veil.SHOWN
        shown = self.settings.legacy_display if peer.legacy_display is None else peer.legacy_display
        wraps = self.settings.triple_wrap if peer.triple_wrap is None else peer.triple_wrap
        return Manner(peer.cipher, veil, shown and veil is Veil.HIDDEN, wraps)

    def cipher(self, recipients: Sequence[tuple[str, x509.Certificate]]) -> str:
        """The content cipher that all of *recipients* read: addresses of one manner, and certificates."""
        demanded = self.manner(recipients[0][0]).cipher
        if demanded:
            return demanded
        named = [self._capabilities(*recipient).intersection(_PREFERRED) for recipient in recipients]
        if not any(named):
            return self.settings.cipher
        common = frozenset(_PREFERRED).intersection(
            *(words or capability.OF_EVERY_PROGRAM for words in named)
        )
        # Somebody may have named less than his programs read; there is nothing else to try.
        return next((word for word in _PREFERRED if word in common), self.settings.cipher)

    def chosen(self, address: str, certificate: x509.Certificate) -> Chosen:
        """How *address* with *certificate* gets the key."""
        demanded = self._peer(address).key_transport
        oaep = KeyTransport.OAEP.value in self._capabilities(address, certificate)
        transport = KeyTransport(demanded) if demanded else KeyTransport.OAEP if oaep else KeyTransport.PKCS1
        return Chosen(certificate, transport)

    def _capabilities(self, address: str, certificate: x509.Certificate) -> frozenset[str]:
        return self.harvested(key(address), certificate) or capability.of_certificate(certificate)

    def _peer(self, address: str) -> Peer:
        """What the settings say of *address*, else of its domain."""
        wanted = key(address), domain_key(split(address)[1])
        found = (_named(self.settings.peers, one) for one in wanted)
        return next((peer for peer in found if peer), Peer(()))


def _named(peers: Iterable[Peer], wanted: str) -> Peer | None:
    for peer in peers:
        if wanted in (key(name) if "@" in name else domain_key(name) for name in peer.recipients):
            return peer
    return None
