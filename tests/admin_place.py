"""The administrators' page as a process, beside a portal that runs, and people with every role."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from click.testing import CliRunner

from demo.place import LOOPBACK, free_port
from demo.service import Service
from demo.visitor import Answer, Visitor
from portal_account import arrive, leave, provider_settings, sent_on
from portal_place import Place, place
from postseal.administering.visit import COOKIE
from postseal.cli.main import main
from providerserver import ProviderServer

REV, SUE, ANN = "rev@lab.test", "sue@lab.test", "ann@lab.test"
PEOPLE = {"auditor": REV, "support": SUE, "admin": ANN}


class AdminPage(Service):
    """`postseal admin serve` below *directory*, with the certificate of the portal there."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, directory / "admin.log")
        self.port = free_port()
        self.settings_file = directory / "none"

    @property
    def program(self) -> tuple[str | Path, ...]:
        return "-m", "postseal", "admin", "serve", "--log-level", "DEBUG", "--settings", self.settings_file

    @property
    def address(self) -> str:
        """As browsers know it."""
        return f"https://localhost:{self.port}"


@dataclass
class Office:
    """*page*: the administrators'.  *here*: the portal.  *server*: what says who somebody is."""

    page: AdminPage
    here: Place
    server: ProviderServer
    networks: int = 0

    def visitor(self) -> Visitor:
        """A browser before the page, from a network of its own."""
        self.networks += 1
        send = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": f"10.77.{self.networks}.7"}
        return Visitor(self.page.port, send=send, name=COOKIE)

    def link(self, address: str) -> str:
        """The path of a link that the host has made for *address*."""
        done = self.command("admin", "link", address)
        return urlsplit(done.strip()).path

    def command(self, *words: str, code: int = 0) -> str:
        """What `postseal` prints."""
        done = CliRunner().invoke(main, [*words, "--settings", str(self.here.portal.settings_file)])
        assert done.exit_code == code, done.output
        return done.output

    def signed_in(self, role: str) -> Visitor:
        """Somebody with this *role*, or none, who has followed a link."""
        visitor = self.visitor()
        if role in PEOPLE:
            answer = visitor.post(self.link(PEOPLE[role]))
            assert (answer.status, answer.to) == (303, "/"), answer.text
        return visitor

    def begun(self, visitor: Visitor) -> str:
        """The address at the provider that *visitor* is sent on to."""
        return sent_on(visitor.post("/sign-in/lab"))

    def arrived(self, visitor: Visitor, url: str) -> Answer:
        """What *visitor* is answered who comes back from *url*."""
        return arrive(visitor, self.server, url)

    def came_back(self, visitor: Visitor, **claims: object) -> Answer:
        """What *visitor* is answered who has an account with these *claims*."""
        self.server.claims = claims
        return self.arrived(visitor, self.begun(visitor))

    def reader_left(self, reader: Visitor, path: str) -> str:
        """The address at the provider that a *reader* of the portal is sent on to."""
        return leave(reader, path)

    def refusals(self) -> list[str]:
        """Who was refused, and why, the newest first."""
        rows = [row for row in self.here.ring.audit.every() if row.event == "failed"]
        return [f"{row.address} {row.detail}".strip() for row in reversed(rows)]

    def acts(self) -> list[str]:
        """What administrators have done, without their sessions, and who."""
        rows = [row for row in self.here.ring.audit.every() if row.event == "administered"]
        said = [row.detail.partition(" ") if row.detail.startswith("session=") else None for row in rows]
        return [
            f"{row.address} {parts[2] if parts else row.detail}"
            for row, parts in zip(rows, said, strict=True)
        ]


@contextmanager
def office(folder: Path, *, public: int = 0) -> Iterator[Office]:
    """An office, open for work.  *public*: the port of a web server before it that speaks TLS, if not 0."""
    with ExitStack() as running:
        server = running.enter_context(ProviderServer(folder))
        port = free_port()
        people = "".join(f"    {address}: {role}\n" for role, address in PEOPLE.items())
        keys = "" if public else "  certificate: portal/portal.pem\n  key: portal/portal.key\n"
        settings = (
            f"admin:\n  address: https://localhost:{public or port}\n  listen: {LOOPBACK}:{port}\n{keys}"
            f"  sign_in: lab\n  passkeys: true\n  people:\n{people}    group:helpdesk: support\n"
        )
        nowhere = f"  replies: {{submit_to: {LOOPBACK}:1}}\n"
        ways = provider_settings(server, "lab", "other")
        here = running.enter_context(place(more=f"{nowhere}{ways}{settings}"))
        page = AdminPage(here.portal.directory)
        page.port, page.settings_file = port, here.portal.settings_file
        running.enter_context(page)
        yield Office(page, here, server)
