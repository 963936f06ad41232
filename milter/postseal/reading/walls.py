"""The two walls around a mail that is shown, beside the sanitiser: response headers and the frame's sandbox.

Each wall holds alone (tests/reading/test_walls.py).  The document of a mail must only ever be served from a
URL of its own with `BODY_HEADERS`, in `<iframe sandbox="{SANDBOX}">`; octets of an attachment only with
`ATTACHMENT_HEADERS` and `Content-Disposition: attachment`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
"""Of the frame.  Never with allow-same-origin or allow-scripts; links open windows of their own."""

BODY_POLICY: Final = (
    f"sandbox {SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""Content-Security-Policy of the document: styles and the pictures within it, nothing from anywhere."""

FRAMING: Final = "frame-src 'self'"
"""What the Content-Security-Policy of the page around the frame must say: else the mail leads it away."""

_BOTH: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}

BODY_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": BODY_POLICY,
        "Referrer-Policy": "no-referrer",
        **_BOTH,
    }
)
"""Of the document's response; there is no form in it, so it may have the strictest Referrer-Policy."""

ATTACHMENT_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {"Content-Security-Policy": "sandbox; default-src 'none'", **_BOTH}
)
"""Of an attachment's response, beside its type, length and disposition."""
