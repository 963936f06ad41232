"""Exchange's branding as ours: what `Get-OMEConfiguration | ConvertTo-Json` prints, carried over.

Nothing is guessed: what has no counterpart is told by name, with what to do.  Raises BadInput if the file
is no such export.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Final

from postseal.branding import color
from postseal.branding.branding import DEFAULT, LIGHT, Palette
from postseal.branding.logo import BadLogo, Logo, logo
from postseal.document import bad
from postseal.errors import Place

_TEXTS: Final = {
    "IntroductionText": "introduction",
    "ReadButtonText": "button",
    "EmailText": "text",
    "DisclaimerText": "disclaimer",
    "PortalText": "portal_text",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A branding that was carried over.  *values*: by our keys.  *lost*: what was not, and why."""

    word: str
    values: dict[str, object]
    logo: Logo | None
    lost: tuple[str, ...]


def branding_word(identity: str) -> str:
    """Our name of the OME configuration *identity*; the first is `default`.  "" if it has no letters."""
    if identity.strip().lower() == "ome configuration":
        return DEFAULT
    return re.sub(r"[^a-z0-9_]+", "-", identity.lower()).strip("-_")[:64]


def imported(octets: bytes, file: str) -> tuple[Imported, ...]:
    """The configurations in *octets*, the JSON of the *file* of that name."""
    hint = "write it with `Get-OMEConfiguration | ConvertTo-Json`"
    try:
        known = json.loads(octets.decode("utf-8-sig"))
    except ValueError:
        raise bad(Place(file), "this is not JSON", hint) from None
    found = known if isinstance(known, list) else [known]
    if not all(isinstance(each, dict) and branding_word(str(each.get("Identity", ""))) for each in found):
        raise bad(Place(file), "this is no list of OME configurations", hint)
    return tuple(_imported(each) for each in found)


def _imported(given: dict[str, object]) -> Imported:
    word, lost = branding_word(str(given["Identity"])), list[str]()
    values: dict[str, object] = {
        key: text for name, key in _TEXTS.items() if isinstance(text := given.get(name), str) and text.strip()
    }
    picture = _picture(given.get("Image"), lost)
    if colors := _colors(given.get("BackgroundColor"), lost):
        values["colors"] = colors
    privacy = given.get("PrivacyStatementUrl")
    if isinstance(privacy, str) and privacy.startswith("https://"):
        values["privacy"] = privacy
    elif privacy:
        lost.append("PrivacyStatementUrl: it is no https:// address")
    days = given.get("ExternalMailExpiryInDays")
    if isinstance(days, int) and days and word != DEFAULT:
        values["expire"] = f"{days}d"
    if given.get("OTPEnabled") is False:
        lost.append("OTPEnabled: name the ways that are left in 'sign_in:'")
    elif given.get("SocialIdSignIn") is False:
        values["sign_in"] = "passcode"
    return Imported(word, values, picture, tuple(lost))


def _colors(given: object, lost: list[str]) -> dict[str, str]:
    if not isinstance(given, str) or not given.strip():
        return {}
    if not re.fullmatch("#[0-9a-fA-F]{6}", given):
        lost.append(f"BackgroundColor: write '{given}' as '#rrggbb'")
        return {}
    ground = given.lower()
    sheet = Palette(LIGHT.accent, LIGHT.accent_text, ground, LIGHT.text).sheet
    text = color.readable(LIGHT.text, ground, sheet)
    return {"background": ground} | ({} if text == LIGHT.text else {"text": text})


def _picture(given: object, lost: list[str]) -> Logo | None:
    if not given:
        return None
    try:
        octets = base64.b64decode(given) if isinstance(given, str) else bytes(given)  # type: ignore[call-overload] # a list of numbers
        found: Logo = logo(octets)
    except (binascii.Error, BadLogo, TypeError, ValueError) as why:
        lost.append(f"Image: {why}; save it as PNG and name it in 'logo:'")
        return None
    return found
