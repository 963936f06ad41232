"""`message.html`: a form that carries the container to the portal when its button is pressed.

One page for one message, ASCII throughout, with lines that no mail server breaks.  No script, nothing
from the network, no field to type a password or a code into, and a policy of its own that lets the form go
to the portal alone, whatever somebody adds to the page.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from postseal.methods.wording import Wording
from postseal.sealed.armor import armored
from postseal.settings_ome import Brand

_STYLE: Final = """
:root{color-scheme:light dark}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
main{max-width:34rem;margin:0 auto;padding:2.5rem 1.25rem}
h1{font-size:1.4rem;margin:0 0 1rem;padding-top:1rem;border-top:.4rem solid COLOR}
button{font:inherit;font-weight:600;margin:1rem 0;padding:.75rem 1.5rem;border:2px solid ButtonText;\
border-radius:.5rem;background:ButtonFace;color:ButtonText;cursor:pointer}
button:focus-visible,a:focus-visible{outline:3px solid Highlight;outline-offset:3px}
small{display:block;margin-top:2rem}
"""

_BEFORE: Final = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'sha256-{style_hash}'; form-action {portal}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{paragraphs}
<form method="post" action="{portal}/o" enctype="multipart/form-data">
<input type="hidden" name="v" value="1">
<input type="hidden" name="id" value="{id}">
<input type="hidden" name="p" value="
"""

_AFTER: Final = """\
">
<button type="submit">{open}</button>
</form>
{online}
{disclaimer}
</main>
</body>
</html>
"""


def page(
    container: Iterable[bytes], *, paragraphs: Iterable[str], wording: Wording, brand: Brand, link: str
) -> Iterator[bytes]:
    """The file, in pieces, with CRLF line ends.  *paragraphs*: plain text above the button.

    *link*: `PORTAL/m/ID`, which the reader may follow instead if *wording*.online is to be shown.
    """
    portal, _, id_ = link.partition("/m/")
    style = _STYLE.replace("COLOR", brand.color)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    text = "\n".join(f"<p>{_lines(paragraph)}</p>" for paragraph in paragraphs if paragraph)
    yield _octets(
        _BEFORE.format(
            language=brand.language.value,
            style_hash=digest,
            portal=escape(portal),
            title=escape(wording.title),
            style=style,
            paragraphs=text,
            id=id_,
        )
    )
    for lines in armored(container):
        yield lines.replace(b"\n", b"\r\n")
    online = f'<p><a href="{escape(link)}">{escape(wording.online)}</a></p>' if wording.online else ""
    disclaimer = f"<small>{_lines(brand.disclaimer)}</small>" if brand.disclaimer else ""
    yield _octets(_AFTER.format(open=escape(wording.open), online=online, disclaimer=disclaimer))


def _lines(text: str) -> str:
    """*text* escaped, in lines that fit into a mail: HTML takes a line end for a blank."""
    return escape(text).replace("\n", "<br>\n").replace(" ", "\n")


def _octets(html: str) -> bytes:
    octets = html.encode("ascii", "xmlcharrefreplace")
    return b"\r\n".join(octets.splitlines()) + b"\r\n"
