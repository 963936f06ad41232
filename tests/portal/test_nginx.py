"""The web server in front of the portal, with the configuration that we ship."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import sqlalchemy

from demo.place import free_port
from demo.visitor import Visitor
from nginx import NEEDED, adapted, nginx
from portal_place import Place, path_of, place
from postseal.store.schema_sealed import passcodes
from sealing import attached, message

SHIPPED = Path(__file__).parents[2] / "contrib" / "nginx" / "postseal-portal.conf"

pytestmark = NEEDED


@contextmanager
def before(here: Place, folder: Path) -> Iterator[int]:
    """An nginx in front of the portal; its port."""
    port = int(here.portal.address.rpartition(":")[2])
    text = adapted(
        SHIPPED,
        ("server 127.0.0.1:8460;", f"server 127.0.0.1:{here.portal.port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen 80;\n    listen [::]:80;\n", f"    listen 127.0.0.1:{free_port()};\n"),
        ("/etc/ssl/certs/portal.example.com.pem", f"{here.portal.directory}/portal.pem"),
        ("/etc/ssl/private/portal.example.com.key", f"{here.portal.directory}/portal.key"),
        ("portal.example.com", "localhost"),
        ("/var/log/nginx/", f"{folder}/"),
    )
    with nginx(text, port, folder):
        yield port


def test_shipped_configuration_passes_large_messages_and_logs_no_handle(directory: Path) -> None:
    public = free_port()
    with place(public=public, ome="  attach_up_to: 64MiB\n") as here, before(here, directory) as port:
        mail = here.sealed(message(body=b"x" * 76 * 300_000), to=("nginx@one.test",))
        path = path_of(mail)
        visitor = Visitor(port)
        visitor.send["X-Forwarded-For"] = "198.51.100.7"  # what a client says of itself counts for nothing

        arrived = visitor.post_file(attached(mail))
        visitor.post(f"{arrived.to}/address", address="nginx@one.test")
        code = here.code()[1]
        assert visitor.post(f"{arrived.to}/code", code=code).status == 303
        whole = visitor.get(f"{arrived.to}/message.eml")
        refused = visitor.post(f"{path}/address", address="a" * 100_000)

        assert (arrived.status, whole.status) == (303, 200)
        assert len(whole.body) > 76 * 300_000
        assert refused.status == 413
        networks = here.ring.store.read(
            lambda store: list(store.scalars(sqlalchemy.select(passcodes.c.network)))
        )
        assert networks == ["127.0.0.0/24"]
        log = (directory / "postseal-portal.log").read_text()
        assert "POST 303" in log
        for secret in (arrived.to, path, "/m/", code, visitor.cookie):
            assert secret not in log + (directory / "postseal-portal.error.log").read_text()
        assert not [file for file in directory.glob("temp-*/**/*") if file.is_file()]


def test_nothing_waits_in_files_of_the_web_server_wherever_it_is_asked() -> None:
    """A text that is given back is as secret as a message."""
    locations = re.findall(r"location [^{]+{([^}]+)}", SHIPPED.read_text())

    whole, _, _ = SHIPPED.read_text().partition("    location ")
    for word in ("proxy_buffering off;", "proxy_request_buffering off;", "proxy_max_temp_file_size 0;"):
        assert f"    {word}\n" in whole
    assert len(locations) == 2
    for each in locations:
        assert not re.search(r"buffering|temp_file|proxy_set_header|access_log|error_log", each)


def test_one_client_does_not_keep_all_others_out(directory: Path) -> None:
    public = free_port()
    with ExitStack() as opened:
        here = opened.enter_context(place(public=public))
        port = opened.enter_context(before(here, directory))
        head = (
            f"POST /o HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 1000\r\n"
            "Content-Type: multipart/form-data; boundary=form\r\n\r\n--form"
        ).encode()
        wires = []
        for _ in range(55):
            wire = opened.enter_context(closing(Visitor(port).connection()))
            wire.connect()
            wire.sock.sendall(head)
            wires.append(wire)

        assert wires[-1].sock.recv(12) == b"HTTP/1.1 429"
        assert Visitor(port).get("/").status == 429
        other = opened.enter_context(closing(Visitor(port).connection()))
        other.source_address = ("127.0.0.2", 0)
        other.request("GET", "/")
        assert other.getresponse().status == 200
