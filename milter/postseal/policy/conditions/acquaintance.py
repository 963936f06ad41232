"""Whether the sender has written to the recipient before."""

from postseal.envelope import key
from postseal.policy.conditions.recipient import whatever_is_meant
from postseal.policy.mail import Mail


def first_mail(mail: Mail, expected: bool) -> bool:
    """Whether the sender has sent nothing to the recipient before, as far as we remember.

    Remembered is mail that left through us while a rule asked for this; digests of the two addresses, for
    as long as `acquainted` of the settings says after the last mail.  While the store is away, mail cannot
    be judged.
    """
    return whatever_is_meant(
        mail.recipient, lambda address: mail.transaction.first_for(key(address)) is expected
    )
