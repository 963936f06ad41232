"""Every condition: a question about a message, its envelope and, where it asks for a `Mail`, one recipient.

The function's name is the word in YAML, its second parameter's annotation the type of the value, its
docstring the manual.  A module holds those of one subject; `CONDITIONS` below is the only list of them.
Several values within one condition are alternatives.  A condition that cannot see what it must judge
raises Failure(UNINSPECTABLE); it never answers false instead.
"""

from collections.abc import Callable

from postseal.policy.conditions import attachment, client, field, message, recipient, recipients, sender, text

CONDITIONS: tuple[Callable[..., bool], ...] = (
    # Cheapest first: within a rule they are asked in this order, so a body is seldom decoded in vain.
    client.authenticated,
    client.login,
    client.client_ip,
    client.tls,
    client.tls_version,
    client.tls_cipher,
    client.tls_certificate,
    client.macro_matches,
    sender.sender,
    sender.sender_domain,
    sender.sender_words,
    sender.sender_matches,
    sender.sender_scope,
    recipient.recipient,
    recipient.recipient_domain,
    recipient.recipient_words,
    recipient.recipient_matches,
    recipient.recipient_scope,
    recipients.any_recipient,
    recipients.any_recipient_domain,
    recipients.any_recipient_words,
    recipients.any_recipient_matches,
    recipients.any_recipient_scope,
    recipients.recipients_at_least,
    recipients.to_header,
    recipients.cc_header,
    recipients.to_or_cc_header,
    message.size_over,
    message.time_of_day,
    message.importance,
    message.sensitivity,
    message.automatic,
    message.mailing_list,
    field.has_header,
    field.header_at_least,
    field.subject_words,
    field.subject_matches,
    field.header_words,
    field.header_matches,
    message.encrypted,
    message.opened,
    message.smime_signature,
    message.signed,
    message.message_type,
    message.charset,
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
