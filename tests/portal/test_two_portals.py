"""Two processes of the portal beside each other share the database, here PostgreSQL, and nothing else."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import postgres as private
from demo.place import open_directory
from demo.visitor import Answer, Visitor
from portal_place import Place, id_of, path_of, place
from postgres import Postgres
from sealing import attached


@contextmanager
def second(here: Place) -> Iterator[int]:
    """Another instance; its port."""
    command = [sys.executable, "-m", "postseal", "portal", "--settings", str(here.portal.settings_file)]
    with subprocess.Popen([*command, "--instance", "2"], stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            while b"event=portal_ready" not in process.stderr.readline():
                assert process.poll() is None
            # Nobody reads on: what it says later must find room.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield here.portal.port + 1
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Place, int]]:
    """A place with a PostgreSQL, and the port of its second portal."""
    if private.programs() is None:
        pytest.skip("no PostgreSQL: contrib/install-tools installs it")
    with (
        open_directory() as directory,
        Postgres(directory) as server,
        place(store=server.new_schema()) as here,
        second(here) as port,
    ):
        yield here, port


def beside(here: Place, visitor: Visitor, port: int) -> Visitor:
    """The same browser, led to the other process by a web server in front."""
    host = here.portal.address.removeprefix("https://")
    return Visitor(port, visitor.cookie, {**visitor.send, "Host": host})


def test_every_step_may_be_at_another_process(both: tuple[Place, int]) -> None:
    here, port = both
    mail = here.sealed(to=("two@one.test",))
    visitor = here.visitor()

    handle = beside(here, visitor, port).post_file(attached(mail)).to
    assert visitor.post(f"{handle}/address", address="two@one.test").status == 303
    other = beside(here, visitor, port)
    assert other.post(f"{handle}/code", code=here.code()[1]).to == handle
    visitor.cookie = other.cookie
    assert "1, 2, 3" in visitor.get(f"{handle}/body").text
    assert beside(here, visitor, port).post("/out").status == 200

    assert visitor.get(f"{handle}/body").status == 403
    assert here.events(id_of(mail)) == ["sealed", "posted", "code_sent", "authenticated", "shown"]
    assert here.ring.audit.verify().bad == 0


def test_fifty_guesses_at_both_are_five_together(both: tuple[Place, int]) -> None:
    here, port = both
    path = path_of(here.sealed(to=("fifty@two.test",)))
    visitor = here.visitor()
    visitor.post(f"{path}/address", address="fifty@two.test")
    code = here.code()[1]
    wrong = f"{(int(code) + 1) % 10**8:08}"
    answers: list[Answer] = []

    def guess(number: int) -> None:
        one = beside(here, visitor, port if number % 2 else here.portal.port)
        answers.append(one.post(f"{path}/code", code=wrong))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [422] * 50
    assert here.events(id_of_path(path)).count("failed") == 5
    assert visitor.post(f"{path}/code", code=code).status == 422


def id_of_path(path: str) -> bytes:
    found = re.fullmatch(r"/m/([0-9a-f]{32})", path)
    assert found
    return bytes.fromhex(found[1])
