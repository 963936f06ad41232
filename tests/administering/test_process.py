"""The process: how it starts, why it does not, and what happens while the store is away."""

import sqlite3
from pathlib import Path

import pytest

from admin_place import AdminPage, Office
from demo.service import NotStarted
from portal_place import id_of

ADMIN = "admin: {address: 'https://a.example', people: {a@b.example: admin}}\n"


def page(folder: Path, text: str) -> AdminPage:
    made = AdminPage(folder)
    made.settings_file = folder / "postseal.yaml"
    made.settings_file.write_text(f"store: sqlite:///{folder}/store.sqlite\n{text}")
    return made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no administrators' page (admin: address)"),
        (
            "ome: {master_keys: 'file:/nonexistent'}\n" + ADMIN,
            "the master keys cannot be read",
        ),
        ("admin: {address: 'https://a.example'}\n", "nobody could do anything"),
    ],
)
def test_page_that_cannot_be_served_says_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(NotStarted) as caught:
        page(tmp_path, text).start()

    assert said in str(caught.value)


def test_port_that_is_taken_is_told(at: Office) -> None:
    second = AdminPage(at.page.directory)
    second.log_file = at.page.directory / "second.log"
    second.settings_file = at.page.settings_file

    with pytest.raises(NotStarted, match="Address already in use"):
        second.start()


def test_nothing_is_done_that_the_audit_cannot_be_told(at: Office) -> None:
    """The audit is locked for longer than the store may take: no look, no act."""
    message = id_of(at.here.sealed(to=("bob@one.test",)))
    admin = at.signed_in("admin")
    file = at.here.portal.settings_file.parent / "store" / "store.sqlite"
    with sqlite3.connect(file, timeout=60, isolation_level=None) as holder:
        holder.execute("CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
        try:
            assert admin.get(f"/messages/{message.hex()}").status == 503
            assert admin.get("/audit/export?format=csv").status == 503
            assert admin.post(f"/messages/{message.hex()}/revoke").status == 503
        finally:
            holder.execute("DROP TRIGGER no_audit")
    holder.close()
    known = at.here.ring.messages.of(message)
    assert known
    assert [one.state for one in known.recipients] == ["open"]
    assert admin.get(f"/messages/{message.hex()}").status == 200


def test_page_stops_when_it_is_asked_to(at: Office) -> None:
    assert at.page.stop() == 0
    at.page.start()
    assert "event=admin_ready" in at.page.log()
    assert at.visitor().get("/sign-in").status == 200
