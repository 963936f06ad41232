"""Ending sessions: a reader is signed out, an administrator as well, and nobody else."""

import re
from datetime import UTC, datetime, timedelta

from admin_place import ANN, REV, SUE, Office
from portal_place import path_of
from postseal.store.passkeys import Passkey

BOB, CAT = "bob@ending.test", "cat@ending.test"


def test_end_signs_a_reader_out_and_forgets_his_passkeys(at: Office) -> None:
    path = path_of(at.here.sealed(to=(BOB, CAT)))
    bob, cat = at.here.signed_in(path, BOB), at.here.signed_in(path, CAT)
    now = datetime.now(UTC)
    at.here.ring.passkeys.add(Passkey(b"of bob", b"k", BOB, 0, now, now + timedelta(days=1)))
    assert bob.get(f"{path}/body").status == 200
    sue = at.signed_in("support")

    page = sue.get(f"/people?address={BOB.upper()}").text
    assert len(re.findall(r"with passcode\.", page)) == 1
    assert "Passkeys: 1" in page
    ended = sue.post("/people/end", address=BOB)

    assert "Sessions ended: 1. Passkeys forgotten: 1." in ended.text
    assert bob.get(f"{path}/body").status == 403
    assert cat.get(f"{path}/body").status == 200
    assert at.here.ring.passkeys.of(BOB, at=now) == ()
    assert f"{SUE} end sessions address={BOB}" in at.acts()
    mine = [row for row in at.here.ring.audit.newest(20) if row.address == BOB]
    rows = [(row.event, row.address, row.detail) for row in mine[:2]]
    by = f"by {SUE}, an administrator"
    assert rows == [("signed_out", BOB, f"1 sessions, {by}"), ("passkey_removed", BOB, by)]
    assert "There are no sessions" in sue.get(f"/people?address={BOB}").text


def test_admin_signs_administrators_out_also_himself(at: Office) -> None:
    rev, ann = at.signed_in("auditor"), at.signed_in("admin")
    link = at.link(REV)
    assert "Administrator: signed in" in ann.get(f"/people?address={REV}").text

    ann.post("/people/end", address=REV)
    assert rev.get("/audit").to == "/sign-in"
    assert at.visitor().post(link).status == 403
    assert ann.post("/people/end", address=ANN).to == "/sign-in"
    assert ann.get("/people").to == "/sign-in"


def test_support_ends_what_administrators_read_and_not_what_they_administer(at: Office) -> None:
    path = path_of(at.here.sealed(to=(ANN,)))
    reading, ann, sue = at.here.signed_in(path, ANN), at.signed_in("admin"), at.signed_in("support")
    assert "Administrator: signed in" not in sue.get(f"/people?address={ANN}").text
    link = at.link(ANN)

    assert "Sessions ended: 1." in sue.post("/people/end", address=ANN).text
    assert reading.get(f"{path}/body").status == 403
    assert ann.get("/keys").status == 200
    assert at.visitor().post(link).status == 303
    assert sue.post("/people/end", address=SUE).to == "/sign-in"
    assert sue.get("/people").to == "/sign-in"


def test_command_ends_sessions_of_administrators_too(at: Office) -> None:
    rev = at.signed_in("auditor")
    at.command("signout", REV)

    assert rev.get("/audit").to == "/sign-in"


def test_form_without_an_address_is_refused(at: Office) -> None:
    assert at.signed_in("support").post("/people/end").status == 400
