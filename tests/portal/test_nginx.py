"""The web server in front of the portal, with the configuration that we ship."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy

from demo.place import free_port
from demo.visitor import Visitor
from portal_place import Place, path_of, place
from postseal.store.schema_sealed import passcodes
from sealing import attached, message

SHIPPED = Path(__file__).parents[2] / "contrib" / "nginx" / "postseal-portal.conf"

pytestmark = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin") is None or os.geteuid() != 0,
    reason="no nginx: contrib/install-tools installs it; it needs root to be somebody else",
)


def adapted(here: Place, port: int, folder: Path) -> str:
    """The shipped file for this place: other ports, files and names, and nothing else."""
    text = SHIPPED.read_text()
    for old, new in (
        ("server 127.0.0.1:8460;", f"server 127.0.0.1:{here.portal.port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen 80;\n    listen [::]:80;\n", f"    listen 127.0.0.1:{free_port()};\n"),
        ("/etc/ssl/certs/portal.example.com.pem", f"{here.portal.directory}/portal.pem"),
        ("/etc/ssl/private/portal.example.com.key", f"{here.portal.directory}/portal.key"),
        ("portal.example.com", "localhost"),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(here: Place, folder: Path) -> Iterator[int]:
    """An nginx in front of the portal; its port."""
    port = int(here.portal.address.rpartition(":")[2])
    temporary = "".join(
        f"{kind}_temp_path {folder}/temp-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr warn; worker_processes 1;\n"
        f"events {{}}\nhttp {{\n{temporary}{adapted(here, port, folder)}}}\n"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or ""
    checked = subprocess.run([program, "-t", "-q", "-c", file], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    with subprocess.Popen([program, "-c", file]) as process:
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert process.poll() is None
                time.sleep(0.05)
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)


def test_shipped_configuration_passes_large_messages_and_logs_no_handle(directory: Path) -> None:
    public = free_port()
    with place(public=public, ome="  attach_up_to: 64MiB\n") as here, nginx(here, directory) as port:
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
        port = opened.enter_context(nginx(here, directory))
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
