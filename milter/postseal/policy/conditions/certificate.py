"""Whether there is a certificate with which mail to a recipient can be encrypted."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from postseal.policy import facet
from postseal.policy.condition_values import choices
from postseal.policy.mail import Mail

_SOON = timedelta(days=30)


class CertificateState(StrEnum):
    """What there is for a recipient."""

    USABLE = "usable"
    EXPIRING = "expiring"
    NONE = "none"


def _state(mail: Mail) -> tuple[CertificateState]:
    at = mail.transaction.at
    until = mail.transaction.certificate_until(mail.recipient)
    if until is None:
        return (CertificateState.NONE,)
    return (CertificateState.EXPIRING if until - at < _SOON else CertificateState.USABLE,)


@facet.asks(facet.Keys(_state))
def recipient_certificate(
    mail: Mail, states: Annotated[frozenset[CertificateState], choices(CertificateState)]
) -> bool:
    """There is an S/MIME certificate for the recipient, believed and good for encryption, or there is none.

    `expiring`: the best one is good for less than 30 days.  Where certificates cannot be looked up, mail
    cannot be judged.
    """
    return not states.isdisjoint(_state(mail))
