"""The header fields of every answer: nothing is kept, framed, sniffed, or loaded from anywhere else.

A route may replace some, as the document with a message's body does (`reading.walls`); none goes without.
"""

from typing import Final

ALWAYS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none';"
        " frame-ancestors 'none'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` browsers send `Origin: null` with our own forms, as they do for a file.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(),"
        " geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(),"
        " picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(),"
        " screen-wake-lock=(), usb=(),"
        " xr-spatial-tracking=()"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}

DEVICE: Final = {
    "Permissions-Policy": ALWAYS["Permissions-Policy"].replace(
        "publickey-credentials-create=(), publickey-credentials-get=()",
        "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    )
}
"""Of the pages that ask a device for a passkey."""

PROPOSING: Final = {
    "Permissions-Policy": ALWAYS["Permissions-Policy"].replace(
        "publickey-credentials-get=()", "publickey-credentials-get=(self)"
    )
}
"""Of the page on which a browser may propose one."""

SIGNED_OUT: Final = {"Clear-Site-Data": '"cache", "cookies", "storage"'}
"""Of the answer after which a browser remembers nothing."""
