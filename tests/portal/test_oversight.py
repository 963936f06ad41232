"""Super users: who is one, by which sign-in; a reason first; and what stays closed to them, too."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from demo.visitor import Visitor
from portal_account import arrive, leave, provider_settings
from portal_place import Place, path_of, place
from postseal.rights import Right
from postseal.store.audit import Event
from postseal.store.schema_sealed import audit
from providerserver import ProviderServer
from sealing import message

ADA, BEA, TEXT = "ada@lab.test", "bea@lab.test", "The numbers: 1, 2, 3."
_count = iter(range(100))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, ProviderServer]]:
    people = tmp_path_factory.mktemp("people") / "people.yaml"
    people.write_text(f"groups: {{auditors: [{BEA}]}}")
    with ProviderServer(tmp_path_factory.mktemp("provider")) as server:
        more = f"  super_users: {{people: [{ADA}], groups: [Auditors], sign_in: [lab]}}\n"
        more += f"directory: {{file: {people}}}\n" + provider_settings(server, "lab", "other")
        with place(more=more) as opened:
            yield opened, server


@pytest.fixture
def here(running: tuple[Place, ProviderServer]) -> Place:
    running[0].sink.take(len(running[0].sink.deliveries))
    return running[0]


@pytest.fixture
def server(running: tuple[Place, ProviderServer]) -> ProviderServer:
    return running[1]


def sealed(here: Place, to: str = "", *withheld: Right, lifetime: float | None = None) -> str:
    to = to or f"bob-{next(_count)}@one.test"
    given = message(identity=f"<{datetime.now(UTC).timestamp()}@lab.test>")
    return path_of(here.sealed(given, to=(to,), withheld=withheld, lifetime=lifetime))


def signed_in(here: Place, server: ProviderServer, path: str, address: str = ADA, by: str = "lab") -> Visitor:
    """Whoever has come for the message at *path* with an account at the provider *by*."""
    server.claims["email"] = address
    visitor = here.visitor()
    arrive(visitor, server, leave(visitor, path, by), provider=by)
    return visitor


def reads(visitor: Visitor, path: str) -> bool:
    return TEXT in visitor.get(f"{path}/oversight/body").text


def told(here: Place, path: str) -> list[tuple[str, str, str]]:
    rows = here.ring.audit.of(bytes.fromhex(path[3:]))
    return [
        (row.event, row.address, row.detail) for row in rows if row.event not in {"sealed", "authenticated"}
    ]


@pytest.mark.parametrize("who", [ADA, BEA], ids=["person", "group"])
def test_super_user_says_why_and_reads(here: Place, server: ProviderServer, who: str) -> None:
    path = sealed(here, "", Right.PRINT)
    visitor = signed_in(here, server, path, who)
    assert visitor.get(path).to == f"{path}/oversight"
    asked = visitor.get(f"{path}/oversight").text
    assert "Your reason" in asked
    assert "the secret quarter" not in asked
    assert not reads(visitor, path)
    assert visitor.get(f"{path}/oversight/message.eml").to == path
    for bad in ("", " \n", "x" * 251):
        assert visitor.post(f"{path}/oversight", reason=bad).status == 422
    assert told(here, path) == []

    assert visitor.post(f"{path}/oversight", reason="case\r\n17 <b>").to == f"{path}/oversight"

    assert "the secret quarter" in visitor.get(f"{path}/oversight").text
    assert reads(visitor, path)
    assert TEXT.encode() in visitor.get(f"{path}/oversight/message.eml").body  # though saving is withheld
    assert told(here, path) == [
        ("overseen", who, "case 17 <b>"),
        ("shown", who, "as a super user"),
        ("fetched", who, "message.eml, as a super user"),
    ]
    assert here.ring.audit.verify().bad == 0
    assert 'event="overseen"' in here.portal.private("/metrics")[1]
    other = sealed(here)
    assert not reads(visitor, other)  # a reason is for one message


@pytest.mark.parametrize(
    ("address", "by"), [(ADA, "other"), ("eve@lab.test", "lab"), ("ada@lab.test.one.test", "lab")]
)
def test_nobody_else_and_by_no_other_sign_in(
    here: Place, server: ProviderServer, address: str, by: str
) -> None:
    path = sealed(here)
    visitor = signed_in(here, server, path, address, by)

    assert visitor.get(path).status == 200  # the page to sign in
    assert visitor.get(f"{path}/oversight").to == path
    assert visitor.post(f"{path}/oversight", reason="because").to == path
    assert not reads(visitor, path)
    assert "overseen" not in here.events(bytes.fromhex(path[3:]))


def test_code_by_mail_is_not_enough(here: Place) -> None:
    own, path = sealed(here, ADA), sealed(here)
    visitor = here.signed_in(own, ADA)

    assert visitor.get(f"{path}/oversight").to == path
    assert visitor.post(f"{path}/oversight", reason="because").to == path
    assert not reads(visitor, path)
    asked = here.visitor()
    asked.get(path)
    asked.post(f"{path}/address", address=ADA)
    assert here.sink.is_quiet()  # she is no recipient


def test_other_ways_stay_closed(here: Place, server: ProviderServer) -> None:
    path = sealed(here)
    visitor = signed_in(here, server, path)
    visitor.post(f"{path}/oversight", reason="case 17")
    assert reads(visitor, path)

    for way in ("body", "message.eml", "attachment/0", "reply", "forward", "passkeys", "copy"):
        assert visitor.get(f"{path}/{way}").status in {303, 403, 404}, way
    visitor.send = {**visitor.send, "Sec-Fetch-Site": "cross-site"}
    assert visitor.post(f"{path}/oversight", reason="case 18").status == 403


def test_reason_is_good_for_its_time(here: Place, server: ProviderServer) -> None:
    path = sealed(here)
    visitor = signed_in(here, server, path)
    visitor.post(f"{path}/oversight", reason="case 17")
    assert reads(visitor, path)

    old = update(audit).where(audit.c.event == Event.OVERSEEN.value)
    ago = datetime.now(UTC) - timedelta(hours=1, seconds=1)
    here.ring.store.write(lambda wire: wire.execute(old.values(at=ago)))
    try:
        assert not reads(visitor, path)
        assert "Your reason" in visitor.get(f"{path}/oversight").text
    finally:  # the rows were changed, and that shows
        assert here.ring.audit.verify().bad
        here.ring.store.write(lambda wire: wire.exec_driver_sql("DELETE FROM audit"))


def test_what_is_closed_for_everybody_is_closed_for_super_users(here: Place, server: ProviderServer) -> None:
    path, at = sealed(here), datetime.now(UTC)
    visitor = signed_in(here, server, path)
    visitor.post(f"{path}/oversight", reason="case 17")
    access, id_ = here.ring.access, bytes.fromhex(path[3:])

    access.revoke(id_, at=at, undo=at + timedelta(days=1))
    assert visitor.get(f"{path}/oversight").status == 404
    assert not reads(visitor, path)
    access.restore(id_, at=at)
    assert reads(visitor, path)
    access.revoke(id_, at=at)
    assert not reads(visitor, path)


def test_audit_knows_who_they_are(here: Place) -> None:
    for _ in range(2):  # the second time nothing has changed
        here.portal.stop()
        here.portal.start()

    rows = [row for row in here.ring.audit.every() if row.event == "super_users"]

    assert len(rows) == 1
    assert rows[0].detail.endswith(f"{ADA}, group Auditors, by lab")


BAD = {
    "no sign-in": "{people: [ada@lab.test]}",
    "code": "{people: [ada@lab.test], sign_in: [passcode]}",
    "unknown": "{people: [ada@lab.test], sign_in: [lab]}",
}


@pytest.mark.parametrize("written", BAD.values(), ids=BAD)
def test_sign_in_that_is_not_good_enough_is_refused(here: Place, tmp_path: Path, written: str) -> None:
    settings = re.sub(
        r"super_users: \{.*\}", f"super_users: {written}", here.portal.settings_file.read_text()
    )
    settings = re.sub(r"(?ms)^sign_in:.*?(?=^\S|\Z)", "", settings)
    (tmp_path / "postseal.yaml").write_text(settings)

    command = [sys.executable, "-m", "postseal", "portal", "--settings", str(tmp_path / "postseal.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "super users need a sign-in that is good enough" in ended.stderr
