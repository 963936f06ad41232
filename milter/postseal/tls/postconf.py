"""What a Postfix of this host is set to, asked of its own programs, which read what it reads.

A Postfix that cannot be asked is a problem, never a yes.  Nobody can ask whether it was reloaded since.
"""

import subprocess
from pathlib import Path
from typing import Final

from postseal.errors import BadInput, Place, Problem

_SECONDS: Final = 20.0
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


class Postconf:
    """The Postfix of the folder *configuration*.  All may raise BadInput: it cannot be asked."""

    def __init__(self, configuration: Path) -> None:
        self.configuration = configuration

    def parameter(self, name: str) -> str:
        """The value of *name* in main.cf."""
        return self.run("postconf", "-x", "-h", name).strip()

    def option(self, service: str, name: str) -> str:
        """The parameter *name* of a *service*, `NAME/TYPE`, in master.cf; "" if it says nothing of it."""
        found = self.run("postconf", "-x", "-P", f"{service}/{name}").splitlines()
        return found[-1].partition(" = ")[2].strip() if found else ""  # of equal services the last one counts

    def run(self, program: str, *arguments: str, told: str = "") -> str:
        """What *program* prints, given *told*."""
        command = [program, "-c", str(self.configuration), *arguments]
        try:
            done = subprocess.run(
                command,
                input=told,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env={"PATH": _PATH},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            what = f"Postfix cannot be asked whether it enforces TLS: {error}"
            hint = "name its folder in the settings, tls: {postfix: /etc/postfix}; none, if it is elsewhere"
            raise bad(Place(str(self.configuration)), what, hint) from None
        return done.stdout


def tables(written: str) -> list[str]:
    """The tables of a list, of which each may hold braces."""
    found, depth, word = [], 0, ""
    for letter in f"{written} ":
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth or letter not in ", \t\n":
            word += letter
        elif word:
            found.append(word)
            word = ""
    return found


def bad(place: Place, what: str, hint: str) -> BadInput:
    """One problem, as an error."""
    return BadInput([Problem(place, what, hint)])
