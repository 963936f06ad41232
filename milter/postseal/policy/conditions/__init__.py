"""Every condition: a question about a message, its envelope and, where it asks for a `Mail`, one recipient.

The function's name is the word in YAML, its second parameter's annotation the type of the value, its
docstring the manual.  A module holds those of one subject; `CONDITIONS` below is the only list of them.
Several values within one condition are alternatives.  A condition that cannot see what it must judge
raises Failure(UNINSPECTABLE); it never answers false instead.
"""

from collections.abc import Callable

from postseal.policy.conditions import attachment, client, field, message, recipient, sender, text

CONDITIONS: tuple[Callable[..., bool], ...] = (
    # Cheapest first: within a rule they are asked in this order, so a body is seldom decoded in vain.
    client.authenticated,
    sender.sender,
    sender.sender_domain,
    sender.sender_scope,
    recipient.recipient,
    recipient.recipient_domain,
    recipient.recipient_scope,
    message.size_over,
    field.subject_words,
    field.subject_matches,
    field.header_words,
    field.header_matches,
    message.encrypted,
    message.opened,
    message.smime_signature,
    attachment.has_attachment,
    attachment.attachment_size_over,
    text.body_words,
    text.body_matches,
    text.subject_or_body_words,
    text.subject_or_body_matches,
    attachment.attachment_name_words,
    attachment.attachment_name_matches,
    attachment.attachment_extension,
    attachment.attachment_type,
    attachment.attachment_executable,
    attachment.attachment_password_protected,
    attachment.attachment_unsupported,
    attachment.attachment_unsupported_extension,
    attachment.attachment_limit_exceeded,
    attachment.attachment_property_words,
    attachment.attachment_words,
    attachment.attachment_matches,
)
"""All conditions."""
