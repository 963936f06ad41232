"""LibreOffice without a window: another program's word on what opens a document."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYSTEM_PYTHON = Path("/usr/bin/python3")
"""Debian's, which knows python3-uno."""
SOFFICE = Path("/usr/bin/soffice")


@contextmanager
def office(folder: Path) -> Iterator["Office"]:
    """A LibreOffice with a profile of its own in *folder*, reached by a pipe in the file system."""
    pipe = f"postseal-{folder.name}-{folder.stat().st_ino}"
    command = [
        *(str(SOFFICE), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"),
        *("--norestore", f"--accept=pipe,name={pipe};urp"),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, start_new_session=True, **quiet) as running:
        try:
            yield Office(folder, pipe)
        finally:
            subprocess.run([SYSTEM_PYTHON, __file__, pipe], check=False, timeout=120, capture_output=True)
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)  # the program is a child of its script


class Office:
    """One that runs."""

    def __init__(self, folder: Path, pipe: str) -> None:
        self._folder = folder
        self._pipe = pipe

    def text(self, octets: bytes, ending: str, password: str) -> str | None:
        """What stands first in the document *octets*; None if *password* does not open it."""
        file = self._folder / f"document.{ending}"
        file.write_bytes(octets)
        command = [SYSTEM_PYTHON, __file__, self._pipe, file.as_uri(), password]
        done = subprocess.run(command, check=True, timeout=300, capture_output=True, text=True)
        return done.stdout.removeprefix("opened ").strip() if done.stdout.startswith("opened ") else None


def main() -> None:
    """As Debian's Python: open a document and print what stands first in it; or end LibreOffice."""
    import time  # noqa: PLC0415

    import uno  # type: ignore[import-not-found] # noqa: PLC0415
    from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found] # noqa: PLC0415

    pipe, *rest = sys.argv[1:]
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    until = time.monotonic() + 120
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    if not rest:
        desktop.terminate()
        return
    options = {"Hidden": True, "Password": rest[1]}
    given = tuple(PropertyValue(Name=name, Value=value) for name, value in options.items())
    try:
        document = desktop.loadComponentFromURL(rest[0], "_blank", 0, given)
    except Exception:  # noqa: BLE001 (each password that is wrong raises another)
        print("closed")
        return
    if hasattr(document, "Text"):
        print("opened", document.Text.String)
    else:
        print("opened", document.Sheets.getByIndex(0).getCellByPosition(0, 0).String)
    document.close(True)


if __name__ == "__main__":
    main()
