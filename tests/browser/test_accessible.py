"""axe-core finds nothing on any page, light and dark, at a desk and enlarged to the width of 320 pixels."""

from importlib.resources import files

import pytest
from playwright.sync_api import Page

from browser_lab import DESKTOP, Lab
from portal_pictures import every

pytestmark = [pytest.mark.postfix, pytest.mark.slow]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
NARROW = {"width": 320, "height": 640}


def test_every_page_has_no_violations(chromium_lab: Lab) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        page.evaluate(AXE)  # in a world that the page's own policy does not bind
        told = page.evaluate("axe.run(document, {iframes: false})")
        assert told["passes"]
        bad = [f"{one['id']}: {one['nodes'][0]['html']}" for one in told["violations"]]
        if bad:
            found[name] = bad
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    every(chromium_lab, look, widths=(DESKTOP, NARROW))

    assert not found
