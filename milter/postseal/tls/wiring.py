"""Whether the Postfix of this host does what our field asks for; asked before any mail relies on it.

It is asked by its own programs (`postconf`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from postseal.document import Problems
from postseal.errors import Place
from postseal.guard.own import TLS
from postseal.policy.connectors.connector import Outbound
from postseal.required_tls import Level, RequiredTls
from postseal.tls.postconf import Postconf, bad
from postseal.tls.postconf import tables as tables_of
from postseal.tls.table import AFTER_STS, CONNECTORS, DANE, ROUTES, Tables
from postseal.tls.transport import level

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
            raise bad(first.place, what, f"complete {parameter} in main.cf; {_README}")


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


class _Postfix(Postconf):
    def check_filter(self, tables: str, required: RequiredTls, place: Place) -> None:
        """Raise BadInput unless our field leads to the transport."""
        field = f"{TLS}: {required.name}"
        for table in tables_of(tables):
            if self.run("postmap", "-q", field, table).startswith(f"FILTER {required.transport}:"):
                return
        what = f"Postfix does not filter '{field}' to {required.transport}: mail would go without TLS"
        raise bad(place, what, f"complete milter_header_checks in main.cf; {_README}")

    def check_transport(self, required: RequiredTls, place: Place, socket: str) -> None:
        """Raise BadInput unless the transport is there and asks for the level."""
        found = self.option(f"{required.transport}/unix", "smtp_tls_security_level")
        if found != level(required):
            what = f"Postfix has no service '{required.transport}' for TLS of the level {required.level}"
            raise bad(place, what, _LINES)
        if required.level is Level.DANE:
            tables = tables_of(self.option(f"{required.transport}/unix", "smtp_tls_policy_maps"))
            if not any(self._is_ours(table, DANE, socket) for table in tables):
                what = f"the service '{required.transport}' does not ask Postseal what domains publish"
                raise bad(place, what, _LINES)

    def check_weakening(self) -> None:
        """Raise BadInput if senders may switch TLS off; before 3.10 there is no such parameter."""
        if self.parameter("tls_required_enable") == "yes":
            what = "a sender's field 'TLS-Required: no' would switch TLS off before Postseal sees it"
            raise bad(Place(str(self.configuration / "main.cf")), what, "write tls_required_enable = no")

    def check_copies(self, service: str, tables: str) -> None:
        """Raise BadInput unless the cleanup behind *service* looks at the same tables for all fields."""
        cleanup = self.option(service, "cleanup_service_name")
        checks = self.option(f"{cleanup}/unix", "header_checks") if cleanup else ""
        if checks != tables:
            what = f"mail from '{service}' would lose the TLS that it needs"
            place = Place(str(self.configuration / "master.cf"))
            raise bad(place, what, f"it needs cleanup_service_name=postseal-requeue; {_README}")

    def has(self, parameter: str, name: str, wanted: Mapping[str, str], socket: str) -> bool:
        """Whether a table of *parameter* is that of ours with this *name*, or gives the same answers."""
        for table in tables_of(self.parameter(parameter)):
            if self._is_ours(table, name, socket):
                return True
            if not table.startswith("socketmap:"):
                keys = "".join(f"{key}\n" for key in wanted)
                found = self.run("postmap", "-q", "-", table, told=keys).splitlines()
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
