"""What comes in S/MIME, as policy and as each recipient is to see it.

Promises: what a key of ours opens is shown to those whose key it is, and to nobody else: everybody else gets
the message as it came.  Policy sees the text.  A signature is called good only if it was made over what
the reader sees, by the author, with a certificate that we believe.  No message stops here: what cannot
be opened or judged goes on as it came, with a word about it.
"""

import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509

from postseal import log
from postseal.certificates.decryption import GatewayKeys
from postseal.cms import header_protection
from postseal.cms.layer import Encrypted, Layer, Opened, Signed
from postseal.cms.opening import Opener
from postseal.cms.signer_info import Signature
from postseal.envelope import Envelope, Recipient
from postseal.errors import Failure
from postseal.incoming.harvest import Harvest
from postseal.incoming.result import fields, without_forged
from postseal.legacy_display import removed
from postseal.message import Header, Message
from postseal.methods.replacement import OVER_THE_BODY
from postseal.smime_state import NO_SMIME, SignatureResult, SmimeState
from postseal.trust.authorship import Standing, judge
from postseal.trust.trust import Trust, Use
from postseal.trust.verdict import Verdict

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A message that came in.  *content*: what policy looks at; *state*: what it may ask.

    *copies*: what each recipient of ours is to get in place of the message that came; others get that.
    """

    content: Message
    state: SmimeState = NO_SMIME
    copies: dict[Recipient, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """*host*: in whose name results are written; *accepts*: whether an address is ours."""

    opener: Opener
    keys: GatewayKeys
    trust: Trust
    distrusted: Callable[[], Collection[bytes]]
    harvest: Harvest
    host: str
    accepts: Callable[[str], bool]
    clock: Callable[[], datetime]

    def received(self, message: Message, envelope: Envelope) -> Received:
        """*message* as policy and as each recipient is to see it.  May raise Failure, if the keys do."""
        inside = [recipient for recipient in envelope.recipients if self.accepts(recipient.address)]
        if not inside:
            return Received(message)
        clean = without_forged(message, self.host)
        opened = self.opener.open(clean)
        if not opened.layers:
            return Received(clean, copies=dict.fromkeys(inside, clean) if clean is not message else {})
        entitled = {recipient for recipient in inside if self._may_read(opened, recipient)}
        standing, result = self._judged(opened)
        protected = header_protection.found(clean, opened) if opened.decrypted else header_protection.Found()
        if protected.doubt:
            _log.warning("%s", log.line(event="protected_header_not_used", why=protected.doubt))
        opened = self._restored(opened, protected)
        seen = _under(fields(result, opened.layers, self.host), _decrypted(opened))
        closed = _under(fields("", _outer(opened.layers), self.host), clean)
        copies = {recipient: seen if recipient in entitled else closed for recipient in inside}
        encrypted = any(isinstance(layer, Encrypted) for layer in opened.layers)
        state = SmimeState(encrypted, opened.decrypted and bool(entitled), standing)
        return Received(opened.content if entitled else clean, state, copies)

    def _restored(self, opened: Opened, protected: header_protection.Found) -> Opened:
        """*opened* with its protected fields outside again, and only there if nobody has signed."""
        content = header_protection.restored(opened.content, protected)
        deliverable = header_protection.restored(opened.deliverable, protected)
        if protected.fields and not any(isinstance(layer, Signed) for layer in opened.layers):
            with contextlib.suppress(Failure):  # it has so many parts that nobody looks for the text
                content, deliverable = (removed(one, self.opener.spool) for one in (content, deliverable))
        return replace(opened, content=content, deliverable=deliverable)

    def _judged(self, opened: Opened) -> tuple[SignatureResult, str]:
        """What is to be said of the signatures, in a word and as the method of Authentication-Results."""
        at = self.clock()
        try:
            distrusted = self.distrusted()

            def believe(
                certificate: x509.Certificate, others: Sequence[x509.Certificate], owner: str
            ) -> Verdict:
                return self.trust.judge(
                    certificate, others, at=at, use=Use.VERIFY, owner=owner, distrusted=distrusted
                )

            judgement = judge(opened.content, opened, believe)
        except Failure as failure:
            _log.warning("%s", log.line(event="signature_not_judged", why=failure.detail))
            return SignatureResult.TEMPERROR, f"smime={SignatureResult.TEMPERROR}"
        if judgement.standing is Standing.NONE:
            return SignatureResult.NONE, ""
        if judgement.standing is Standing.PASS:
            for signing in judgement.signings:
                if signing.standing is Standing.PASS:
                    self.harvest.keep(
                        _layer(opened, signing.signature), signing.signature, signing.address, at
                    )
        return SignatureResult(judgement.standing.value), judgement.result

    def _may_read(self, opened: Opened, recipient: Recipient) -> bool:
        certificates = [one.certificate for one in opened.layers if isinstance(one, Encrypted)]
        return all(
            certificate is None or self.keys.belongs(certificate, recipient.address)
            for certificate in certificates
        )


def _layer(opened: Opened, signature: Signature) -> Signed:
    return next(one for one in opened.layers if isinstance(one, Signed) and signature in one.signatures)


def _under(told: tuple[Header, ...], message: Message) -> Message:
    return Message(told + message.headers, message.body)


def _decrypted(opened: Opened) -> Message:
    """What is handed on; what vouches for the encrypted form would call the open one forged."""
    return opened.deliverable.without(*OVER_THE_BODY) if opened.decrypted else opened.deliverable


def _outer(layers: Sequence[Layer]) -> list[Layer]:
    """The layers up to the first encryption, which is closed to whoever is told."""
    result: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Encrypted):
            return [*result, Encrypted(layer.facts)]
        result.append(layer)
    return result
