"""The milter socket of a real daemon: who may use it, whom it displaces, and what is said if it cannot be."""

import grp
import os
import re
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from demo.place import LOOPBACK, free_port
from milterprotocol import Mail, MilterClient
from processes import eventually

POLICY = {"1.yaml": "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"}
Client = Callable[..., MilterClient]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to any group")


def prepared(directory: Path, listen: str, settings: str = "workers: 1\n") -> Daemon:
    """A daemon that is not started, with this value of `listen`."""
    daemon = Daemon(directory, policies=POLICY, settings=settings, group="")
    text = re.sub(r"(?m)^listen: .*$", f"listen: {listen}", daemon.settings_file.read_text())
    daemon.settings_file.write_text(text)
    return daemon


def refused(daemon: Daemon) -> str:
    """What `postseal run` says when it does not start."""
    done = daemon.command("run")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert str(daemon.settings_file) in done.stderr or str(daemon.directory / "run") in done.stderr
    return done.stderr


@contextmanager
def watched(path: Path) -> Iterator[set[tuple[str, int]]]:
    """Mode and group of *path* at every moment of the block in which it was there."""
    seen: set[tuple[str, int]] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            seen.add((stat.filemode(facts.st_mode), facts.st_gid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@as_root
@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        pytest.param("0660", "nogroup", "srw-rw----", id="group-may"),
        pytest.param("0600", "daemon", "srw-------", id="owner-only"),
        pytest.param("0666", "", "srw-rw-rw-", id="everybody"),
    ],
)
def test_socket_mode_and_group_are_exact_from_the_first_moment(
    directory: Path, mode: str, group: str, expected: str
) -> None:
    daemon = prepared(directory, f"{{socket: 'unix:{directory}/s', mode: '{mode}', group: '{group}'}}")
    if not group:
        daemon = prepared(directory / "other", f"{{socket: 'unix:{directory}/s', mode: '{mode}'}}")

    with watched(directory / "s") as seen, daemon:
        eventually(lambda: seen)

    assert seen == {(expected, grp.getgrnam(group).gr_gid if group else os.getegid())}
    assert not list(directory.glob(".postseal-*"))


def test_socket_is_removed_at_the_stop(directory: Path) -> None:
    with prepared(directory, f"{{socket: 'unix:{directory}/s'}}"):
        assert (directory / "s").is_socket()

    assert not (directory / "s").exists()


def test_socket_that_somebody_else_put_there_is_not_removed_at_the_stop(directory: Path) -> None:
    with prepared(directory, f"{{socket: 'unix:{directory}/s'}}"), socket.socket(socket.AF_UNIX) as other:
        (directory / "s").unlink()
        other.bind(str(directory / "s"))

    assert (directory / "s").is_socket()


def test_socket_stale_is_replaced(directory: Path, milter: Client) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(directory / "s"))

    with prepared(directory, f"{{socket: 'unix:{directory}/s'}}"):
        assert milter(f"unix:{directory}/s").transaction(Mail()).edits


def test_socket_of_a_living_process_is_refused_and_left_alone(directory: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(directory / "s"))
        other.listen()
        said = refused(prepared(directory / "own", f"{{socket: 'unix:{directory}/s'}}"))

        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(directory / "s"))
    assert f"listen: cannot listen on unix:{directory}/s: another process serves {directory}/s" in said


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_socket_path_that_is_no_socket_is_refused_and_left_alone(directory: Path, kind: str) -> None:
    path = directory / "s"
    if kind == "folder":
        path.mkdir()
    else:
        (directory / "precious").write_text("precious")
        path.symlink_to(directory / "precious") if kind == "link" else path.write_text("precious")

    said = refused(prepared(directory / "own", f"{{socket: 'unix:{path}'}}"))

    assert f"{path} is there and is not a socket; move it away" in said
    assert path.is_dir() if kind == "folder" else path.read_text() == "precious"


def test_socket_in_a_missing_folder_is_refused(directory: Path) -> None:
    said = refused(prepared(directory, f"{{socket: 'unix:{directory}/none/s'}}"))

    assert f"there is no folder {directory}/none; make it" in said


def test_socket_for_an_unknown_group_is_refused_and_leaves_nothing(directory: Path) -> None:
    said = refused(prepared(directory, f"{{socket: 'unix:{directory}/s', group: nosuchgroup}}"))

    assert "there is no group 'nosuchgroup'" in said
    assert not (directory / "s").exists()


def test_second_daemon_on_the_same_runtime_directory_is_refused(
    daemon: DaemonFactory, milter: Client
) -> None:
    first = daemon(policies=POLICY, settings="workers: 1\n")

    said = refused(first)

    assert f"{first.directory}/run: cannot be used: another postseal runs with {first.directory}/run" in said
    assert milter(f"unix:{first.socket}").transaction(Mail()).edits
    assert first.command("status").returncode == 0
    assert "postseal_workers 1.0" in first.metrics()


def test_second_daemon_on_the_same_socket_is_refused(
    daemon: DaemonFactory, directory: Path, milter: Client
) -> None:
    first = daemon(policies=POLICY, settings="workers: 1\n")

    said = refused(prepared(directory, f"{{socket: 'unix:{first.socket}'}}"))

    assert f"another process serves {first.socket}" in said
    assert milter(f"unix:{first.socket}").transaction(Mail()).edits


def test_second_daemon_on_the_same_metrics_address_is_refused(daemon: DaemonFactory, directory: Path) -> None:
    first = daemon(policies=POLICY, settings="workers: 1\n")
    second = prepared(directory, f"{{socket: 'unix:{directory}/s'}}")
    second.settings_file.write_text(
        second.settings_file.read_text().replace(str(second.metrics_port), str(first.metrics_port))
    )

    said = refused(second)

    address = f"{LOOPBACK}:{first.metrics_port}"
    assert f"metrics: cannot listen on {address}: Address already in use" in said
    assert not (directory / "s").exists()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    "host",
    [
        LOOPBACK,
        "localhost",
        pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
    ],
)
def test_socket_inet_serves_and_is_refused_a_second_time(directory: Path, host: str, milter: Client) -> None:
    address = f"inet:{free_port()}@{host}"

    with prepared(directory, f"{{socket: '{address}'}}"):
        assert milter(address).transaction(Mail()).edits
        said = refused(prepared(directory / "other", f"{{socket: '{address}'}}"))

    assert f"listen: cannot listen on {address}: Address already in use" in said


def test_socket_inet_that_others_can_reach_needs_a_word(directory: Path) -> None:
    address = f"inet:{free_port()}@0.0.0.0"
    timid = prepared(directory / "timid", f"{{socket: '{address}'}}")

    assert "other hosts can reach" in refused(timid)
    with (
        prepared(directory / "bold", f"{{socket: '{address}', beyond_loopback: true}}"),
        closing(MilterClient(address.replace("0.0.0.0", LOOPBACK))) as client,
    ):
        assert client.transaction(Mail()).edits
