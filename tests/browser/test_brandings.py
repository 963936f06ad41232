"""axe-core finds nothing in mail, file and pages: with two brandings, in every language, light and dark."""

from importlib.resources import files
from pathlib import Path

import pytest

from branding_pictures import shown, written
from browser import CHROMIUM, browser
from postseal.language.language import Language

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium: contrib/install-tools installs it"),
]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
LOOKS = (
    *(("harbour", language, "light") for language in Language),
    *(("harbour", Language.EN, "dark"), ("nahda", Language.AR, "light"), ("nahda", Language.AR, "dark")),
)


def test_no_branding_and_no_language_has_violations(tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    looked = 0
    with browser() as running:
        folder = written(tmp_path, running)
        for branding, language, scheme in LOOKS:
            for name, html in shown(folder, branding, language).items():
                where = f"{branding}-{language}-{name}-{scheme}"
                page = running.new_page(  # one each: the policy of message.html would stay with the next
                    viewport={"width": 320, "height": 640},
                    color_scheme=scheme,  # type: ignore[arg-type] # one of two words
                )
                page.set_content(html)
                page.evaluate(AXE)
                told = page.evaluate("axe.run(document, {iframes: false})")
                assert told["passes"]
                if bad := told["violations"]:
                    found[where] = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in bad]
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
                looked += 1
                page.close()

    assert not found
    assert looked == len(LOOKS) * 7
