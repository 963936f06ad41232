"""A real Chromium (Debian's), and a server on the loopback interface that tells who asked it for what."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Download, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-quic", "--disable-dev-shm-usage"),
)


@contextmanager
def browser() -> Iterator[Browser]:
    """A started Chromium; nobody else's, and gone afterwards."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield running
        finally:
            running.close()


def saved(page: Page, press: Callable[[], object]) -> Download:
    """What *page* saves when somebody does *press*.

    Of some hundred downloads Chromium gives one up before it has asked the server for it, above all without
    script; a person presses again.
    """
    for _ in range(3):
        with page.expect_download() as saving:
            press()
        if saving.value.failure() != "canceled":
            break
    return saving.value


@dataclass
class Site:
    """Serves *pages* (path → headers and octets), and keeps the path of every request in *asked*.

    Paths that are no page answer with a picture, so that whoever loads one is content.
    """

    pages: dict[str, tuple[Mapping[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        """Its name and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        """The address of *path* here."""
        return f"http://{self.host}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                headers, octets = site.pages.get(self.path, ({"Content-Type": "image/gif"}, _GIF))
                self.send_response(200)
                for name, value in {"Content-Length": str(len(octets)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(octets)

            do_POST = do_GET  # noqa: N815 (the library calls it so)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


_GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
