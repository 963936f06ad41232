"""`postseal branding`: how sealed messages look, before anybody gets one."""

import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import yaml

from postseal import document
from postseal.branding import load as branding_files
from postseal.branding.exchange import imported
from postseal.branding.logo import BEST
from postseal.cli import in_use
from postseal.cli.common import Telling, bad, settings, settings_option
from postseal.language.language import EVERY, Language
from postseal.reference import span

_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
_HEIGHTS: Final = {"mail": 760, "message": 900, "read": 860, "help": 1180, "sent": 1240}
_HEIGHT: Final = 720
_WIDTH: Final = 760
_SCHEMES: Final = {"dark": "0", "light": "1"}


@click.group(cls=Telling)
def branding() -> None:
    """List, check and preview brandings."""


@branding.command("list")
@settings_option
def list_(path: Path) -> None:
    """Print every branding: its name, host, languages, expiry and the size of its logo."""
    known = settings(path)
    for each in branding_files.load(known).values():
        host = (each.portal or known.ome.portal).partition("://")[2] or "(no portal)"
        logo = f"logo {len(each.logo.octets) >> 10} KiB" if each.logo else "no logo"
        expire = "" if each.expire is None else f", expire {span(int(each.expire)) if each.expire else '0d'}"
        words = ", ".join(language.value for language in each.languages)
        click.echo(f"{each.word}: {each.name or host}, at {host}, {words}, {logo}{expire}")


@branding.command()
@settings_option
def check(path: Path) -> None:
    """Check all brandings, and whether messages that can still be read name one that is gone.

    Without a portal nothing is asked of the store, which must answer otherwise.
    """
    known = settings(path)
    found = branding_files.load(known)
    for each in found.values():
        if each.logo and len(each.logo.octets) > BEST:
            what = f"the logo of '{each.word}' has {len(each.logo.octets) >> 10} KiB"
            click.echo(f"{click.style('warning', fg='yellow')}: {what}; best is {BEST >> 10}", err=True)
    in_use.check(known)
    click.echo(f"good: {len(found)} brandings")


@branding.command("import")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
def import_(*, file: Path, out: Path) -> None:
    """Carry over Exchange's branding: FILE is what `Get-OMEConfiguration | ConvertTo-Json` prints.

    Writes a file of brandings and their logos, and tells what could not be carried over.  `postseal policy
    import` knows the brandings by the same names.
    """
    found = imported(document.read(file), str(file))
    out.mkdir(parents=True, exist_ok=True)
    brandings = {}
    for each in found:
        logo = {}
        if each.logo:
            name = f"{each.word}.{each.logo.kind.rpartition('/')[2]}"
            (out / name).write_bytes(each.logo.octets)
            logo = {"logo": name}
        brandings[each.word] = logo | each.values
        for lost in each.lost:
            click.echo(f"branding '{each.word}': {lost}", err=True)
    text = yaml.safe_dump({"brandings": brandings}, sort_keys=False, allow_unicode=True, width=110)
    (out / "10-exchange.yaml").write_text(f"# Carried over from Exchange.\n\n{text}", "utf-8")
    click.echo(f"{len(found)} brandings in {out / '10-exchange.yaml'}")


@branding.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to.")
@click.option(
    "--language",
    type=click.Choice([each.value for each in EVERY]),
    help="Of the portal's pages; by default the first of the branding's.",
)
@click.option("--dark", "scheme", flag_value="dark", help="As people see it who prefer the dark.")
@click.option("--light", "scheme", flag_value="light", default=True, help="As all others do.  [default]")
@settings_option
def preview(*, name: str, out: Path, language: str | None, scheme: str, path: Path) -> None:
    """Write the mail, the file in it and the portal's pages with the branding NAME as pictures.

    Without Chromium they are HTML files for any browser.  Nobody is written to, and the store is not asked.
    """
    known = settings(path)
    chosen = branding_files.load(known).get(name)
    if chosen is None:
        bad(
            str(known.policies / branding_files.FOLDER),
            f"there is no branding '{name}'",
            "see `branding list`",
        )
    try:
        from postseal.portal.specimen import specimens  # noqa: PLC0415 (no other command needs its libraries)
    except ImportError as error:
        bad("postseal branding", f"a library is missing: {error.name}", "pip install 'postseal[portal]'")
    out.mkdir(parents=True, exist_ok=True)
    spoken = Language(language) if language else chosen.languages[0]
    folder, browser = known.policies / branding_files.FOLDER, _browser()
    for page, html in specimens(known, folder, chosen, spoken, at=datetime.now(UTC)):
        file = out / f"{page}.html"
        file.write_text(html, "utf-8")
        if browser:
            picture = out / f"{page}.png"
            _photograph(browser, file, picture, scheme=scheme, height=_HEIGHTS.get(page, _HEIGHT))
            file.unlink()
            file = picture
        click.echo(str(file))
    if not browser:
        click.echo("hint: with Chromium installed these are pictures (apt install chromium)", err=True)


def _browser() -> str:
    return next((found for each in _CHROMIUM if (found := shutil.which(each))), "")


def _photograph(browser: str, file: Path, picture: Path, *, scheme: str, height: int) -> None:
    """Write what *browser* shows of *file* to *picture*."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *(browser, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *(f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}"),
            *(f"--window-size={_WIDTH},{height}", f"--screenshot={picture}"),
            *(("--no-sandbox",) if os.geteuid() == 0 else ()),  # it has none for root
            file.absolute().as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if done.returncode or not picture.exists():
        bad(browser, "it made no picture", "try without it in PATH, for HTML files")
