"""The audit on the page: all acts are in it, it is checked, and its export shows what was changed."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from admin_place import ANN, REV, Office
from demo.visitor import Visitor
from portal_place import id_of


@pytest.fixture
def rev(at: Office) -> Visitor:
    at.here.sealed(to=("bob@one.test", "cat@two.test"))
    return at.signed_in("auditor")


@pytest.fixture
def changed(at: Office, rev: Visitor) -> Iterator[int]:
    """The number of a row that somebody with the database has changed."""
    number = at.here.ring.audit.newest(1)[0].number - 2

    def change(was: str, becomes: str) -> None:
        command = f"UPDATE audit SET address = replace(address, '{was}', '{becomes}') WHERE number = {number}"
        at.here.ring.store.write(lambda connection: connection.execute(text(command)))

    change("@", "@not-")
    yield number
    change("@not-", "@")


def exported(visitor: Visitor, query: str) -> list[dict[str, str]]:
    answer = visitor.get(f"/audit/export?{query}")
    assert answer.status == 200
    assert answer.fields["Content-Disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def test_export_as_csv_is_all_of_it_and_verifies(at: Office, rev: Visitor) -> None:
    *rows, last = exported(rev, "format=csv")

    assert [int(row["number"]) for row in rows] == list(range(1, len(rows) + 1))
    assert {row["good"] for row in rows} == {"yes"}
    assert (last["event"], last["detail"], last["good"]) == ("check", f"{len(rows)} rows, 0 bad", "yes")
    assert last["mac"] == rows[-1]["mac"]
    assert {row["mac"] for row in rows} <= {row.mac.hex() for row in at.here.ring.audit.every()}
    # The export is in what it exports.
    *_, act = [row for row in rows if row["event"] == "administered"]
    assert act["address"] == REV
    assert act["detail"].endswith("export the audit format=csv")


def test_export_as_json_is_the_same(at: Office, rev: Visitor) -> None:
    answer = rev.get("/audit/export?format=json")
    told = json.loads(answer.body)

    assert answer.fields["Content-Type"] == "application/json"
    assert all(row["good"] for row in told["rows"])
    assert told["check"] == {
        "rows": len(told["rows"]),
        "bad": [],
        "bad_rows": 0,
        "last": told["rows"][-1]["mac"],
    }
    lines = {row["number"]: row for row in exported(rev, "format=csv")}
    for row in told["rows"]:
        line = lines[str(row["number"])]
        assert (line["mac"], line["event"], line["at"]) == (row["mac"], row["event"], row["at"])


def test_export_of_some_days_is_checked_from_the_beginning(at: Office, rev: Visitor) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    today = datetime.now(UTC).date() - timedelta(days=1)

    (only,) = exported(rev, f"format=csv&since={tomorrow + timedelta(days=1)}")
    assert only["detail"].endswith("rows, 0 bad")
    assert len(exported(rev, f"format=csv&since={today}&until={tomorrow}")) > 1
    for bad in ("format=xml", "format=csv&since=never"):
        assert rev.get(f"/audit/export?{bad}").status == 400


def test_changed_row_is_shown_and_marked_in_both_exports(at: Office, rev: Visitor, changed: int) -> None:
    page = rev.get("/audit/check").text
    assert f"Row {changed} is not as it was written." in page

    *rows, last = exported(rev, "format=csv")
    assert [int(row["number"]) for row in rows if row["good"] == "no"] == [changed]
    assert (last["good"], last["detail"]) == ("no", f"{len(rows)} rows, 1 bad, the first {changed}")
    told = json.loads(rev.get("/audit/export?format=json").body)
    assert told["check"]["bad"] == [changed]


def test_row_that_was_taken_out_is_found(at: Office, rev: Visitor) -> None:
    number = at.here.ring.audit.newest(1)[0].number - 2
    store = at.here.ring.store
    row = store.read(lambda c: c.execute(text(f"SELECT * FROM audit WHERE number = {number}")).one())
    store.write(lambda c: c.execute(text(f"DELETE FROM audit WHERE number = {number}")))
    try:
        told = json.loads(rev.get("/audit/export?format=json").body)
        assert told["check"]["bad"] == [number + 1]
        assert f"Row {number} is not as it was written." in rev.get("/audit/check").text
    finally:
        columns = ", ".join(row._fields)
        values = ", ".join(f":{name}" for name in row._fields)
        put_back = text(f"INSERT INTO audit ({columns}) VALUES ({values})")
        store.write(lambda c: c.execute(put_back, row._asdict()))
    assert "rows are as they were written." in rev.get("/audit/check").text


def test_no_cell_is_a_formula(at: Office, rev: Visitor) -> None:
    at.here.sealed(to=("=cmd@evil.test",))

    (row,) = [row for row in exported(rev, "format=csv") if "=cmd" in row["address"]]
    assert row["address"] == "'=cmd@evil.test"
    told = json.loads(rev.get("/audit/export?format=json").body)
    assert "=cmd@evil.test" in [row["address"] for row in told["rows"]]


def test_every_look_and_every_act_is_in_the_audit_with_who_and_which_session(at: Office) -> None:
    mail = at.here.sealed(to=("bob@one.test",))
    id_ = id_of(mail).hex()
    ann = at.signed_in("admin")
    begun = len(at.acts())
    for way in (
        "/messages?sender=ann@lab.test&since=2026-01-01",
        f"/messages/{id_}",
        "/people?address=bob@one.test",
        "/audit/check",
        "/keys",
        "/replies",
    ):
        assert ann.get(way).status == 200
    for path, form in (
        (f"/messages/{id_}/extend", {"until": "2099-12-31"}),
        (f"/messages/{id_}/revoke", {}),
        (f"/messages/{id_}/restore", {}),
        ("/replies/retry", {}),
        ("/people/end", {"address": "bob@one.test"}),
        ("/out", {}),
    ):
        assert ann.post(path, **form).status in {200, 303}

    assert at.acts()[begun:] == [
        f"{ANN} {act}"
        for act in (
            "search sender=ann@lab.test since=2026-01-01",
            "look at a message",
            "look at sessions address=bob@one.test",
            "check the audit",
            "look at keys",
            "look at replies",
            "extend until=2099-12-31",
            "revoke",
            "undo revoking",
            "try replies again",
            "end sessions address=bob@one.test",
            "signed out",
        )
    ]
    rows = [row for row in at.here.ring.audit.every() if row.event == "administered"][-12:]
    assert len({row.detail.partition(" ")[0] for row in rows}) == 1  # one session
    assert rows[0].detail.startswith("session=")
    assert [row.message for row in rows if row.message] == [bytes.fromhex(id_)] * 4
