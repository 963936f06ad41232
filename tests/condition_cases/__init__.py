"""Every condition with a value, a mail for which it holds, and one for which it does not.

A mail is `MAIL` but for what is given; a module for each one of `postseal.policy.conditions`.
"""

from condition_cases import (
    acquaintance,
    attachment,
    authentication,
    certificate,
    client,
    field,
    message,
    people,
    recipient,
    recipients,
    sender,
    sensitive,
    text,
)

CASES = (
    client.CASES
    | authentication.CASES
    | people.CASES
    | certificate.CASES
    | acquaintance.CASES
    | sender.CASES
    | recipient.CASES
    | recipients.CASES
    | message.CASES
    | field.CASES
    | text.CASES
    | attachment.CASES
    | sensitive.CASES
)
