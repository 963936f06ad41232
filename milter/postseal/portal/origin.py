"""Whether a request that changes something comes from a page of ours.

Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; only where both are missing does the token
count that stands in our forms.  It is bound to the cookie, so no other site can know it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from enum import Enum


class Verdict(Enum):
    """What the header says."""

    OURS = "ours"
    FOREIGN = "foreign"
    SILENT = "silent"  # the form's token has to say it


def judged(header: Mapping[str, str], portal: str) -> Verdict:
    """What the *header* of a request to *portal* says."""
    if site := header.get("sec-fetch-site", ""):
        return Verdict.OURS if site == "same-origin" else Verdict.FOREIGN
    if origin := header.get("origin", ""):
        return Verdict.OURS if origin.lower() == portal else Verdict.FOREIGN
    return Verdict.SILENT


def token(key: bytes, cookie: str) -> str:
    """What the forms on the pages for *cookie* hold.  *key*: `Secret.derive("form")`."""
    return hmac.new(key, b"postseal v1 form" + cookie.encode(), hashlib.sha256).hexdigest()


def is_token(key: bytes, cookie: str, given: str) -> bool:
    """Whether *given* is the token of *cookie*."""
    return bool(cookie) and hmac.compare_digest(token(key, cookie).encode(), given.encode("utf-8", "replace"))
