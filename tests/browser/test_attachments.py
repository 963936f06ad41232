"""Files that leave encrypted, as a reader has them: saved by Chromium, opened with what the page shows."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import BrowserContext, Page

from browser import saved
from browser_lab import DESKTOP, Lab, mail
from content.carriers import text_pdf

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

SECRET = "The numbers that only he may read"
TEXT = "See the file."


@pytest.fixture(scope="module")
def context(chromium_lab: Lab) -> Iterator[BrowserContext]:
    opened = chromium_lab.context(size=DESKTOP)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(chromium_lab: Lab, context: BrowserContext) -> Page:
    """The page of a message whose file can be saved, encrypted."""
    recipient = "files@one.test"
    message = mail(recipient, subject="Files for you", text=TEXT, file=text_pdf(SECRET))
    opened = context.new_page()
    chromium_lab.opened(opened, chromium_lab.sent(message, recipient), recipient, form="link", script=True)
    opened.frame_locator("iframe").get_by_text(TEXT).wait_for()
    return opened


def test_saved_file_opens_with_the_password_that_is_shown(page: Page, tmp_path: Path) -> None:
    password = page.locator("code.password").inner_text()
    begun = saved(page, page.get_by_role("link", name="Save with a password").click)
    path = tmp_path / begun.suggested_filename
    begun.save_as(path)

    assert path.name == "numbers.pdf"
    with pikepdf.open(path, password=password) as document:
        assert document.encryption.R == 6
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(path)
    read = subprocess.run(
        ["pdftotext", "-upw", password, path, "-"], capture_output=True, text=True, check=True
    )
    assert SECRET in read.stdout


def test_password_is_selected_whole_by_one_click(page: Page) -> None:
    password = page.locator("code.password")
    password.click()

    assert page.evaluate("getSelection().toString()").strip() == password.inner_text()


def test_link_says_which_file_it_saves(page: Page) -> None:
    link = page.get_by_role("link", name="Save with a password")
    described = page.locator(f"#{link.get_attribute('aria-describedby')}")

    assert "numbers.pdf" in described.inner_text()


def test_page_as_text_is_there_for_screen_readers(context: BrowserContext, page: Page) -> None:
    other = context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name="numbers.pdf").click()
    other.get_by_role("img", name="Page 1 of 1").wait_for()
    assert SECRET not in other.locator("main").aria_snapshot()
    other.get_by_role("link", name="This page as text, for screen readers").click()
    other.get_by_role("heading", name="Page 1 of 1").wait_for()

    told = other.locator("main").aria_snapshot()

    assert SECRET in told
    assert "UTC" not in told  # the mark is for eyes alone
    other.close()


def test_mark_lies_over_the_text_and_lets_links_be_clicked(context: BrowserContext, page: Page) -> None:
    other = context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name="numbers.pdf").click()
    other.get_by_role("link", name="This page as text, for screen readers").click()
    mark = other.locator("img.across")
    mark.wait_for(state="attached")
    box = mark.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (DESKTOP["width"], DESKTOP["height"])
    marked = other.screenshot()
    mark.evaluate("one => one.remove()")

    assert marked != other.screenshot()
    other.go_back()
    other.go_forward()
    other.get_by_role("link", name="Back to the message").click()
    other.locator("iframe").wait_for()
    other.close()
