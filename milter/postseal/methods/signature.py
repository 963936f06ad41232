"""S/MIME signatures (RFC 8551 §3.5): clear-signed, so that every mail program shows the text; or around it.

The signature says who wrote the message, so it is made only for somebody whom the MTA knows: the
client has logged in or is in a trusted network, and the one author in From is the envelope's sender.
That a login may use a sender is the MTA's business (Postfix: reject_sender_login_mismatch).
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from postseal.body import Spool
from postseal.certificates.decryption import GatewayKeys
from postseal.certificates.identity import Identities, SigningIdentity
from postseal.cms import capability, encoding, entity, field, header_protection
from postseal.cms.header_protection import Veil
from postseal.cms.signature import RsaScheme
from postseal.cms.signed import Signer, detached, micalg, opaque
from postseal.envelope import Envelope, key
from postseal.errors import Cause, Failure
from postseal.message import Header, Message
from postseal.methods.replacement import replaced
from postseal.scalar import Network
from postseal.settings.smime import SignedForm, Smime

_DEFAULT = Smime()
_NO_KEYS = GatewayKeys()
_SIGNATURE_HEADER = (
    b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="smime.p7s"\r\n'
)


_OPAQUE = (
    Header.of("Content-Type", 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"'),
    Header.of("Content-Transfer-Encoding", "base64"),
    Header.of("Content-Disposition", 'attachment; filename="smime.p7m"'),
)


class SmimeSignature:
    """Signs for *identities*, with the time of the *clock*; *keys*: those that open mail for them."""

    def __init__(
        self,
        identities: Identities,
        spool: Spool,
        *,
        clock: Callable[[], datetime],
        trusted_networks: tuple[Network, ...] = (),
        settings: Smime = _DEFAULT,
        keys: GatewayKeys = _NO_KEYS,
    ) -> None:
        self._identities = identities
        self._spool = spool
        self._clock = clock
        self._trusted_networks = trusted_networks
        self._protects_headers = settings.header_protection
        self._form = settings.signed_form
        self._scheme = RsaScheme(settings.signature)
        self._keys = keys
        self._signers: dict[tuple[SigningIdentity, x509.Certificate | None], Signer] = {}

    def sign(self, message: Message, envelope: Envelope, *, veil: Veil = Veil.CLEAR) -> Message:
        """*message* as multipart/signed, its entity in the canonical form.

        Raises Failure(NO_SIGNER) if nobody may sign, Failure(CRYPTO) if signing fails, Failure(LIMIT)
        if the message has more parts than can be looked at.
        """
        at = self._clock()
        signer = self._signer(message, envelope, at)
        canonical = self._canonical(message, veil)
        with _failing():
            signature = detached(canonical.pieces(), signers=[signer], at=at)
        boundary = _boundary(canonical)
        draft = self._spool.draft()
        seven_bit = True
        for piece in _signed(canonical, signature, boundary):
            seven_bit = seven_bit and piece.isascii()
            draft.write(piece)
        content = [
            Header.of(
                "Content-Type",
                f'multipart/signed; protocol="application/pkcs7-signature"; micalg={micalg([signer])};'
                f' boundary="{boundary.decode("ascii")}"',
            )
        ]
        if not seven_bit:  # somebody else's signed part, which must stay as it is
            content.append(Header.of("Content-Transfer-Encoding", "8bit"))
        return replaced(message, draft.body(), *content)

    def finish(self, message: Message, envelope: Envelope) -> Message:
        """*message*, signed in the form that the settings want of mail that is not encrypted.

        Raises as `sign`.
        """
        if self._form is SignedForm.CLEAR:
            return self.sign(message, envelope)
        at = self._clock()
        signer = self._signer(message, envelope, at)
        canonical = self._canonical(message, Veil.CLEAR)
        draft = self._spool.draft()
        with _failing():
            for piece in encoding.to_base64(
                opaque(canonical.pieces, canonical.size, signers=[signer], at=at)
            ):
                draft.write(piece)
        return replaced(message, draft.body(), *_OPAQUE)

    def _signer(self, message: Message, envelope: Envelope, at: datetime) -> Signer:
        """Who signs, and says with which certificate mail to him is to be encrypted, and how it may be.

        Where we open that mail, more than what every program reads.
        """
        identity = self._identity(message, envelope, at)
        reader = self._keys.reader(envelope.sender, at)
        if (identity, reader) not in self._signers:
            reads = capability.OF_THE_GATEWAY if reader else capability.OF_EVERY_PROGRAM
            other = reader if reader != identity.chain[0] else None
            self._signers[identity, reader] = Signer.of(
                identity.chain, identity.key, rsa_scheme=self._scheme, capabilities=reads, reads_with=other
            )
        return self._signers[identity, reader]

    def _canonical(self, message: Message, veil: Veil) -> Message:
        payload = (
            header_protection.payload(message, veil) if self._protects_headers else entity.inner(message)
        )
        return entity.canonical(payload, self._spool)

    def _identity(self, message: Message, envelope: Envelope, at: datetime) -> SigningIdentity:
        client, sender = envelope.client, envelope.sender
        if not client.login and not client.within(self._trusted_networks):
            detail = f"the client [{client.address}] has not logged in and is in no trusted network"
            raise Failure(Cause.NO_SIGNER, detail)
        authors = message.all("From")
        author = field.mailbox(authors[0].value) if len(authors) == 1 else ""
        if not author or not sender or key(author) != key(sender):
            detail = f"From does not name one author who is the sender <{sender}>"
            raise Failure(Cause.NO_SIGNER, detail)
        identity = self._identities.of(sender, at)
        if identity is None:
            reasons = [str(problem) for problem in self._identities.refusals(sender, at)]
            detail = "; ".join(reasons) or "no identity is set up"
            raise Failure(Cause.NO_SIGNER, f"nobody signs for <{sender}>: {detail}")
        return identity


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Failure(Cause.CRYPTO, f"signing failed: {error}") from error


def _boundary(canonical: Message) -> bytes:
    """A boundary that occurs nowhere in the entity."""
    while True:
        boundary = b"=_" + secrets.token_hex(16).encode("ascii")  # "=_" is in neither base64 nor QP
        if boundary not in canonical.header_block and canonical.body.find(boundary) < 0:
            return boundary


def _signed(canonical: Message, signature: bytes, boundary: bytes) -> Iterator[bytes]:
    """The body of the multipart/signed (RFC 1847 §2.1)."""
    yield b"--%b\r\n" % boundary
    yield from canonical.pieces()
    yield b"\r\n--%b\r\n%b\r\n" % (boundary, _SIGNATURE_HEADER)
    yield from encoding.to_base64([signature])
    yield b"--%b--\r\n" % boundary
