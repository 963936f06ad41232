"""The process: what it needs, how it starts and stops, what it leaves, how much memory it takes."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from demo.portal import Portal
from demo.visitor import Visitor
from offline_copies import taken
from portal_place import Place, path_of, place
from postseal.body import Body
from postseal.message import Header, Message
from sealing import attached, message

MIB = 1 << 20


def large(size: int) -> Message:
    """A message of about *size* octets, nearly all of them in one file."""
    line = b"QUJD" * 19 + b"\r\n"
    head = b"--b\r\nContent-Type: text/plain\r\n\r\nOne, two.\r\n--b\r\nContent-Type: application/pdf\r\n"
    head += b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
    plain = message(identity=f"<{size}@lab.test>").without("Content-Type")
    plain = plain.adding(Header.of("Content-Type", 'multipart/mixed; boundary="b"'))
    return plain.with_body(Body.of(head + line * (size // len(line)) + b"--b--\r\n"))


def memory(pid: int, name: str) -> int:
    """A figure of /proc/PID/status, in octets."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at a process that is not dumpable")
def test_opening_25_mib_takes_no_more_than_20_mib_of_memory() -> None:
    with place(ome="  attach_up_to: 64MiB\n") as here:
        small = here.sealed(to=("warm@one.test",))  # what is loaded once is no part of a message
        warm = here.signed_in(here.visitor().post_file(attached(small)).to, "warm@one.test")
        warm.get(f"{path_of(small)}/body")
        assert taken(warm, path_of(small)).status == 200
        mail = here.sealed(large(25 * MIB), to=("large@one.test",))
        page = attached(mail)
        pid = here.portal.pid
        idle = memory(pid, "VmRSS")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew (proc(5))

        path = here.visitor().post_file(page).to
        visitor = here.signed_in(path, "large@one.test")
        (file,) = re.findall(rf"{path}/attachment/\d+", visitor.get(path).text)
        for where in (path, f"{path}/body", file, f"{path}/message.eml"):
            assert visitor.get(where).status == 200
        assert len(taken(visitor, path).body) > 20 * MIB

        above = memory(pid, "VmHWM") - idle
        print(f"idle {idle / MIB:.1f} MiB, at most {above / MIB:.1f} MiB above")
        assert above <= 20 * MIB


def test_stop_lets_answers_and_passcodes_end() -> None:
    with place() as here:
        path = path_of(here.sealed(large(4 * MIB), to=("stop@one.test",)))
        visitor = here.signed_in(path, "stop@one.test")
        with closing(here.visitor().connection()) as wire:
            wire.request("GET", f"{path}/message.eml", headers={"Cookie": visitor.cookies})
            answer = wire.getresponse()
            begun = answer.read(1000)
            here.visitor().post(f"{path}/address", address="stop@one.test")
            os.kill(here.portal.pid, signal.SIGTERM)
            rest = answer.read()
        code = here.portal.stop()

        assert len(begun + rest) == int(answer.headers["Content-Length"])
        assert here.code()
        assert code == 0


def test_process_dumps_no_core_and_lets_nobody_look_at_it(here: Place) -> None:
    limits = Path(f"/proc/{here.portal.pid}/limits").read_text()

    assert re.search(r"Max core file size +0 +0 ", limits)
    # What is not dumpable belongs to root in /proc, whoever runs it; ptrace(2) by its own user is refused.
    assert Path(f"/proc/{here.portal.pid}/mem").stat().st_uid == 0


def test_private_address_tells_life_readiness_and_numbers_and_the_public_one_does_not(here: Place) -> None:
    assert here.portal.private("/-/live") == (200, "live\n")
    assert here.portal.private("/-/ready") == (200, "ready\n")
    assert "postseal_portal_requests_total" in here.portal.private("/metrics")[1]
    for path in ("/metrics", "/-/live", "/-/ready"):
        assert here.visitor().get(path).status == 404


def test_metrics_are_good_and_name_no_handle_and_no_address(here: Place, promtool: Path) -> None:
    path = path_of(here.sealed(to=("metrics@one.test",)))
    here.signed_in(path, "metrics@one.test").get(f"{path}/body")
    here.visitor().ask("BREW", f"{path}/coffee")

    text = here.portal.private("/metrics")[1]

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert 'route="/m/{handle}/body"' in text
    assert path not in text
    assert "one.test" not in text
    assert "BREW" not in text


def test_store_that_is_away_is_told_as_such_and_comes_back() -> None:
    with place() as here:
        path = path_of(here.sealed(to=("store@one.test",)))
        visitor = here.signed_in(path, "store@one.test")
        folder = here.portal.settings_file.parent / "store"
        aside = folder.rename(folder.with_name("aside"))
        here.portal.stop()
        here.portal.start()  # it serves without, too
        answer = visitor.get(path)
        ready = here.portal.private("/-/ready")
        leaving = Visitor(visitor.port, visitor.cookie, visitor.send)
        left = leaving.post("/out")
        aside.rename(folder)

        assert answer.status == 503
        assert "try again in a few minutes" in answer.text
        assert ready == (503, "the store does not answer\n")
        assert (left.status, leaving.cookie) == (200, "")
        assert "This browser remembers nothing" in left.text
        assert visitor.get(path).status == 200
        assert here.portal.private("/-/ready") == (200, "ready\n")
        assert "cause=store" in here.portal.log()
        assert "event=session_not_ended" in here.portal.log()


def test_mail_server_that_is_away_gets_the_passcode_when_it_is_back(here: Place) -> None:
    path = path_of(here.sealed(to=("later@one.test", "never@one.test")))
    here.sink.answers |= {"later@one.test": "451 4.3.0 later", "never@one.test": "550 5.1.1 nobody"}

    answers = [
        here.visitor().post(f"{path}/address", address=f"{who}@one.test") for who in ("later", "never")
    ]
    while "event=passcode_not_sent why=550" not in here.portal.log():
        time.sleep(0.05)
    here.sink.answers.clear()

    assert [answer.status for answer in answers] == [303, 303]
    assert here.code()[0]["To"] == "later@one.test"
    assert 'passcode_mails_total{result="refused"} 1.0' in here.portal.private("/metrics")[1]


def test_portal_without_its_mail_server_is_not_ready() -> None:
    with place() as here:
        here.sink.stop()

        assert here.portal.private("/-/ready") == (503, "the mail server does not answer\n")


def test_unix_socket_and_second_instance(directory: Path) -> None:
    file = directory / "postseal.yaml"
    portal = Portal(directory / "portal", file)
    text = portal.settings.replace(
        f"listen: 127.0.0.1:{portal.port}", f"listen: unix:{directory}/portal.sock"
    )
    text = re.sub(r"  (certificate|key): .*\n", "", text)
    file.write_text(f"store: 'sqlite:///{directory}/store/store.sqlite'\n{text}")
    command = [sys.executable, "-m", "postseal", "portal", "--settings", str(file), "--instance", "2"]

    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            while b"portal.sock.2" not in process.stderr.readline():  # it tells of the store first
                assert process.poll() is None
            with socket.socket(socket.AF_UNIX) as wire:
                wire.connect(str(directory / "portal.sock.2"))
                wire.sendall(f"GET /robots.txt HTTP/1.0\r\nHost: localhost:{portal.port}\r\n\r\n".encode())
                assert wire.recv(100).startswith(b"HTTP/1.1 200")
            live = http.client.HTTPConnection("127.0.0.1", portal.metrics_port + 1)
            with closing(live):
                live.request("GET", "/-/live")
                assert live.getresponse().status == 200
        finally:
            process.terminate()
    assert process.returncode == 0
    assert not (directory / "portal.sock.2").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no portal (ome: portal)"),
        ("ome: {portal: 'https://p.example'}\nsubmit_to: none\n", "passcodes cannot be sent (submit_to)"),
        ("portal: {listen: 'p.example:80'}", "bad address 'p.example:80'"),
        ("portal: {listen: '0.0.0.0:80'}", "other hosts can reach '0.0.0.0:80'"),
        ("portal: {listen: unix:x}", "bad Unix socket 'unix:x'"),
    ],
    ids=["no portal", "no submission", "name", "open", "relative"],
)
def test_bad_settings_are_told_with_a_hint(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "postseal.yaml"
    file.write_text(text or "workers: 1\n")

    command = [sys.executable, "-m", "postseal", "portal", "--settings", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert ended.returncode == 1
    assert expected in ended.stderr
    assert "hint: " in ended.stderr


def test_port_that_is_taken_is_told(here: Place) -> None:
    file = here.portal.settings_file
    command = [sys.executable, "-m", "postseal", "portal", "--settings", str(file)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (ended.returncode, "Address already in use" in ended.stderr) == (1, True)
