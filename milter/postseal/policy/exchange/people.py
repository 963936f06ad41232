"""Exchange's parameters about people: groups, attributes and managers of the directory.

A group or an attribute that the directory does not have holds for nobody, so a rule that names one is
switched off until the administrator has said what the directory calls it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from postseal.policy.body_actions import TOKENS, attribute
from postseal.policy.exchange.value import Untranslatable, Values, Written, listed, one_of

_TOKEN = re.compile(r"%%(\w+)%%")
_GROUPS = (
    "FromMemberOf",
    "SentToMemberOf",
    "AnyOfToHeaderMemberOf",
    "AnyOfCcHeaderMemberOf",
    "AnyOfToCcHeaderMemberOf",
    "BetweenMemberOf1",
    "BetweenMemberOf2",
)
_ATTRIBUTES = (
    "SenderADAttributeContainsWords",
    "SenderADAttributeMatchesPatterns",
    "RecipientADAttributeContainsWords",
    "RecipientADAttributeMatchesPatterns",
    "ADComparisonAttribute",
)
_MANAGERS = ("ManagerAddresses", "SenderManagementRelationship")
_MANAGER = "Manager"
OF_AUTHOR = {"BetweenMemberOf1", *_MANAGERS, *_ATTRIBUTES} - {
    "RecipientADAttributeContainsWords",
    "RecipientADAttributeMatchesPatterns",
}
"""Those for which the sender is always the author in Exchange, whatever SenderAddressLocation says."""


def named(given: dict[str, Values], names: Mapping[str, str]) -> Iterator[str]:
    """Put the directory's *names* in place of Exchange's; yields what is wrong about each that is missing.

    *names*: the directory's name by Exchange's, in lower case.
    """
    missing: dict[str, None] = {}

    def ours(name: str) -> str:
        if name.strip().lower() not in names:
            missing[name.strip()] = None
        return names.get(name.strip().lower(), name.strip())

    for prefix in ("", "ExceptIf"):
        for parameter in _GROUPS:
            if values := given.get(f"{prefix}{parameter}"):
                given[f"{prefix}{parameter}"] = tuple(map(ours, values))
        for parameter in _ATTRIBUTES:
            if values := given.get(f"{prefix}{parameter}"):
                pairs = (value.partition(":") for value in values)
                given[f"{prefix}{parameter}"] = tuple(
                    f"{ours(name)}{colon}{rest}" for name, colon, rest in pairs
                )
        if any(f"{prefix}{parameter}" in given for parameter in (*_MANAGERS, "ModerateMessageByManager")):
            ours(_MANAGER)
    if texts := given.get("ApplyHtmlDisclaimerText"):
        given["ApplyHtmlDisclaimerText"] = tuple(
            _TOKEN.sub(lambda token: token[0] if token[1] in TOKENS else attribute(ours(token[1])), text)
            for text in texts
        )
    for name in missing:
        yield f"what the directory calls '{name}' is not known; say it with --name '{name}=…'"


def between(one: Values, other: Values) -> Written:
    """Two lists of groups."""
    if not other:
        raise Untranslatable("the groups of the other side are missing")
    return {"one": listed(one), "other": listed(other)}


def patterns(values: Values) -> Written:
    """`Attribute:pattern,pattern` pairs."""
    if any(re.search(r"[\[({][^\])}]*,|\\,", value) for value in values):
        raise Untranslatable("a pattern has a comma in it, which also divides patterns")
    return attributes(values)


def attributes(values: Values) -> Written:
    """`Attribute:word,word` pairs."""
    found: dict[str, list[str]] = {}
    for value in values:
        name, colon, texts = value.partition(":")
        words = [each.strip() for each in texts.split(",") if each.strip()]
        if not colon or not words:
            raise Untranslatable(f"'{value}' names no attribute with its values")
        found.setdefault(name.strip(), []).extend(words)
    return found


def managed(addresses: Values, of: Values) -> Written:
    """Whose manager it is, and the addresses."""
    whose = {"sender": "sender_manager", "0": "sender_manager", "recipient": "recipient_manager"}
    whose["1"] = "recipient_manager"
    if len(of) != 1 or of[0].lower() not in whose:
        raise Untranslatable("ManagerForEvaluatedUser does not say whose manager it is")
    return {whose[of[0].lower()]: listed(addresses)}


def compared(attribute: Values, operator: Values) -> Written:
    """An attribute that both have in common, or not."""
    same = {"same_attribute": attribute[0]}
    word = one_of({"equal": "equal", "0": "equal", "notequal": "not", "1": "not"})(operator or ("equal",))
    return same if word == "equal" else {"not": same}


RELATION = one_of(
    {"manager": "manager", "0": "manager", "directreport": "direct_report", "1": "direct_report"}
)


def manager_placed(given: dict[str, Values]) -> list[str]:
    """Name the sender's manager among those who get the mail in the way that *given* says; what cannot be."""
    lost = []
    for way in given.pop("AddManagerAsRecipientType", ()):
        if parameter := _TO_MANAGER.get(way.lower()):
            given[parameter] = (*given.get(parameter, ()), "manager")
        else:
            lost.append(f"AddManagerAsRecipientType {way}: there is no word for it")
    return lost


_TO_MANAGER: Final = {
    "to": "AddToRecipients",
    "cc": "CopyTo",
    "bcc": "BlindCopyTo",
    "redirect": "RedirectMessageTo",
}
