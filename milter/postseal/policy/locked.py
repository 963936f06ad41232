"""What a sender's locks make of a treatment: whoever they are for gets a sealed message, which asks for them.

A passphrase is for everybody outside, and for whoever gets the message sealed; a telephone for whom it names.
"""

from dataclasses import replace

from postseal.envelope import key
from postseal.policy.mail import Mail
from postseal.treatment import Already, Treatment, Unreached

_SEALS = "ome"


def locked(mail: Mail, treatment: Treatment) -> Treatment:
    """*treatment*, by which the recipient of *mail* reads nothing without what the sender asks for."""
    locks, address = mail.transaction.envelope.locks, mail.recipient.address
    outside = not mail.transaction.site.accepts(address)
    if not treatment.leaves or not (locks.number(key(address)) or (locks.passphrase and outside)):
        return treatment
    return replace(treatment, protect=(_SEALS,), unreached=Unreached.REFUSE, already=Already.WRAP)
