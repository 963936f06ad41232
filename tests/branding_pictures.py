"""Pictures of mail and pages with two brandings, for docs/branding.md: `make pictures`."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser

from browser import browser
from postseal.branding.load import read
from postseal.language.language import Language
from postseal.portal.specimen import specimens
from postseal.settings.settings import Settings

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOGOS = {
    "harbour": """<svg xmlns="http://www.w3.org/2000/svg" width="480" height="140" viewBox="0 0 240 70">
<path d="M8 52c9 0 9-7 18-7s9 7 18 7 9-7 18-7v11c-9 0-9 7-18 7s-9-7-18-7-9 7-18 7z" fill="#0b6e6e"/>
<path d="M32 6v34H12zM37 14v26h18z" fill="#0e4749"/>
<text x="76" y="45" font-family="DejaVu Serif,serif" font-size="27" font-weight="700" fill="#0e4749">
Harbour</text>
</svg>""",
    "nahda": """<svg xmlns="http://www.w3.org/2000/svg" width="480" height="140" viewBox="0 0 240 70">
<circle cx="205" cy="35" r="27" fill="#7a2e3a"/>
<path d="M205 15l6 14 15 1-12 9 4 15-13-9-13 9 4-15-12-9 15-1z" fill="#f3d9a4"/>
<text x="166" y="47" text-anchor="end" font-family="DejaVu Sans,sans-serif" font-size="31" font-weight="700"
 fill="#7a2e3a">النهضة</text></svg>""",
}
BRANDINGS = """
brandings:
  harbour:
    name: Harbour Bank
    logo: harbour.png
    languages: [en, de]
    colors: {accent: '#0b6e6e', background: '#eef3f2', text: '#15302f'}
    introduction:
      en: It is about your account. We would never ask for your password.
      de: Es geht um Ihr Konto. Wir würden Sie nie nach Ihrem Passwort fragen.
    disclaimer: Harbour Bank, 1 Quay Street, Port Example
    privacy: https://harbour.example/privacy
    portal: https://secure.harbour.example
  nahda:
    name: شركة النهضة
    logo: nahda.png
    languages: [ar, fr]
    colors: {accent: '#7a2e3a'}
    portal_text:
      ar: تصلك هذه الرسالة من قسم العقود.
      en: The contracts department writes to you.
    disclaimer: {ar: هذه الرسالة لمن وُجّهت إليه وحده., en: This message is for its recipient alone.}
    portal: https://secure.nahda.example
"""
PICTURES = (
    # branding, language of the pages, scheme, page, height
    ("harbour", Language.EN, "light", "mail", 1130),
    ("harbour", Language.EN, "light", "message", 760),
    ("harbour", Language.EN, "light", "code", 760),
    ("harbour", Language.DE, "dark", "read", 760),
    ("nahda", Language.AR, "light", "mail", 1000),
    ("nahda", Language.AR, "dark", "message", 700),
    ("nahda", Language.AR, "light", "address", 760),
    ("nahda", Language.AR, "light", "read", 760),
)


def written(folder: Path, browser: Browser) -> Path:
    """*folder* with the two brandings and their logos in it."""
    page = browser.new_page(viewport={"width": 480, "height": 140})
    for name, drawing in LOGOS.items():
        page.set_content(f'<body style="margin:0">{drawing}</body>')
        page.screenshot(path=folder / f"{name}.png", omit_background=True)
    page.close()
    (folder / "10.yaml").write_text(BRANDINGS)
    return folder


def shown(folder: Path, name: str, language: Language) -> dict[str, str]:
    """The HTML of each page with the branding *name*."""

    def made() -> dict[str, str]:
        return dict(specimens(Settings(), folder, read(folder)[name], language, at=AT))

    with ThreadPoolExecutor(1) as aside:  # Playwright has an event loop in this thread
        return aside.submit(made).result()


def main(out: Path) -> None:
    """Write the pictures to *out*."""
    with TemporaryDirectory() as place, browser() as running:
        folder = written(Path(place), running)
        for name, language, scheme, wanted, height in PICTURES:
            page = running.new_page(
                viewport={"width": 720, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type] # one of two words
            )
            page.set_content(shown(folder, name, language)[wanted])
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.save(out / f"{name}-{wanted}.webp", quality=80, method=6)
            page.close()
    size = sum(file.stat().st_size for file in out.glob("*.webp"))
    sys.stdout.write(f"{len(PICTURES)} pictures, {size >> 10} KiB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
