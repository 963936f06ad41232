"""Rights that a reader has not, and the mark, in a real Chromium: printed, copied, photographed."""

import io
from collections.abc import Iterator

import pypdfium2
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext

from browser import Site
from postseal.body import Spool
from postseal.reading.restraint import COPY, FREE, PRINT, Restraint, tile
from postseal.reading.view import view
from postseal.reading.walls import BODY_HEADERS
from reading.mails import mail, part

WORDS = "the words that nobody may carry away"
HTML = f'<table bgcolor="#ffffff" width=700><td style="color:#000000"><p>{WORDS}</p></table>'
MARK = "bob@there.test 2026-11-28 <&>"
ADDRESS = "a.rather.long.name@department.of.something.example · 2026-11-28 20:15 UTC · 1a2b3c4d"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 800, "height": 600})
    yield opened
    opened.close()


def served(site: Site, restraint: Restraint, markup: str = HTML) -> str:
    document = view(mail(part("text/html", markup)), Spool(), restraint=restraint).document
    site.pages["/body"] = (BODY_HEADERS, bytes(document))
    site.pages["/clip"] = ({"Content-Type": "text/html"}, b"<textarea id=t rows=9 cols=80></textarea>")
    return site.url("/body")


def printed(context: BrowserContext, url: str) -> str:
    page = context.new_page()
    page.goto(url)
    with pypdfium2.PdfDocument(page.pdf(print_background=True)) as document:
        return "".join(one.get_textpage().get_text_range() for one in document).strip()


def copied(context: BrowserContext, site: Site, url: str) -> str:
    """What can be pasted elsewhere after everything was selected and copied."""
    page = context.new_page()
    page.goto(site.url("/clip"))
    page.fill("#t", "before")
    page.press("#t", "Control+A")
    page.press("#t", "Control+C")
    page.goto(url)
    page.mouse.click(300, 300)
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+C")
    page.goto(site.url("/clip"))
    page.focus("#t")
    page.keyboard.press("Control+V")
    return page.input_value("#t").strip()


def photographed(context: BrowserContext, url: str) -> Image.Image:
    page = context.new_page()
    page.goto(url)
    return Image.open(io.BytesIO(page.screenshot())).convert("L")


@pytest.mark.parametrize(
    ("restraint", "found"),
    [(FREE, WORDS), (Restraint(frozenset({PRINT})), ""), (Restraint(frozenset({COPY})), WORDS)],
)
def test_printed_page_is_empty_where_the_right_is_withheld(
    context: BrowserContext, site: Site, restraint: Restraint, found: str
):
    assert printed(context, served(site, restraint)) == found


@pytest.mark.parametrize(
    ("restraint", "found"),
    [(FREE, WORDS), (Restraint(frozenset({COPY})), "before"), (Restraint(frozenset({PRINT})), WORDS)],
)
def test_copied_text_is_empty_where_the_right_is_withheld(
    context: BrowserContext, site: Site, restraint: Restraint, found: str
):
    assert copied(context, site, served(site, restraint)) == found


def test_mail_cannot_give_itself_the_right_back(context: BrowserContext, site: Site):
    own = (
        f'<p style="user-select:text;-webkit-user-select:all">{WORDS}</p><style>*{{user-select:text}}</style>'
    )
    url = served(site, Restraint(frozenset({COPY, PRINT})), own)

    assert (copied(context, site, url), printed(context, url)) == ("before", "")


def test_mark_is_everywhere_in_a_photograph(context: BrowserContext, site: Site):
    without = photographed(context, served(site, FREE))
    marked = photographed(context, served(site, Restraint(mark=MARK)))

    changed = ImageChops.difference(without, marked)
    for left in (0, 400):
        for top in (0, 300):
            corner = changed.crop((left, top, left + 400, top + 300))
            assert sum(corner.histogram()[20:]) > 300  # pixels


@pytest.mark.parametrize(
    ("mark", "width", "height", "scheme"),
    [
        (MARK, 1280, 900, "light"),
        (MARK, 360, 640, "dark"),
        (ADDRESS, 1280, 900, "dark"),
        (ADDRESS, 360, 640, "light"),
        (ADDRESS, 320, 500, "light"),
    ],
)
def test_mark_is_in_each_quarter_and_nowhere_cut_off(
    chromium: Browser, site: Site, *, mark: str, width: int, height: int, scheme: str
):
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type] # one of them
    words = '<div dir="rtl"><p>' + "سلام عليكم " * 400 + "</p></div>"
    without = photographed(context, served(site, FREE, words))
    marked = photographed(context, served(site, Restraint(mark=mark), words))
    context.close()

    changed = ImageChops.difference(without, marked).point(lambda value: 255 * (value > 20))
    for left in (0, width // 2):
        for top in (0, height // 2):
            corner = changed.crop((left, top, left + width // 2, top + height // 2))
            assert corner.histogram()[255] > 100
    box = changed.getbbox()
    assert box
    assert box[0] > 5
    assert box[1] > 5
    assert box[2] < width - 5
    assert box[3] < height - 5


@pytest.mark.parametrize(
    "mark",
    [MARK, ADDRESS, "W" * 64 + "@" + "w" * 60, "i" * 100, "山" * 60, "سلام" * 20, "x · y", "<&>\"'"],
    ids=["short", "long", "wide", "narrow", "chinese", "arabic", "tiny", "signs"],
)
def test_whole_mark_is_in_its_tile_whatever_the_letters(context: BrowserContext, mark: str):
    page = context.new_page()
    style = "overflow:visible;position:absolute;left:200px;top:200px"
    shown = tile(mark).replace("<svg ", f'<svg style="{style}" ')
    page.set_viewport_size({"width": 900, "height": 900})
    page.set_content(shown)
    size = page.locator("svg").evaluate("one => [one.clientWidth, one.clientHeight]")

    ink = ImageChops.invert(Image.open(io.BytesIO(page.screenshot())).convert("L")).getbbox()

    assert ink
    assert ink[0] > 205
    assert ink[1] > 205
    assert ink[2] < 195 + size[0]
    assert ink[3] < 195 + size[1]
    assert size[0] <= 320


def test_mark_of_the_longest_address_has_the_time_too(context: BrowserContext):
    address = "a" * 64 + "@" + ".".join(["b" * 50] * 5)

    assert "20:15 UTC" in tile(f"{address} · 2026-11-28 20:15 UTC · 1a2b3c4d")


def test_mark_lets_links_be_clicked(context: BrowserContext, site: Site):
    url = served(site, Restraint(mark=MARK), f'<a href="{site.url("/clip")}">go</a>')
    page = context.new_page()
    page.goto(url)
    with context.expect_page() as opened:
        page.click("a")

    assert opened.value.url == site.url("/clip")
