"""Rights that a reader has not, and the mark, in a real Chromium: printed, copied, photographed."""

import io
from collections.abc import Iterator

import pypdfium2
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext

from browser import Site
from postseal.body import Spool
from postseal.reading.restraint import COPY, FREE, PRINT, Restraint
from postseal.reading.view import view
from postseal.reading.walls import BODY_HEADERS
from reading.mails import mail, part

WORDS = "the words that nobody may carry away"
HTML = f'<table bgcolor="#ffffff" width=700><td style="color:#000000"><p>{WORDS}</p></table>'
MARK = "bob@there.test 2026-11-28 <&>"


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


def test_mark_lets_links_be_clicked(context: BrowserContext, site: Site):
    url = served(site, Restraint(mark=MARK), f'<a href="{site.url("/clip")}">go</a>')
    page = context.new_page()
    page.goto(url)
    with context.expect_page() as opened:
        page.click("a")

    assert opened.value.url == site.url("/clip")
