"""Exchange's overrides of a refusal: there a button of the mail program, here a word in the subject."""

from typing import Final

from postseal.policy.exchange.value import Values, Written

_WAYS: Final = {
    "rejectunlessfalsepositiveoverride": "tag",
    "rejectunlesssilentoverride": "tag",
    "rejectunlessexplicitoverride": "reason",
}
_TEXT: Final = "Delivery not authorized, message refused."
_HOW: Final = {
    "tag": " To send it all the same, write [override] in the subject.",
    "reason": " To send it all the same, write [override: your reason] in the subject.",
}
_LONGEST: Final = 400


def placed(given: dict[str, Values], changed: list[str]) -> dict[str, Written]:
    """The property `override`, taken out of *given*, where the refusal then tells of it."""
    way = _WAYS.get("".join(given.get("NotifySender", ())).lower())
    if way is None:
        return {}
    del given["NotifySender"]
    text = given.get("RejectMessageReasonText", (_TEXT,))[0]
    given["RejectMessageReasonText"] = (text[: _LONGEST - len(_HOW[way])] + _HOW[way],)
    changed.append("a sender overrides it by a word in the subject")
    return {"override": way}
