"""Whether the Postfix of this host does what our field asks for; asked before any mail relies on it.

It is asked by its own programs, `postconf` and `postmap`, which read what it reads.  A Postfix that cannot be
asked is a problem, never a yes.  What nobody can ask is whether it was reloaded since.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from postseal.document import Problems
from postseal.errors import BadInput, Place, Problem
from postseal.guard.own import TLS
from postseal.policy.connectors.connector import Outbound
from postseal.required_tls import Level, RequiredTls
from postseal.tls.table import AFTER_STS, CONNECTORS, DANE, ROUTES, Tables
from postseal.tls.transport import level

_SECONDS: Final = 20.0
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
_README: Final = "contrib/postfix/README.md has the lines"
_LINES: Final = "`postseal tls transports` prints the lines for master.cf"


def check_connectors(postfix: Path, outbound: Mapping[str, Outbound], *, socket: str) -> None:
    """Raise BadInput unless the Postfix of the folder *postfix* asks at *socket* for all that is *outbound*.

    A map of its own that gives the same answers is as good.
    """
    tables = Tables.of(outbound)
    asked = _Postfix(postfix)
    asked_by = {
        CONNECTORS: "smtp_tls_policy_maps",
        AFTER_STS: "smtp_tls_policy_maps",
        ROUTES: "transport_maps",
    }
    for name, parameter in asked_by.items():
        wanted = tables.by_name[name]
        if wanted and not asked.has(parameter, name, wanted, socket):
            first = outbound[next(key for key in wanted if key in outbound)]
            what = f"Postfix does not ask for connectors: {parameter} leads nowhere that knows '{first.name}'"
            raise _bad(first.place, what, f"complete {parameter} in main.cf; {_README}")


def check(postfix: Path, required: Mapping[RequiredTls, Place], *, submit_to: str, socket: str = "") -> None:
    """Raise BadInput unless the Postfix of the folder *postfix* does all that is *required*.

    *submit_to*: where copies are submitted, "" for nowhere.  *socket*: where Postfix is to ask for
    connectors.
    """
    problems = Problems()
    asked = _Postfix(postfix)
    if not required:
        return
    tables = asked.parameter("milter_header_checks")
    with problems.collect():
        asked.check_weakening()
    for each, place in required.items():
        with problems.collect():
            asked.check_filter(tables, each, place)
            asked.check_transport(each, place, socket)
    for service in ("pickup/unix", *([f"{submit_to}/inet"] if submit_to else [])):
        with problems.collect():
            asked.check_copies(service, tables)
    problems.settle()


class _Postfix:
    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration

    def check_filter(self, tables: str, required: RequiredTls, place: Place) -> None:
        """Raise BadInput unless our field leads to the transport."""
        field = f"{TLS}: {required.name}"
        for table in _split(tables):
            if self._run("postmap", "-q", field, table).startswith(f"FILTER {required.transport}:"):
                return
        what = f"Postfix does not filter '{field}' to {required.transport}: mail would go without TLS"
        raise _bad(place, what, f"complete milter_header_checks in main.cf; {_README}")

    def check_transport(self, required: RequiredTls, place: Place, socket: str) -> None:
        """Raise BadInput unless the transport is there and asks for the level."""
        found = self._option(required, "smtp_tls_security_level")
        if found != level(required):
            what = f"Postfix has no service '{required.transport}' for TLS of the level {required.level}"
            raise _bad(place, what, _LINES)
        if required.level is Level.DANE:
            tables = _split(self._option(required, "smtp_tls_policy_maps"))
            if not any(self._is_ours(table, DANE, socket) for table in tables):
                what = f"the service '{required.transport}' does not ask Postseal what domains publish"
                raise _bad(place, what, _LINES)

    def check_weakening(self) -> None:
        """Raise BadInput if senders may switch TLS off; before 3.10 there is no such parameter."""
        if self.parameter("tls_required_enable") == "yes":
            what = "a sender's field 'TLS-Required: no' would switch TLS off before Postseal sees it"
            raise _bad(Place(str(self._configuration / "main.cf")), what, "write tls_required_enable = no")

    def check_copies(self, service: str, tables: str) -> None:
        """Raise BadInput unless the cleanup behind *service* looks at the same tables for all fields."""
        cleanup = self._run("postconf", "-P", f"{service}/cleanup_service_name").strip().rpartition(" = ")[2]
        checks = self._run("postconf", "-x", "-P", f"{cleanup}/unix/header_checks") if cleanup else ""
        if checks.strip().partition(" = ")[2] != tables:
            what = f"mail from '{service}' would lose the TLS that it needs"
            place = Place(str(self._configuration / "master.cf"))
            raise _bad(place, what, f"it needs cleanup_service_name=postseal-requeue; {_README}")

    def has(self, parameter: str, name: str, wanted: Mapping[str, str], socket: str) -> bool:
        """Whether a table of *parameter* is that of ours with this *name*, or gives the same answers."""
        for table in _split(self.parameter(parameter)):
            if self._is_ours(table, name, socket):
                return True
            if not table.startswith("socketmap:"):
                keys = "".join(f"{key}\n" for key in wanted)
                found = self._run("postmap", "-q", "-", table, told=keys).splitlines()
                pairs = (line.partition("\t") for line in found)
                if {key: " ".join(answer.split()) for key, _, answer in pairs} == dict(wanted):
                    return True
        return False

    def _is_ours(self, table: str, name: str, socket: str) -> bool:
        """Whether *table* is that of ours with this *name*."""
        kind, _, rest = table.partition(":")
        address, _, asked = rest.rpartition(":")
        # A relative path begins at the queue directory, in a chroot and outside.
        path = Path(self.parameter("queue_directory")) / address.removeprefix("unix:")
        return kind == "socketmap" and asked == name and str(path) == socket.removeprefix("unix:")

    def _option(self, required: RequiredTls, name: str) -> str:
        """The parameter *name* of a transport, "" if it has none."""
        option = f"{required.transport}/unix/{name}"
        return self._run("postconf", "-x", "-P", option).strip().partition(" = ")[2]

    def parameter(self, name: str) -> str:
        """The value of *name* in main.cf."""
        return self._run("postconf", "-x", "-h", name).strip()

    def _run(self, program: str, *arguments: str, told: str = "") -> str:
        command = [program, "-c", str(self._configuration), *arguments]
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
            raise _bad(Place(str(self._configuration)), what, hint) from None
        return done.stdout


def _split(tables: str) -> list[str]:
    """The tables of a list, of which each may hold braces."""
    found, depth, word = [], 0, ""
    for letter in f"{tables} ":
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth or letter not in ", \t\n":
            word += letter
        elif word:
            found.append(word)
            word = ""
    return found


def _bad(place: Place, what: str, hint: str) -> BadInput:
    return BadInput([Problem(place, what, hint)])
