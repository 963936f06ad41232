"""What tests share: a sink, private Postfixes, and milters in processes of their own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser

import softhsm
from browser import Site, browser
from demo.daemon import Daemon
from demo.place import free_port, open_directory
from demo.postfix import Postfix, Tls
from demo.sink import Sink
from milterprotocol import MilterClient
from softhsm import SoftHsm

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

TESTS = Path(__file__).parent
PROMTOOL = TESTS.parent / ".tools" / "promtool"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "postfix" in item.fixturenames:
            item.add_marker("postfix")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name that also the user postfix may search, unlike tmp_path."""
    with open_directory() as path:
        yield path


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server that keeps what it gets."""
    with Sink() as running:
        yield running


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    """A token with keys that never leave it."""
    if not softhsm.installed():
        pytest.skip("no softhsm2: contrib/install-tools installs it")
    (tmp_path / "hsm").mkdir()
    with SoftHsm(tmp_path / "hsm") as token:
        yield token


PostfixFactory = Callable[..., Postfix]


@pytest.fixture
def postfix(sink: Sink) -> Iterator[PostfixFactory]:
    """Starts private Postfixes: `postfix(smtpd_milters=…)`, options as `Postfix`; next hop: the sink."""
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    with ExitStack() as running:

        def start(**options: object) -> Postfix:
            directory = running.enter_context(open_directory())
            options.setdefault("next_hop", sink.next_hop)
            return running.enter_context(Postfix(directory, **options))  # type: ignore[arg-type]  # passed on

        yield start


DaemonFactory = Callable[..., Daemon]


@pytest.fixture
def daemon() -> Iterator[DaemonFactory]:
    """Starts Postseals: `daemon(policies={"10.yaml": …}, settings=…)`, the options of `Daemon`."""
    with ExitStack() as running:

        def start(**options: object) -> Daemon:
            directory = running.enter_context(open_directory())
            return running.enter_context(Daemon(directory, **options))  # type: ignore[arg-type]  # passed on

        yield start


def await_socket(address: str, process: subprocess.Popen[bytes], *, seconds: float = 60.0) -> None:
    """Wait until something listens at a milter's *address*.  Raises if *process* ends or time runs out."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            _knock(address)
        except OSError as error:
            if process.poll() is not None:
                raise RuntimeError(f"the milter ended with {process.returncode}") from error
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing listens at {address}") from error
            time.sleep(0.02)
        else:
            return


def _knock(address: str) -> None:
    kind, _, rest = address.partition(":")
    if kind == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(rest)
    else:
        port, _, host = rest.partition("@")
        socket.create_connection((host, int(port)), 1).close()


@pytest.fixture(params=["unix", "inet"])
def milter_address(request: pytest.FixtureRequest, directory: Path) -> str:
    """A free address for a milter, once of each kind."""
    return f"unix:{directory}/milter.sock" if request.param == "unix" else f"inet:{free_port()}@127.0.0.1"


@pytest.fixture
def echo_milter(directory: Path) -> Iterator[Callable[..., str]]:
    """Starts the echo milter at an address (default: a Unix socket) and returns the address."""
    with ExitStack() as running:

        def start(address: str = f"unix:{directory}/echo.sock") -> str:
            process = subprocess.Popen([sys.executable, str(TESTS / "echo_milter.py"), address])
            # libmilter takes seconds to stop by a signal that it handles.
            running.callback(process.wait)
            running.callback(process.kill)
            await_socket(address, process)
            return address

        yield start


@pytest.fixture
def milter() -> Iterator[Callable[..., MilterClient]]:
    """Opens connections to a milter: `milter(address, …)`, the options of `MilterClient`."""
    with ExitStack() as opened:
        yield lambda *arguments, **options: opened.enter_context(closing(MilterClient(*arguments, **options)))


@pytest.fixture
def tls(directory: Path) -> Tls:
    """A certificate and key for a server that offers STARTTLS."""
    tls = Tls(directory / "cert.pem", directory / "key.pem")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mx.lab.test -days 2"
    )
    subprocess.run(
        [*command.split(), "-keyout", tls.key, "-out", tls.certificate], check=True, capture_output=True
    )
    return tls


@pytest.fixture
def promtool() -> Path:
    """Prometheus' own checker of metrics."""
    if not PROMTOOL.exists():
        pytest.skip("no promtool: contrib/install-tools fetches it")
    return PROMTOOL


@pytest.fixture
def miltertest() -> Callable[..., None]:
    """Runs a Lua script of tests/miltertest with OpenDKIM's driver: `miltertest(name, VARIABLE=value)`.

    The test fails with the driver's words if the script does.
    """
    if shutil.which("miltertest") is None:
        pytest.skip("no miltertest: contrib/install-tools installs it")

    def run(name: str, **variables: str) -> None:
        defines = [word for variable, value in variables.items() for word in ("-D", f"{variable}={value}")]
        command = ["miltertest", *defines, "-s", str(TESTS / "miltertest" / name)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A started Chromium.  While it runs, this thread has an event loop, so asyncio.run does not."""
    with browser() as running:
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server that keeps what it was asked."""
    with Site() as running:
        yield running
