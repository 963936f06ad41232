"""Pictures of every page of the administrators: `python -m admin_pictures FOLDER`."""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page

from admin_place import ANN, Office, office
from browser import browser
from browser_lab import PHONE
from portal_place import id_of
from postseal.store.outbox import Target, Way

WHO = ("bob@one.test", "cat@two.test", "dan@three.test")
REPLY = b"\x07" * 16


def pages(at: Office, page: Page) -> Iterator[str]:
    """Lead *page* from one page to the next; the name of each, when it is there."""
    ring, now, home = at.here.ring, datetime.now(UTC), at.page.address
    mail = at.here.sealed(to=WHO, lifetime=30 * 86400.0)
    id_ = id_of(mail)
    ring.access.revoke(id_, [WHO[1]], at=now, undo=now + timedelta(days=7))
    ring.outbox.put(
        *(REPLY, [b"an answer"]),
        message=id_,
        address=WHO[0],
        targets=[Target("ann@lab.test", Way.INSIDE)],
        at=now + timedelta(days=1),  # no portal takes it up meanwhile
        until=now + timedelta(days=5),
    )
    ring.outbox.waits(REPLY, "connection refused")
    at.here.visitor().get("/")
    page.goto(home)
    yield "sign-in"
    page.goto(f"{home}/enter/none")
    yield "enter"
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    yield "refused"
    page.goto(home + at.link(ANN))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Find a message").wait_for()
    yield "home"
    for name, path in (
        ("messages", "messages?recipient=@one.test"),
        ("nothing", "messages?recipient=@none.test"),
        ("message", f"messages/{id_.hex()}"),
        ("audit", "audit/check"),
        ("people", f"people?address={ANN}"),
        ("keys", "keys"),
        ("brandings", "brandings"),
        ("branding", "brandings/sales?page=code"),
        ("replies", "replies"),
        ("passkeys", "passkeys"),
        ("missing", "nothing"),
    ):
        page.goto(f"{home}/{path}")
        if name == "branding":
            page.frame_locator("iframe").get_by_role("heading").wait_for()
        yield name
    page.goto(f"{home}/people")
    page.get_by_label("Mail address").fill("nobody@one.test")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("There are no sessions").wait_for()
    yield "nobody"
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("status").wait_for()
    yield "signed-out"
    (waits,) = [each for each in ring.outbox.unsent() if each.id == REPLY]
    ring.outbox.close(waits, at=now)
    ring.outbox.tidy(now + timedelta(days=60))


SHOWN = ("message", "audit", "keys", "branding")
"""Pages that docs/admin-page.md shows."""


def main(out: Path) -> None:
    """Write all pictures to *out*, or those of the documentation to a folder of the name `pictures`."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, office(Path(folder)) as running, browser() as chromium:
        for colors, size in (("light", {"width": 900, "height": 860}), ("dark", PHONE)):
            page = chromium.new_page(
                ignore_https_errors=True,
                locale="en-GB",
                color_scheme=colors,  # type: ignore[arg-type] # one of two words
                viewport=size,  # type: ignore[arg-type] # a mapping of the same words
            )
            for name in pages(running, page):
                picture = Image.open(io.BytesIO(page.screenshot()))
                if out.name != "pictures":
                    picture.save(out / f"{name}-{colors}.png")
                elif colors == "light" and name in SHOWN:
                    picture.save(out / f"admin-{name}.webp", quality=80, method=6)
            page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
