"""Pieces of HTML put together at random, as an attacker with patience does; a program that tries many.

    PYTHONPATH=contrib:tests python -m reading.compositions --seconds 600

prints how many were tried, how many did something as they were, and those that did after the sanitiser.
"""

import argparse
import random
import time

from playwright.sync_api import Browser

from browser import Site, browser
from postseal.reading.markup import sanitised
from reading.firing import RAN, TOGETHER, fired

PIECES = (
    *("<svg>", "</svg>", "<math>", "</math>", "<mtext>", "<mglyph>", "<malignmark>", "<annotation-xml>"),
    *('<annotation-xml encoding="text/html">', "<foreignObject>", "<desc>", "<title>", "</title>"),
    *("<style>", "</style>", "<script>", "</script>", "<xmp>", "</xmp>", "<noscript>", "</noscript>"),
    *("<textarea>", "</textarea>", "<iframe>", "</iframe>", "<noembed>", "</noembed>", "<noframes>"),
    *("<template>", "</template>", "<select>", "</select>", "<option>", "<plaintext>", "<listing>"),
    *("<table>", "</table>", "<caption>", "<td>", "<tr>", "<form>", "</form>", "<p>", "</p>", "<a>", "</a>"),
    *(
        "<b>",
        "</b>",
        "<br>",
        "</br>",
        "<frameset>",
        "<body>",
        "<html>",
        "<head>",
        "<dialog open>",
        "<a href=",
    ),
    *("<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<?", "?>", "<!", "</", "<", ">", "/>", "=", "`"),
    *('"', "'", '<p title="', "<p title='", "<img alt=", "<a href='", '<img src="', '<p style="', "style='"),
    *(
        "&lt;",
        "&gt;",
        "&quot;",
        "&#39;",
        "&amp;",
        "&",
        "\\",
        "/*",
        "*/",
        ";",
        ":",
        "(",
        ")",
        "\0",
        "\f",
        "\n",
    ),
    *(
        "url(SPY)",
        "SPY",
        "cid:x",
        "data:image/png;base64,",
        "javascript:RUN",
        "java\tscript:RUN",
        "color:red;",
    ),
    *("x", " ", "href=javascript:RUN", "src=SPY", "srcset=SPY", "background=SPY", "ping=SPY", "onclick=RUN"),
)
PAYLOADS = (
    *("<img src=x: onerror=RUN>", "<img src=SPY>", "<script>RUN</script>", "<svg onload=RUN>"),
    *("<style>@import'SPY';</style>", "<iframe srcdoc='<script>RUN</script>'>", "<img src=x: onerror=RUN //"),
)


def composition(chance: random.Random) -> str:
    """One of them."""
    pieces = chance.choices(PIECES, k=chance.randint(1, 14))
    for _ in range(chance.randint(1, 2)):
        pieces.insert(chance.randint(0, len(pieces)), chance.choice(PAYLOADS))
    return "".join(pieces)


def active(chromium: Browser, texts: list[str], *, clean: bool) -> list[str]:
    """Those of *texts* that do something in the browser, after the sanitiser if *clean*."""
    with Site() as spy:
        pages = []
        for number, text in enumerate(texts, start=RAN + 1):
            markup = text.replace("RUN", f"console.log({number})").replace(
                "SPY", f"http://{spy.host}/r/{number}"
            )
            pages.append((number, page(sanitised(markup, {}).markup if clean else markup)))
        numbers = fired(chromium, pages, sandboxed=False, spy=spy)
    return [texts[number - RAN - 1] for number in sorted(numbers)]


def page(markup: str) -> tuple[dict[str, str], bytes]:
    """*markup* as a page."""
    return {"Content-Type": "text/html; charset=utf-8"}, markup.encode("utf-8", "replace")


def main() -> None:
    """Try for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}")
    chance = random.Random(chosen.seed)
    tried = alive = 0
    end = time.monotonic() + chosen.seconds
    with browser() as chromium:
        while time.monotonic() < end:
            texts = [composition(chance) for _ in range(TOGETHER)]
            alive += len(active(chromium, texts, clean=False))
            for text in active(chromium, texts, clean=True):
                print(repr(text))
            tried += len(texts)
    print(f"{tried} tried, {alive} did something without the sanitiser")


if __name__ == "__main__":
    main()
