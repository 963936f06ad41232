"""`message.html`: a form that carries the container to the portal when its button is pressed.

One page for one message, ASCII throughout, with lines that no mail server breaks.  No script, nothing
from the network, no field to type a password or a code into, and a policy of its own that lets the form go
to the portal alone, whatever somebody adds to the page.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Final

from postseal.body import Body
from postseal.branding.branding import Branding
from postseal.methods import markup
from postseal.methods.carrier_page import colors
from postseal.methods.cover import Cover, Section
from postseal.sealed.armor import armored

_COLORS: Final = """\
--background:{{background}};--sheet:{{sheet}};--text:{{text}};--soft:{{soft}};
--line:{{line}};--link:{{link}};--accent:{{accent}};--on-accent:{{accent_text}}"""
_STYLE: Final = """
:root{color-scheme:light dark;{{light}}}
@media (prefers-color-scheme:dark){:root{{{dark}}}.logo{background:#fff;padding:.4rem;border-radius:.4rem}}
*{box-sizing:border-box}
body{margin:0;padding:clamp(1rem,6vh,4rem) 1rem;background:var(--background);color:var(--text);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
main,footer{max-inline-size:36rem;margin:0 auto}
main{padding:1.75rem clamp(1.25rem,5vw,2.25rem);background:var(--sheet);border:1px solid var(--line);
border-block-start:.4rem solid var(--accent);border-radius:.6rem;overflow-wrap:anywhere}
.logo{display:block;margin:0 0 1.25rem}
h1,h2{margin:0 0 .9rem;font-size:1.45rem;line-height:1.25}
h2{font-size:1.15rem}
p{margin:0 0 .9rem}
button{min-block-size:2.9rem;margin:.4rem 0 1rem;padding:.6rem 1.6rem;border:0;border-radius:.5rem;
font:inherit;font-weight:600;background:var(--accent);color:var(--on-accent);cursor:pointer}
a{color:var(--link);text-underline-offset:.2em}
:focus-visible{outline:.2rem solid var(--link);outline-offset:.2rem}
details{margin:1.25rem 0 0;padding:1.25rem 0 0;border-block-start:1px solid var(--line)}
summary{cursor:pointer;font-weight:600}
details[open] summary{margin:0 0 .9rem}
footer{padding:1rem clamp(1.25rem,5vw,2.25rem);color:var(--soft);font-size:.9rem}
"""
_BEFORE: Final = """\
<!DOCTYPE html>
<html lang="{{language}}" dir="{{direction}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'sha256-{{digest}}'; img-src data:; form-action {{portal}};
 base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{{title}}</title>
<style>{{style}}</style>
</head>
<body>
<main>
{{logo}}
<h1>{{title}}</h1>
{{above}}
<form id="f" method="post" action="{{portal}}/o" enctype="multipart/form-data">
<input type="hidden" name="v" value="1">
<input type="hidden" name="id" value="{{id}}">
<input type="hidden" name="p" value="
"""
_AFTER: Final = """\
">
</form>
{{below}}
{{further}}
</main>
{{foot}}
</body>
</html>
"""


def page(cover: Cover, found: list[Section], container: Body) -> Iterator[bytes]:
    """The file for *cover*, with the sections *found*, in pieces with CRLF line ends."""
    branding, first = cover.branding, found[0]
    light, dark = (markup.put(_COLORS, colors(palette, "")) for palette in (branding.light, branding.dark))
    style = markup.put(_STYLE.replace("{{{dark}}}", "{" + dark + "}"), {"light": light})
    facts = {
        "language": first.wording.language.tag,
        "direction": first.direction,
        "digest": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii"),
        "portal": escape(cover.portal),
        "title": escape(first.wording.title),
        "style": style,
        "logo": _logo(branding, cover.name),
        "id": cover.link.rpartition("/")[2],
        "above": _above(cover, first),
    }
    yield _octets(markup.put(_BEFORE, facts))
    for lines in armored(container.pieces()):
        yield lines.replace(b"\n", b"\r\n")
    foot = "\n".join(_foot(cover, found))
    facts = {
        "below": _below(cover, first),
        "further": "\n".join(_further(cover, each) for each in found[1:]),
        "foot": f"<footer>\n{foot}\n</footer>" if foot else "",
    }
    yield _octets(markup.put(_AFTER, facts))


def _above(cover: Cover, section: Section) -> str:
    """What stands above the button."""
    texts = [markup.sentence(section.sent, None), markup.sentence(section.file, None)]
    texts += [escape(section.wording.code), markup.lines(section.introduction)]
    texts += [markup.sentence(section.until, cover.until) if section.until else ""]
    return "\n".join(f"<p>{markup.narrow(text)}</p>" for text in texts if text)


def _below(cover: Cover, section: Section) -> str:
    """The button and what follows it: behind the container, so that nobody sends half of it."""
    button = markup.narrow(escape(section.button))
    text = markup.narrow(markup.lines(section.text))
    link = f'<a href="{escape(cover.link)}">{escape(section.wording.online)}</a>' if cover.online else ""
    parts = (f'<button type="submit" form="f">{button}</button>', text, link)
    return "\n".join(f"<p>{part}</p>" for part in parts if part)


def _further(cover: Cover, section: Section) -> str:
    """The same in another language, folded up."""
    language = section.wording.language
    where = f'lang="{language.tag}" dir="{section.direction}"'
    words = f"{_above(cover, section)}\n{_below(cover, section)}"
    return f"<details {where}>\n<summary>{language.own_name}</summary>\n{words}\n</details>"


def _logo(branding: Branding, name: str) -> str:
    if branding.logo is None:
        return ""
    width, height = branding.logo.shown
    # White space within a URL does not count, and a line may have at most 998 octets.
    url = branding.logo.url
    lines = "\n".join(url[at : at + 76] for at in range(0, len(url), 76))
    return f'<img class="logo" width="{width}" height="{height}" alt="{escape(name)}" src="{lines}">'


def _foot(cover: Cover, found: list[Section]) -> Iterator[str]:
    for section in found:
        if section.disclaimer:
            words = markup.narrow(markup.lines(section.disclaimer))
            yield f'<p lang="{section.wording.language.tag}" dir="{section.direction}">{words}</p>'
    if cover.branding.privacy:
        words = " · ".join(dict.fromkeys(section.wording.privacy for section in found))
        yield f'<p><a href="{escape(cover.branding.privacy)}">{escape(words)}</a></p>'


def _octets(html: str) -> bytes:
    octets = html.encode("ascii", "xmlcharrefreplace")
    return b"\r\n".join(line for line in octets.splitlines() if line) + b"\r\n"
