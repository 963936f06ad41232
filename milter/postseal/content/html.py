"""What a reader sees of HTML: the text between the tags, in time linear in its length.

Not a parser: where mail programs would disagree about broken HTML, more counts as visible rather
than less.  Never raises.
"""

import html
import re

_BREAKS = re.compile(
    r"</?(?:address|article|aside|blockquote|br|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6r]|header"
    r"|li|main|nav|ol|option|pre|p|section|table|tbody|td|tfoot|thead|th|title|tr|ul)(?![a-z0-9])",
    re.ASCII | re.IGNORECASE,
)
_UNSEEN = re.compile(r"<(style|script)(?=[\s/>])", re.ASCII | re.IGNORECASE)
_RAW = re.compile(r"<(textarea|xmp|plaintext)(?=[\s/>])", re.ASCII | re.IGNORECASE)  # tags within are text
_CDATA = "<![CDATA["
_OVERLONG = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")  # int() takes quadratic time, or raises
_SPACE = re.compile(r"[ \t\r\f\v]*\n[ \t\r\n\f\v]*|[ \t\r\f\v]+")


def visible(markup: str) -> str:
    """The visible text of *markup*: blocks on lines of their own, entities as characters."""
    pieces = []
    position = 0
    endless: set[str] = set()
    # A line end in the source is a space to the reader; only tags break lines.
    markup = markup.replace("\n", " ")
    while (start := markup.find("<", position)) >= 0:
        pieces.append(markup[position:start])
        stop = _tag_end(markup, start, endless)
        if stop < 0:
            pieces.append("<")
            position = start + 1
            continue
        if _BREAKS.match(markup, start):
            pieces.append("\n")
        position = stop
        if raw := _RAW.match(markup, start):
            position = _before(f"</{raw[1]}", markup, stop, endless)
            pieces.append(markup[stop:position])
    pieces.append(markup[position:])
    text = html.unescape(_OVERLONG.sub("\ufffd", "".join(pieces)))
    return _SPACE.sub(lambda found: "\n" if "\n" in found[0] else " ", text).strip()


def _tag_end(markup: str, start: int, endless: set[str]) -> int:
    """Where the tag, comment or unseen element at *start* ends; -1 if there is none.

    *endless*: ends that were looked for in vain; looking again each time would take quadratic time.
    """
    if markup.startswith(_CDATA, start):
        return start + len(_CDATA)
    # What a comment makes conditional, Outlook shows.  A comment may end within its beginning: "<!-->".
    if markup.startswith("<!--", start) and not markup.startswith("<!--[if", start):
        stop = _after("--!?>", markup, start + 2, endless)
        if stop >= 0:
            return stop
    elif unseen := _UNSEEN.match(markup, start):
        end = f"</{unseen[1].lower()}"
        stop = _after(end, markup, start, endless)
        if stop >= 0:
            close = markup.find(">", stop)
            if close >= 0:
                return close + 1
            endless.add(end)
    following = markup[start + 1 : start + 2]
    if following in {"/", "!", "?"} or (following.isascii() and following.isalpha()):
        return _after(">", markup, start, endless)
    return -1


def _before(end: str, markup: str, start: int, endless: set[str]) -> int:
    stop = _after(end.lower(), markup, start, endless)
    return len(markup) if stop < 0 else stop - len(end)


def _after(end: str, markup: str, start: int, endless: set[str]) -> int:
    """Where the first match of the expression *end* stops; -1 if there is none."""
    if end in endless:
        return -1
    found = re.compile(end, re.ASCII | re.IGNORECASE).search(markup, start)
    if found is None:
        endless.add(end)
        return -1
    return found.end()
