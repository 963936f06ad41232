"""A reload: old messages keep the old policy, a bad one changes nothing and is seen everywhere."""

import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from milteredits import AddHeader
from milterprotocol import Answer, Mail, MilterClient
from processes import eventually, known, sample, settled

BROKEN = "rules: [{name: broken, when: {no_such_condition: 1}}]\n"
Client = Callable[..., MilterClient]


def policy(version: str) -> str:
    return f"rules: [{{name: mark, then: [add_header: {{X-Policy: '{version}'}}]}}]\n"


@pytest.fixture
def running(daemon: DaemonFactory) -> Daemon:
    return daemon(policies={"1.yaml": policy("old")}, settings="workers: 1\n")


def write(running: Daemon, text: str) -> None:
    """Put a policy into its place at once: a reload may come at any moment."""
    aside = running.directory / "aside.yaml"
    aside.write_text(text)
    aside.replace(running.policies / "1.yaml")


def judged(answer: Answer) -> str:
    """The version of the policy that *answer* comes from."""
    (header,) = (edit for edit in answer.edits if isinstance(edit, AddHeader))
    return header.value.decode().strip()


def test_reload_message_under_way_keeps_its_policy_and_the_next_has_the_new(
    running: Daemon, milter: Client
) -> None:
    client = milter(f"unix:{running.socket}")
    client.connect()
    client.mail(b"<ann@lab.test>")
    client.rcpt(b"<bob@example.test>")
    write(running, policy("new"))

    told = running.command("reload")
    old = known(running).draining
    # The worker of an open session loads the new policy a moment later: that must not touch the message.
    eventually(lambda: "event=renewed" in running.log())
    client.header(b"Subject", b" hi")
    client.end_of_headers()
    first = client.end_of_message()
    second = client.transaction(Mail())
    stranger = milter(f"unix:{running.socket}").transaction(Mail())

    assert told.returncode == 0, told.stderr
    assert told.stdout == f"reloaded: policy {known(running).policy}, 1 rules, 1 workers\n"
    assert [judged(first), judged(second), judged(stranger)] == ["old", "new", "new"]
    assert known(running).draining == old, "the worker goes when its client does"
    client.quit()
    assert settled(running).workers != old


def test_reload_of_many_rules_keeps_nobody_waiting(daemon: DaemonFactory, milter: Client) -> None:
    def text(version: str) -> str:
        rules = "".join(
            f"  - {{name: r{n}, when: {{subject_words: [w{n}, w{n} x]}}, then: {{sign: true}}}}\n"
            for n in range(4000)
        )
        return f"rules:\n  - {{name: mark, then: [add_header: {{X-Policy: '{version}'}}]}}\n{rules}"

    running = daemon(policies={"1.yaml": text("old")}, settings="workers: 1\n")
    client = milter(f"unix:{running.socket}")
    client.connect()
    answered: list[float] = []
    write(running, text("new"))

    def send() -> None:
        while judged(client.transaction(Mail())) == "old":
            answered.append(time.monotonic())

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        eventually(lambda: answered)
        begun = time.monotonic()
        running.command("reload")
        reloaded = time.monotonic()
        sending.result(timeout=60)

    assert sum(begun < at < reloaded for at in answered) >= 5, "while the supervisor read the rules"
    assert sum(reloaded < at for at in answered) >= 5, "while the worker of the open connection did"


def test_reload_bad_leaves_the_old_in_force_and_is_shown_everywhere_until_mended(
    running: Daemon, milter: Client
) -> None:
    before = known(running)
    write(running, BROKEN)

    told, status = running.command("reload"), running.command("status")
    scraped = running.metrics()
    answer = milter(f"unix:{running.socket}").transaction(Mail())

    place = f"{running.policies}/1.yaml:1:31: "
    assert (told.returncode, status.returncode) == (1, 1)
    assert place in told.stderr
    assert f"not reloaded; policy {before.policy}" in told.stderr
    assert place in status.stdout
    assert "reloads  1, 1 of them refused" in status.stdout
    assert "event=reload_refused" in running.log()
    assert "postseal_reload_success 0.0" in scraped
    assert 'postseal_reloads_total{result="bad"} 1.0' in scraped
    assert sample(running, "postseal_reload_timestamp_seconds") == pytest.approx(before.reload.at, abs=0.01)
    assert known(running).workers == before.workers, "a bad reload replaces nobody"
    assert judged(answer) == "old"

    write(running, policy("new"))
    assert running.command("reload").returncode == 0
    assert running.command("status").returncode == 0
    assert "postseal_reload_success 1.0" in running.metrics()
    assert known(running).reload.at > before.reload.at
    assert judged(milter(f"unix:{running.socket}").transaction(Mail())) == "new"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("wrokers: 3\n", id="unknown-key"),
        pytest.param("smime: [unclosed\n", id="no-YAML"),
    ],
)
def test_reload_with_broken_settings_is_refused_by_the_daemon_and_status_still_works(
    running: Daemon, broken: str
) -> None:
    good = running.settings_file.read_text()
    running.settings_file.write_text(good + broken)

    told, status = running.command("reload"), running.command("status")

    assert (told.returncode, status.returncode) == (1, 1)
    assert f"{running.settings_file}:" in told.stderr
    assert f"process  {running.pid}, since" in status.stdout
    assert "the settings file, as it is now, could not be loaded:" in status.stderr
    assert sample(running, "postseal_reload_success") == 0
    running.settings_file.write_text(good)
    assert running.command("reload").returncode == 0


def test_reload_setting_that_needs_a_restart_is_told_until_it_is_restarted(running: Daemon) -> None:
    text = running.settings_file.read_text()
    running.settings_file.write_text(text.replace("listen: {", "listen: {mode: '0600', "))

    told = [running.command("reload") for _ in range(2)]

    for each in told:
        assert each.returncode == 0
        assert "warning: listen: changed; takes effect after a restart" in each.stderr
    assert "listen: changed; takes effect after a restart" in running.command("status").stdout
    running.stop()
    running.start()
    assert running.command("reload").stderr == ""


def test_reload_other_number_of_workers_takes_effect(running: Daemon) -> None:
    running.settings_file.write_text(running.settings_file.read_text().replace("workers: 1", "workers: 3"))

    assert "3 workers" in running.command("reload").stdout
    assert len(settled(running).workers) == 3


def test_reload_storm_of_signals_is_survived_and_answered(running: Daemon, milter: Client) -> None:
    for number in range(2000):
        running.kill(signal.SIGHUP)
        if number == 1000:
            write(running, policy("new"))

    assert running.command("reload").returncode == 0
    now = settled(running)
    assert 1 <= now.reload.total <= 2001
    assert now.reload.failed == now.restarts == now.faults == 0
    assert judged(milter(f"unix:{running.socket}").transaction(Mail())) == "new"


def test_reload_that_needs_a_folder_that_cannot_be_made_is_refused(running: Daemon) -> None:
    (running.directory / "file").touch()
    good = running.settings_file.read_text()

    for word in ("runtime_directory: run", "spool_directory: spool"):
        running.settings_file.write_text(good.replace(word, f"{word.partition(':')[0]}: file/below"))
        assert not running.reload().reload.good
        assert f"{running.directory}/file/below: cannot be made: Not a directory" in "".join(
            known(running).reload.problems
        )
    assert known(running).faults == 0


def test_runtime_directory_tidied_away_mail_goes_on_and_a_restart_mends(
    running: Daemon, milter: Client
) -> None:
    client = milter(f"unix:{running.socket}")
    client.connect()
    shutil.rmtree(running.directory / "run" / "metrics")
    for file in (running.directory / "run").glob("state*"):
        file.unlink()
    (running.directory / "run" / "state.json").mkdir()

    running.kill(signal.SIGHUP)
    eventually(lambda: "event=state_not_written" in running.log())
    eventually(lambda: "event=uncounted" in running.log())

    assert client.transaction(Mail()).edits
    assert milter(f"unix:{running.socket}").transaction(Mail()).edits
    (running.directory / "run" / "state.json").rmdir()
    running.stop()
    running.start()
    assert running.command("status").returncode == 0
    eventually(lambda: 'postseal_messages_total{result="accepted"} 0.0' in running.metrics())
