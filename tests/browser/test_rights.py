"""Do Not Forward before real eyes: printed, copied, photographed, and tried from other tabs and sessions."""

import io
from collections.abc import Iterator

import pypdfium2
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import BrowserContext, Page

from browser_lab import DESKTOP, Lab, mail, pdf

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

TEXT = "The words that nobody may carry away."
HTML = f'<table bgcolor="#ffffff" width=700><td style="color:#000000"><p>{TEXT}</p></table>'


@pytest.fixture
def context(chromium_lab: Lab) -> Iterator[BrowserContext]:
    opened = chromium_lab.context(size=DESKTOP)
    yield opened
    opened.close()


def read(lab: Lab, context: BrowserContext, *, restricted: bool) -> Page:
    """The page of a message that its reader has opened."""
    recipient = f"rights-{lab.contexts}-{restricted}@one.test".lower()
    subject = "Restricted numbers" if restricted else "Free numbers"
    arrived = lab.sent(mail(recipient, subject=subject, text="", html=HTML, file=pdf()), recipient)
    page = context.new_page()
    lab.opened(page, arrived, recipient, form="link", script=True)
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()
    return page


def printed(page: Page) -> str:
    with pypdfium2.PdfDocument(page.pdf(print_background=True)) as document:
        return "".join(one.get_textpage().get_text_range() for one in document).strip()


def copied(context: BrowserContext, address: str) -> str:
    """What can be pasted elsewhere after everything at *address* was selected and copied."""
    other, page = context.new_page(), context.new_page()
    other.set_content("<textarea id=t rows=9 cols=80></textarea>")
    other.fill("#t", "before")
    other.press("#t", "Control+A")
    other.press("#t", "Control+C")
    page.goto(address)
    page.bring_to_front()
    page.mouse.click(20, 20)  # beside the frame, which has a selection of its own
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+C")
    other.bring_to_front()
    other.fill("#t", "")
    other.focus("#t")
    other.keyboard.press("Control+V")
    return other.input_value("#t").strip()


def photographed(context: BrowserContext, address: str) -> Image.Image:
    page = context.new_page()
    page.goto(address)
    return Image.open(io.BytesIO(page.screenshot())).convert("L")


def test_restricted_message_is_neither_printed_nor_copied(chromium_lab: Lab, context: BrowserContext) -> None:
    page = read(chromium_lab, context, restricted=True)

    assert page.get_by_text("The sender does not allow:").is_visible()
    assert printed(page) == ""
    around = copied(context, page.url)  # what is ours, and nothing of the message
    assert "Sign out" in around
    assert "Restricted numbers" not in around
    assert TEXT not in around
    assert copied(context, f"{page.url}/body") == "before"


def test_free_message_is_printed_and_copied(chromium_lab: Lab, context: BrowserContext) -> None:
    page = read(chromium_lab, context, restricted=False)

    assert page.get_by_text("The sender does not allow:").count() == 0
    assert "Free numbers" in printed(page)
    assert "Free numbers" in copied(context, page.url)
    assert TEXT in copied(context, f"{page.url}/body")


def test_photograph_shows_the_mark(chromium_lab: Lab, context: BrowserContext) -> None:
    bound = photographed(context, f"{read(chromium_lab, context, restricted=True).url}/body")
    context.clear_cookies()
    free = photographed(context, f"{read(chromium_lab, context, restricted=False).url}/body")

    changed = sum(ImageChops.difference(bound, free).histogram()[10:])

    assert changed > bound.width * bound.height // 500


def test_file_is_looked_at_and_has_no_way_out(chromium_lab: Lab, context: BrowserContext) -> None:
    page = read(chromium_lab, context, restricted=True)
    message = page.url
    page.get_by_role("link", name="numbers.pdf").click()
    page.get_by_role("img", name="Page 1 of 2").wait_for()
    number = page.url.split("/attachment/")[1].partition("/")[0]
    assert printed(page) == ""
    page.get_by_role("link", name="Next page").click()
    page.get_by_role("img", name="Page 2 of 2").wait_for()
    ways = [f"{message}/attachment/{number}", f"{message}/message.eml"]

    tab = context.new_page()
    stranger = chromium_lab.context()
    outside = stranger.new_page()
    for way in ways:
        answer = tab.goto(way)
        assert answer
        assert answer.status == 403
        assert tab.get_by_text("The sender does not allow this to be saved.").is_visible()
        assert page.evaluate("way => fetch(way).then(answer => answer.status)", way) == 403
        outside.goto(way)
        assert outside.get_by_label("Your mail address").is_visible()
    stranger.close()
