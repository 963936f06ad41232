"""Who is on a list: by the directory, a program, a server; and whoever cannot say lets nobody in."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from postseal.errors import BadInput, Cause, Failure
from postseal.people.members import ByAnswer, Members, load
from postseal.settings.judging import Directory
from postseal.settings.lists import Lists

TEAM, ALL, ANN = "team@example.com", "all@example.com", "ann@example.com"
PEOPLE = f"""
people: [{{address: {ANN}, aliases: [a.miller@example.com], groups: [sales]}}]
groups:
  Team@Example.com: [a.miller@example.com, cy@example.com]
  {ALL}: [{TEAM}, {ALL}, bob@mail.example]
"""


def loaded(*, directory: Path | None = None, **settings: object) -> Members:
    lists = Lists(directory=directory is not None, **settings)  # type: ignore[arg-type] # of different kinds
    found = load(lists, Directory(file=directory), authorization=str)
    assert found
    return found


def program(folder: Path, script: str) -> tuple[str, ...]:
    file = folder / "members"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return (str(file), "--of", "{list}")


def test_file_knows_members_by_all_their_addresses_and_lists_within_lists(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(PEOPLE)
    members = loaded(directory=tmp_path / "people.yaml")

    assert members.list_of(ANN, [TEAM]) == TEAM
    assert members.list_of("a.miller@example.com", [ALL]) == ALL
    assert members.list_of("bob@mail.example", [TEAM, ALL]) == ALL
    assert members.list_of("eve@example.com", [TEAM, ALL]) == ""
    assert members.list_of(ANN, ["sales", "sales@example.com"]) == ""  # no list of that address


def test_file_that_changes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postseal.people.members._LOOK", 0.0)
    file = tmp_path / "people.yaml"
    file.write_text(PEOPLE)
    members = loaded(directory=file)
    assert members.list_of("cy@example.com", [TEAM]) == TEAM

    file.write_text("groups: [bad")
    assert members.list_of("cy@example.com", [TEAM]) == TEAM
    file.write_text(PEOPLE.replace(", cy@example.com", ""))
    assert members.list_of("cy@example.com", [TEAM]) == ""


def test_program_prints_the_members(tmp_path: Path) -> None:
    script = f'[ "$2" = {TEAM} ] && echo "Ann@Example.com, cy@example.com" && exit 0; exit 1'
    members = loaded(command=program(tmp_path, script))

    assert members.list_of(ANN, ["x@example.com", TEAM]) == TEAM
    assert members.list_of("eve@example.com", [TEAM]) == ""
    assert members.list_of(ANN, ["-rf@example.com", "$(echo team)@example.com"]) == ""


@pytest.mark.parametrize(
    "script",
    ["exit 2", "echo broken >&2; exit 1", f"echo {ANN}; exit 75", "sleep 30", r"printf '\377'"],
)
def test_program_that_fails_lets_nobody_in(tmp_path: Path, script: str) -> None:
    members = loaded(command=program(tmp_path, script), timeout=1.0)

    with pytest.raises(Failure) as caught:
        members.list_of(ANN, [TEAM])

    assert caught.value.cause is Cause.DIRECTORY


def test_program_that_is_missing_lets_nobody_in(tmp_path: Path) -> None:
    with pytest.raises(Failure):
        loaded(command=(str(tmp_path / "none"), "{list}")).list_of(ANN, [TEAM])


def test_answer_is_remembered_for_a_while_and_no_longer() -> None:
    now, asked = 0.0, []

    def answered(wanted: str) -> list[str]:
        asked.append(wanted)
        return [ANN] if now < 100 else []

    members = ByAnswer(answered, Lists(remembered=300.0), clock=lambda: now)
    assert members.list_of(ANN, [TEAM]) == TEAM
    now = 299
    assert members.list_of(ANN, [TEAM]) == TEAM
    now = 301
    assert members.list_of(ANN, [TEAM]) == ""
    assert asked == [TEAM, TEAM]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, bytes], str]]:
    """Gives a server's address that answers with a status and octets; TLS is the opener's affair."""
    answers: list[tuple[int, bytes]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            assert asked == b'{"list": "team@example.com"}'
            assert self.headers["Authorization"] == "Bearer abc"
            status, octets = answers[-1]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    monkeypatch.setattr("postseal.finding.web.strict", lambda _: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()

        def serve(status: int, octets: bytes) -> str:
            answers.append((status, octets))
            return f"http://127.0.0.1:{server.server_port}/members"

        yield serve
        server.shutdown()
        thread.join(30)


def asks(url: str) -> str:
    members = load(Lists(url=url), Directory(), authorization=lambda: "Bearer abc")
    assert members
    return members.list_of(ANN, [TEAM])


def test_server_answers_with_the_members(served: Callable[[int, bytes], str]) -> None:
    assert asks(served(200, b'{"members": ["ANN@example.com", "cy@example.com"]}')) == TEAM
    assert asks(served(200, b'{"members": []}')) == ""
    assert asks(served(404, b"")) == ""


@pytest.mark.parametrize(
    ("status", "octets"),
    [
        (500, b""),
        (403, b""),
        (200, b"ann@example.com"),
        (200, b'{"members": "ann@example.com"}'),
        (200, b'{"members": [1]}'),
        (200, b'["ann@example.com"]'),
        (200, b"[" * 100_000),
    ],
)
def test_server_that_makes_no_sense_lets_nobody_in(
    served: Callable[[int, bytes], str], status: int, octets: bytes
) -> None:
    with pytest.raises(Failure) as caught:
        asks(served(status, octets))

    assert caught.value.cause is Cause.DIRECTORY


def test_any_one_source_is_enough_and_a_failing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(PEOPLE)
    members = loaded(directory=tmp_path / "people.yaml", command=program(tmp_path, "exit 9"))

    assert members.list_of(ANN, [TEAM]) == TEAM
    with pytest.raises(Failure):
        members.list_of("eve@example.com", [TEAM])


def test_nobody_is_asked_unless_it_is_set() -> None:
    assert load(Lists(), Directory(), authorization=str) is None
    with pytest.raises(BadInput, match="there is no directory"):
        load(Lists(directory=True), Directory(), authorization=str)
