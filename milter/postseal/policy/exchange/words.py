"""Exchange's name → our word: one table, by which rules are translated and the documentation is printed.

A value that we cannot mean exactly raises `Untranslatable`; nothing is carried over by halves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from postseal.content.html import visible
from postseal.policy.exchange import people, usage
from postseal.policy.exchange.classification import sensitive
from postseal.policy.exchange.value import Untranslatable, Values, Written, branding, listed, one_of


@dataclass(frozen=True, slots=True)
class Word:
    """*word*: ours.  *written*: the values as we write them.  *also*: parameters that belong to this one."""

    word: str
    written: Callable[..., Written]
    also: tuple[str, ...] = ()


def yes(_values: Values) -> Written:
    """A switch."""
    return "true"


def size(values: Values) -> Written:
    """`10 MB (10,485,760 bytes)`, `10MB` or octets."""
    if exact := re.search(r"\(([\d,.\s]+) bytes\)", values[0]):
        return re.sub(r"\D", "", exact[1])
    found = re.fullmatch(r"(\d+)\s*(B|KB|MB|GB)?", values[0].strip(), re.IGNORECASE)
    if not found:
        raise Untranslatable(f"'{values[0]}' is no size that we know")
    return found[1] + {"B": "", "KB": "k", "MB": "MiB", "GB": "GiB"}[(found[2] or "B").upper()]


def of_field(values: Values, names: Values) -> Written:
    """Values of one header field."""
    if len(names) != 1:
        raise Untranslatable("the name of the header field is missing")
    return {names[0]: listed(values)}


def named(name: str) -> Callable[[Values], Written]:
    """A value of the header field *name*."""
    return lambda values: {name: listed(values)}


def classified(values: Values) -> Written:
    """Labels that `classify` wrote, each as a whole."""
    return {"X-Classification": listed(tuple(rf"^\s*{re.escape(value)}\s*$" for value in values))}


def properties(values: Values) -> Written:
    """`Name:word,word` pairs."""
    found: dict[str, list[str]] = {}
    for value in values:
        name, colon, word = value.partition(":")
        if not colon:
            raise Untranslatable(f"'{value}' names no property")
        found.setdefault(name.strip(), []).extend(each.strip() for each in word.split(","))
    return found


def set_header(names: Values, values: Values) -> Written:
    """The value of one header field."""
    if len(names) != 1 or len(values) != 1:
        raise Untranslatable("the value of the header field is missing")
    return {names[0]: values[0]}


def reject(values: Values, statuses: Values) -> Written:
    """A sentence and its status."""
    return {"text": values[0], "status": statuses[0]} if statuses else values[0]


def reject_by_status(values: Values) -> Written:
    """Exchange's own sentence, with this status."""
    return {"text": "Delivery not authorized, message refused", "status": values[0]}


def disclaimer(values: Values, sides: Values, fallbacks: Values) -> Written:
    """HTML, where it stands, and the fallback."""
    found = {"html": values[0], "side": (sides or ("append",))[0].lower()}
    return found | {"fallback": (fallbacks or ("wrap",))[0].lower()}


def report(values: Values, content: Values) -> Written:
    """Addresses, and the sections that we have."""
    known = {"sender": "sender", "recipients": "recipients", "subject": "subject"}
    known |= {"ruledetections": "rule", "severity": "rule", "idmatch": "matches"}
    sections = [known[each.lower()] for each in content if each.lower() in known]
    return {"to": listed(values), "include": list(dict.fromkeys(sections))} if sections else listed(values)


def text_of_html(values: Values) -> Written:
    """The text that HTML shows."""
    return visible(values[0])


def held(_values: Values) -> Written:
    """A reason."""
    return "held by a rule"


def moderators(users: Values, by_manager: Values) -> Written:
    """Addresses, and the sender's manager if he decides as well."""
    return listed((*users, "manager") if by_manager else users)


def manager(_values: Values) -> Written:
    """The sender's."""
    return "manager"


def label(values: Values) -> Written:
    """One text."""
    return values[0]


SCOPE = one_of({"inorganization": "inside", "0": "inside", "notinorganization": "outside", "1": "outside"})
TYPES = one_of(
    {
        "oof": "auto_reply",
        "autoforward": "auto_forward",
        "encrypted": "encrypted",
        "signed": "signed",
        "calendaring": "calendar",
        "permissioncontrolled": "restricted",
        "voicemail": "voicemail",
        "readreceipt": "read_receipt",
    }
)
IMPORTANCE = one_of(
    {"low": "low", "normal": "normal", "high": "high"} | {"0": "low", "1": "normal", "2": "high"}
)

CONDITIONS: dict[str, Word] = {
    "From": Word("sender", listed),
    "FromScope": Word("sender_scope", SCOPE),
    "FromAddressContainsWords": Word("sender_words", listed),
    "FromAddressMatchesPatterns": Word("sender_matches", listed),
    "SenderDomainIs": Word("sender_domain", listed),
    "SenderIpRanges": Word("client_ip", listed),
    "FromMemberOf": Word("sender_group", listed),
    "SenderADAttributeContainsWords": Word("sender_attribute_words", people.attributes),
    "SenderADAttributeMatchesPatterns": Word("sender_attribute_matches", people.patterns),
    "SentTo": Word("recipient", listed),
    "SentToMemberOf": Word("recipient_group", listed),
    "RecipientADAttributeContainsWords": Word("recipient_attribute_words", people.attributes),
    "RecipientADAttributeMatchesPatterns": Word("recipient_attribute_matches", people.patterns),
    "BetweenMemberOf1": Word("between_groups", people.between, ("BetweenMemberOf2",)),
    "SenderManagementRelationship": Word("sender_is", people.RELATION),
    "ManagerAddresses": Word("all", people.managed, ("ManagerForEvaluatedUser",)),
    "ADComparisonAttribute": Word("any", people.compared, ("ADComparisonOperator",)),
    "SentToScope": Word("recipient_scope", SCOPE),
    "RecipientAddressContainsWords": Word("recipient_words", listed),
    "RecipientAddressMatchesPatterns": Word("recipient_matches", listed),
    "RecipientDomainIs": Word("recipient_domain", listed),
    "AnyOfRecipientAddressContainsWords": Word("any_recipient_words", listed),
    "AnyOfRecipientAddressMatchesPatterns": Word("any_recipient_matches", listed),
    "AnyOfToHeader": Word("to_header", listed),
    "AnyOfCcHeader": Word("cc_header", listed),
    "AnyOfToCcHeader": Word("to_or_cc_header", listed),
    "AnyOfToHeaderMemberOf": Word("to_header_group", listed),
    "AnyOfCcHeaderMemberOf": Word("cc_header_group", listed),
    "AnyOfToCcHeaderMemberOf": Word("to_or_cc_header_group", listed),
    "SubjectContainsWords": Word("subject_words", listed),
    "SubjectMatchesPatterns": Word("subject_matches", listed),
    "SubjectOrBodyContainsWords": Word("subject_or_body_words", listed),
    "SubjectOrBodyMatchesPatterns": Word("subject_or_body_matches", listed),
    "HeaderContainsWords": Word("header_words", of_field, ("HeaderContainsMessageHeader",)),
    "HeaderMatchesPatterns": Word("header_matches", of_field, ("HeaderMatchesMessageHeader",)),
    "AttachmentContainsWords": Word("attachment_words", listed),
    "AttachmentMatchesPatterns": Word("attachment_matches", listed),
    "AttachmentNameMatchesPatterns": Word("attachment_name_matches", listed),
    "AttachmentExtensionMatchesWords": Word("attachment_extension", listed),
    "AttachmentSizeOver": Word("attachment_size_over", size),
    "AttachmentHasExecutableContent": Word("attachment_executable", yes),
    "AttachmentIsPasswordProtected": Word("attachment_password_protected", yes),
    "AttachmentIsUnsupported": Word("attachment_unsupported", yes),
    "AttachmentProcessingLimitExceeded": Word("attachment_limit_exceeded", yes),
    "AttachmentPropertyContainsWords": Word("attachment_property_words", properties),
    "MessageContainsDataClassifications": Word("sensitive", sensitive),
    "MessageSizeOver": Word("size_over", size),
    "MessageTypeMatches": Word("message_type", TYPES),
    "ContentCharacterSetContainsWords": Word("charset", listed),
    "WithImportance": Word("importance", IMPORTANCE),
    "HasClassification": Word("header_matches", classified),
    "SCLOver": Word("header_at_least", named("X-MS-Exchange-Organization-SCL")),
}
"""Conditions; each is also an exception, with `ExceptIf` before its name."""

ACTIONS: dict[str, Word] = {
    "ApplyRightsProtectionTemplate": Word("protect", usage.template),
    "ApplyOME": Word("protect", lambda _values: usage.ENCRYPTED),
    "ApplyRightsProtectionCustomizationTemplate": Word("branding", branding),
    "RemoveOME": Word("unseal", yes),
    "RemoveOMEv2": Word("unseal", yes),
    "RejectMessageReasonText": Word("reject", reject, ("RejectMessageEnhancedStatusCode",)),
    "RejectMessageEnhancedStatusCode": Word("reject", reject_by_status),
    "DeleteMessage": Word("delete", yes),
    "Quarantine": Word("quarantine", held),
    "ModerateMessageByUser": Word("moderate", moderators, ("ModerateMessageByManager",)),
    "ModerateMessageByManager": Word("moderate", manager),
    "RedirectMessageTo": Word("redirect", listed),
    "AddToRecipients": Word("add_to", listed),
    "CopyTo": Word("add_cc", listed),
    "BlindCopyTo": Word("add_bcc", listed),
    "ApplyHtmlDisclaimerText": Word(
        "disclaimer", disclaimer, ("ApplyHtmlDisclaimerLocation", "ApplyHtmlDisclaimerFallbackAction")
    ),
    "PrependSubject": Word("prepend_subject", label),
    "RouteMessageOutboundRequireTls": Word("require_tls", lambda _values: "encrypt"),
    "RouteMessageOutboundConnector": Word("route", label),
    "SetHeaderName": Word("set_header", set_header, ("SetHeaderValue",)),
    "RemoveHeader": Word("remove_header", listed),
    "SetSCL": Word("spam_level", label),
    "ApplyClassification": Word("classify", label),
    "GenerateIncidentReport": Word("report", report, ("IncidentReportContent",)),
    "GenerateNotification": Word("notify_recipient", text_of_html),
}
"""Actions."""

PROPERTIES: dict[str, Word] = {
    "Comments": Word("comment", lambda values: values[0][:1024]),
    "Mode": Word(
        "mode",
        one_of(
            {
                "enforce": "enforce",
                "audit": "audit",
                "auditandnotify": "audit_and_notify",
                "0": "audit",
                "1": "audit_and_notify",
                "2": "enforce",
            }
        ),
    ),
    "ActivationDate": Word("from", label),
    "ExpiryDate": Word("until", label),
    "SetAuditSeverity": Word(
        "severity",
        one_of(
            {
                "donotaudit": "none",
                "low": "low",
                "medium": "medium",
                "high": "high",
                "1": "low",
                "2": "medium",
                "3": "high",
            }
        ),
    ),
    "StopRuleProcessing": Word("stop", yes),
    "SenderAddressLocation": Word(
        "sender_address",
        one_of(
            {
                "header": "header",
                "envelope": "envelope",
                "headerorenvelope": "either",
                "0": "header",
                "1": "envelope",
                "2": "either",
            }
        ),
    ),
}
"""What is said about a rule rather than about mail."""

OTHERS: dict[str, str] = {
    "Name, Priority": "`name`; the order of files and rules",
    "State, Enabled": "`mode: off`",
    "RuleErrorAction": "`on_error`; a failure never lets mail through",
    "ManagerForEvaluatedUser, ManagerAddresses": "`sender_manager` or `recipient_manager`",
    "ADComparisonAttribute, ADComparisonOperator": "`same_attribute`, or `not` of it",
    "AddManagerAsRecipientType": "`add_to`, `add_cc`, `add_bcc` or `redirect`, to `manager`",
    "SmtpRejectMessageRejectText, SmtpRejectMessageRejectStatusCode, Disconnect": "`reject`, `defer`",
    "LogEventText": "the rule's name stands in the log",
    "NotifySender": "`reject` with [`override`](policy-tutorial.md#a-sender-may-insist); `notify_sender`",
    "HasSenderOverride, SenderInRecipientList, RecipientInSenderList": "nothing",
    "RemoveRMSAttachmentEncryption": "nothing",
}
"""What is not carried over by itself, and what to use."""
