"""S/MIME encryption (RFC 8551 §3.3): the message's MIME entity, sealed for its recipients alone.

Header fields that people see go inside too (RFC 9788), and stay readable outside; the Subject is hidden
there where the settings say so.  A message that is signed already is sealed with its signature, octet for
octet.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from postseal.body import Spool
from postseal.cms import encoding, entity, header_protection
from postseal.cms.cipher import smime_type
from postseal.cms.enveloped import enveloped
from postseal.cms.header_protection import Veil
from postseal.cms.recipient import recipient_key
from postseal.envelope import Recipient
from postseal.errors import Cause, Failure, Problem
from postseal.message import Header, Message
from postseal.methods.choice import Choice, Harvested, nothing_harvested
from postseal.methods.method import Manner, Order
from postseal.methods.replacement import replaced
from postseal.rights import Right
from postseal.settings.smime import Smime

_DEFAULT = Smime()
_CONTENT = (
    Header.of("Content-Transfer-Encoding", "base64"),
    Header.of("Content-Disposition", 'attachment; filename="smime.p7m"'),
)


class Certificates(Protocol):
    """Where the certificates of recipients come from.  Either verb may raise Failure."""

    def usable(self, address: str, at: datetime) -> tuple[x509.Certificate, ...]:
        """Those that mail to *address* can be encrypted with at the time *at*, best first."""
        ...

    def refusals(self, address: str, at: datetime) -> tuple[Problem, ...]:
        """Why those of *address* that cannot be used cannot."""
        ...


class SmimeMethod:
    """Encrypts with those of *certificates* that are usable at the time of the *clock*."""

    def __init__(
        self,
        certificates: Certificates,
        spool: Spool,
        *,
        clock: Callable[[], datetime],
        settings: Smime = _DEFAULT,
        harvested: Harvested = nothing_harvested,
    ) -> None:
        self._certificates = certificates
        self._spool = spool
        self._clock = clock
        self._protects_headers = settings.header_protection
        self._choice = Choice(settings, harvested)

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        """Whether there is a usable certificate for *recipient*."""
        return bool(self._certificates.usable(recipient.address, self._clock()))

    def obstacle(self, recipient: Recipient) -> str:
        """What is wrong with the certificates of *recipient*, or that there is none."""
        refusals = self._certificates.refusals(recipient.address, self._clock())
        return (
            "; ".join(f"{problem.place}: {problem.what}" for problem in refusals) or "there is no certificate"
        )

    def manner(self, recipient: Recipient) -> Manner:
        """What the settings say of *recipient*."""
        manner = self._choice.manner(recipient.address)
        return manner if self._protects_headers else replace(manner, veil=Veil.CLEAR, displays=False)

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        """*message* encrypted to one certificate of each recipient, the newest.

        Raises Failure(NO_CERTIFICATE) if one has none (any more), Failure(CRYPTO) if encryption fails.
        """
        found = [(recipient.address, self._certificate(recipient)) for recipient in recipients]
        # People who share a certificate get one RecipientInfo.
        chosen = dict.fromkeys(self._choice.chosen(address, certificate) for address, certificate in found)
        cipher = self._choice.cipher(found)
        message, inner = self._veiled(message, self.manner(recipients[0]).veil)
        draft = self._spool.draft()
        try:
            keys = [recipient_key(one.certificate, one.transport) for one in chosen]
            sealed = enveloped(inner.pieces(), inner.size, recipients=keys, cipher=cipher)
            for piece in encoding.to_base64(sealed):
                draft.write(piece)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Failure(Cause.CRYPTO, f"encryption failed: {error}") from error
        kind = f'application/pkcs7-mime; smime-type={smime_type(cipher)}; name="smime.p7m"'
        return replaced(message, draft.body(), Header.of("Content-Type", kind), *_CONTENT)

    def made(self, message: Message) -> bool:
        """Everybody recognises encrypted mail (`postseal.policy.encryption`)."""
        return False

    def _veiled(self, message: Message, veil: Veil) -> tuple[Message, Message]:
        """*message* as it is outside, and the entity that is sealed."""
        if not self._protects_headers:
            return message, entity.inner(message)
        inner = header_protection.payload(message, veil)
        # Of what was signed before, the signature tells: a subject that is not inside must stay outside.
        ours = header_protection.protectable(entity.inner(message)) or header_protection.veiled(message)
        return (header_protection.obscured(message) if veil is Veil.HIDDEN and ours else message), inner

    def _certificate(self, recipient: Recipient) -> x509.Certificate:
        for certificate in self._certificates.usable(recipient.address, self._clock()):
            return certificate
        raise Failure(
            Cause.NO_CERTIFICATE, f"smime does not reach <{recipient.address}>: {self.obstacle(recipient)}"
        )
