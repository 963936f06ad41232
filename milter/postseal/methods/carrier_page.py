"""The HTML of a carrier mail, as mail programs can show it: tables, styles at each element, no script.

Nothing is fetched from the network: a logo is a part of the mail.  The branding's word stands in the head,
and the moment of expiry in a `time` element, where `recognition` finds them.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from postseal.branding.branding import Branding, Palette
from postseal.methods import markup
from postseal.methods.cover import Cover, Section

LOGO: Final = "logo@postseal"
"""The Content-ID of the logo's part."""

_FONT: Final = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans',sans-serif"
_TABLE: Final = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="{{language}}" dir="{{direction}}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<meta name="branding" content="{{word}}">
<title>{{title}}</title>
<style>
:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.ground{background-color:{{dark_background}}!important}
.sheet{background-color:{{dark_sheet}}!important;border-color:{{dark_line}}!important}
.ink{color:{{dark_text}}!important}
.soft{color:{{dark_soft}}!important}
.link{color:{{dark_link}}!important}
.button{background-color:{{dark_accent}}!important}
.button a{color:{{dark_accent_text}}!important}
.rule{border-color:{{dark_line}}!important}
.logo{background-color:#ffffff!important;padding:6px!important;border-radius:6px!important}
}
</style></head>
<body class="ground" style="margin:0;padding:0;background-color:{{background}}">
<div role="main">
<table {{table}} width="100%" class="ground" style="background-color:{{background}}"><tr>
<td align="center" style="padding:28px 12px">
<table {{table}} width="100%" class="sheet"
 style="max-width:560px;background-color:{{sheet}};border:1px solid {{line}};border-radius:10px">
<tr><td bgcolor="{{accent}}" class="button" style="background-color:{{accent}};\
border-radius:9px 9px 0 0;font-size:0;line-height:6px;height:6px">&nbsp;</td></tr>
<tr><td class="ink" align="{{start}}" style="padding:26px 30px 28px;color:{{text}};font:16px/1.6 {{font}}">
{{logo}}
{{sections}}
</td></tr></table>
{{foot}}
</td></tr></table>
</div></body></html>
"""
_SECTION: Final = """\
<div lang="{{language}}" dir="{{direction}}" class="rule" align="{{start}}" style="{{style}}">
<{{heading}} class="ink" style="margin:0 0 14px;font-size:{{size}};line-height:1.3;color:{{text}}">\
{{title}}</{{heading}}>
{{above}}
{{button}}
{{below}}
</div>
"""
_BUTTON: Final = """\
<table {{table}} align="{{start}}" style="margin:0 0 16px"><tr><td class="button" bgcolor="{{accent}}"
 style="background-color:{{accent}};border-radius:8px"><a href="{{link}}" style="display:inline-block;\
padding:12px 26px;color:{{accent_text}};font-weight:600;text-decoration:none">{{button}}</a></td></tr></table>
<div style="clear:both;font-size:0;line-height:0">&nbsp;</div>
"""
_LOGO: Final = """\
<p style="margin:0 0 20px"><img class="logo" src="cid:{{cid}}" alt="{{alt}}"
 width="{{width}}" height="{{height}}"
 style="display:block;border:0;max-width:100%;height:auto"></p>
"""
_FOOT: Final = """\
<table {{table}} width="100%" style="max-width:560px"><tr><td class="soft" align="{{start}}"
 style="padding:14px 30px 0;color:{{soft}};font:13px/1.5 {{font}}">
{{paragraphs}}
</td></tr></table>
"""


def carrier_page(cover: Cover, found: list[Section]) -> str:
    """The page for *cover*, with the sections *found*."""
    first = found[0]
    facts = {
        **colors(cover.branding.light, ""),
        **colors(cover.branding.dark, "dark_"),
        "language": first.wording.language.tag,
        "direction": first.direction,
        "start": _start(first),
        "word": cover.branding.word,
        "title": escape(first.wording.title),
        "table": _TABLE,
        "font": _FONT,
    }
    paragraphs = "\n".join(_foot(cover, found))
    foot = markup.put(_FOOT, facts | {"paragraphs": paragraphs}) if paragraphs else ""
    body = "\n".join(_section(cover, each, facts, above=n > 0) for n, each in enumerate(found))
    return markup.put(
        _PAGE, facts | {"logo": _logo(cover.branding, cover.name), "sections": body, "foot": foot}
    )


def colors(palette: Palette, prefix: str) -> dict[str, str]:
    """The colors of *palette* by their names, with *prefix* before these."""
    names = ("accent", "accent_text", "background", "text", "sheet", "link", "soft", "line")
    return {f"{prefix}{name}": str(getattr(palette, name)) for name in names}


def _section(cover: Cover, section: Section, facts: dict[str, str], *, above: bool) -> str:
    words = section.wording
    how = words.attached if cover.container is not None else words.linked
    before = [markup.sentence(section.sent, None), markup.lines(section.introduction)]
    before += [markup.sentence(section.until, cover.until) if section.until else ""]
    before += [escape(words.code), escape(how)]
    start = _start(section)
    own = facts | {"language": words.language.tag, "direction": section.direction, "start": start}
    own |= {"title": escape(words.title), "heading": "h2" if above else "h1"}
    own |= {"size": "17px" if above else "22px", "link": escape(cover.link)}
    line = f"margin:22px 0 0;padding:22px 0 0;border-top:1px solid {facts['line']}"
    own |= {"style": line if above else "margin:0", "above": _paragraphs(before)}
    own |= {"button": escape(words.online if cover.container is not None else section.button)}
    own |= {"button": markup.put(_BUTTON, own) if cover.online else ""}
    return markup.put(_SECTION, own | {"below": _paragraphs([markup.lines(section.text)])})


def _start(section: Section) -> str:
    """The side where lines begin, for programs that know no other words for it."""
    return "right" if section.direction == "rtl" else "left"


def _paragraphs(texts: list[str]) -> str:
    return "\n".join(f'<p style="margin:0 0 14px">{text}</p>' for text in texts if text)


def _logo(branding: Branding, name: str) -> str:
    if branding.logo is None:
        return ""
    width, height = branding.logo.shown
    facts = {"cid": LOGO, "width": str(width), "height": str(height), "alt": escape(name)}
    return markup.put(_LOGO, facts)


def _foot(cover: Cover, found: list[Section]) -> Iterator[str]:
    for section in found:
        if section.disclaimer:
            yield (
                f'<p lang="{section.wording.language.tag}" dir="{section.direction}"'
                f' align="{_start(section)}" style="margin:0 0 8px">'
                f"{markup.lines(section.disclaimer)}</p>"
            )
    if cover.branding.privacy:
        words = escape(" · ".join(dict.fromkeys(section.wording.privacy for section in found)))
        style, url = f"color:{cover.branding.light.link}", escape(cover.branding.privacy)
        yield f'<p style="margin:0"><a class="link" href="{url}" style="{style}">{words}</a></p>'
