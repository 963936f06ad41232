"""Copies to take along: who gets one, what is in it, and that nothing but the passphrase opens it."""

import io
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from offline_copies import FILE, PASSPHRASE, TEXT, Read, opened, read, sealed, taken, template
from portal.test_attachments import PASSWORD, parts
from portal_place import Place, leftovers
from postseal.licence import Attachments
from postseal.rights import OPTIONS, Right

DAY = 86400.0
BOUND = tuple(right for right in Right if right is not Right.VIEW)


def saved(octets: bytes, folder: Path) -> Read:
    file = folder / "copy.html"
    file.write_bytes(octets)
    found = read(file)
    assert found
    return found


@pytest.mark.parametrize(
    ("offline", "withheld", "may"),
    [
        (None, (), True),  # what may be saved may be saved encrypted
        (None, (Right.PRINT,), False),
        (0.0, (), False),
        (0.0, BOUND, False),
        (7 * DAY, (), True),
        (7 * DAY, BOUND, True),
        (math.inf, BOUND, True),
    ],
)
def test_copy_is_taken_only_where_the_template_allows_it(
    here: Place, offline: float | None, withheld: tuple[Right, ...], *, may: bool
) -> None:
    path, _, visitor = opened(here, offline, *withheld)

    assert ("Read without a network" in visitor.get(path).text) is may
    assert visitor.get(f"{path}/offline").status == (200 if may else 403)
    answer = taken(visitor, path)
    assert answer.status == (200 if may else 403)
    assert (answer.fields["Content-Disposition"] is not None) is may
    assert TEXT.encode() not in answer.body
    assert ("copied" in here.events(bytes.fromhex(path.removeprefix("/m/")))) is may


def test_do_not_forward_lets_no_copy_go_and_a_message_without_a_template_does(here: Place) -> None:
    restricted, _, bob = sealed(here, (OPTIONS["do_not_forward"],), (Right.FORWARD, Right.PRINT, Right.COPY))
    free, _, cat = sealed(here, ())

    assert taken(bob, restricted).status == 403
    assert taken(cat, free).status == 200


def test_nobody_else_takes_one(here: Place) -> None:
    path, _, visitor = opened(here, 7 * DAY)
    _, _, stranger = opened(here, 7 * DAY)

    for who in (stranger, here.visitor()):
        assert taken(who, path).status == 303
        assert who.get(f"{path}/offline").status == 303
    visitor.send["Sec-Fetch-Site"] = "cross-site"
    assert taken(visitor, path).status == 403


def test_stranger_opens_it_with_the_passphrase_alone(here: Place, tmp_path: Path) -> None:
    path, reader, visitor = opened(here, 7 * DAY, lifetime=30 * DAY)

    answer = taken(visitor, path, "Sieben wilde Gänse auf Eis")
    file = tmp_path / "copy.html"
    file.write_bytes(answer.body)
    found = read(file, "Sieben wilde Ga\u0308nse auf Eis")  # as some keyboards write it

    assert found
    assert (found.head["kdf"], found.head["iterations"]) == ("PBKDF2-HMAC-SHA256", 600_000)
    assert TEXT in found.document
    assert reader in found.content
    assert "Board only" in found.content
    assert found.parts[3:] == [FILE]
    assert read(file, "Sieben wilde Gaense auf Eis") is None


def test_every_octet_counts(here: Place, tmp_path: Path) -> None:
    path, _, visitor = opened(here, 7 * DAY)
    whole = taken(visitor, path).body.decode()
    start, head = whole.index('id="sealed">') + 13, whole.index('"until":"') + 9
    end = whole.index("</script>", start)
    file = tmp_path / "copy.html"

    for at in (head + 3, whole.index('"from":"') + 11, start, (start + end) // 2, end - 6):
        other = "9" if whole[at] != "9" else "8"
        file.write_text(whole[:at] + other + whole[at + 1 :])
        assert read(file) is None, whole[at - 20 : at + 20]
    file.write_text(whole[: end - 77] + whole[end:])  # cut off
    assert read(file) is None
    file.write_text(whole)
    assert read(file)


@pytest.mark.parametrize(
    ("offline", "lifetime", "life"),
    [
        (7 * DAY, 30 * DAY, 7 * DAY),
        (7 * DAY, 2 * DAY, 2 * DAY),
        (math.inf, 30 * DAY, 30 * DAY),
        (7 * DAY, None, 7 * DAY),
        (math.inf, None, None),
    ],
)
def test_it_is_good_as_long_as_message_and_template_say(
    here: Place, tmp_path: Path, offline: float, lifetime: float | None, life: float | None
) -> None:
    path, _, visitor = opened(here, offline, lifetime=lifetime)

    head = saved(taken(visitor, path).body, tmp_path).head

    now = datetime.now(UTC)
    assert abs(datetime.fromisoformat(str(head["from"])) - now) < timedelta(minutes=5)
    if life is None:
        assert head["until"] is None
    else:
        until = datetime.fromisoformat(str(head["until"]))
        assert abs(until - now - timedelta(seconds=life)) < timedelta(minutes=5)
        assert here.ring.audit.of(bytes.fromhex(path.removeprefix("/m/")))[-1].detail == head["until"]


def test_what_is_withheld_is_not_in_it_and_the_mark_is(here: Place, tmp_path: Path) -> None:
    path, _, visitor = opened(here, 7 * DAY, *BOUND)

    found = saved(taken(visitor, path).body, tmp_path)

    assert len(found.parts) == 3
    assert FILE[:40] not in b"".join(found.parts)
    assert "This file is not in the copy" in found.content
    assert " unprinted uncopied" in found.content
    assert "@media print{html{display:none" in found.document
    assert "user-select:none" in found.document
    assert "body::after" in found.document


def test_files_that_may_leave_encrypted_are_in_it_with_their_password(here: Place, tmp_path: Path) -> None:
    chosen, files = template(7 * DAY), parts()
    path, _, visitor = sealed(here, (chosen,), BOUND, parts=files, attachments=Attachments.PROTECT)
    password = PASSWORD.findall(visitor.get(path).text)

    found = saved(taken(visitor, path).body, tmp_path)

    (pdf,) = found.parts[3:]  # text cannot be locked, and no Word document without a right withheld
    assert PASSWORD.findall(found.content) == password
    with pikepdf.open(io.BytesIO(pdf), password=password[0]) as document:
        assert not document.allow.print_highres
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(pdf))
    assert found.content.count("data-file") == 1
    assert found.content.count("This file is not in the copy") == 2


def test_it_speaks_the_reader_s_language(here: Place, tmp_path: Path) -> None:
    path, _, visitor = opened(here, 7 * DAY, *BOUND)
    visitor.send["Accept-Language"] = "ar"

    answer = taken(visitor, path)

    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "لا يسمح المرسل بما يلي" in saved(answer.body, tmp_path).content


@pytest.mark.parametrize(
    ("passphrase", "again", "told"),
    [
        ("wild geese", "wild geese", "too short"),
        (PASSPHRASE, PASSPHRASE + "!", "not the same"),
        ("passwordpassword", "passwordpassword", "can be found by trying"),
        ("123456789012345", "123456789012345", "can be found by trying"),
        ("aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa", "can be found by trying"),
        ("READER", "READER", "can be found by trying"),
    ],
)
def test_weak_passphrase_is_refused_and_not_repeated(
    here: Place, passphrase: str, again: str, told: str
) -> None:
    path, reader, visitor = opened(here, 7 * DAY)
    passphrase, again = (each.replace("READER", reader) for each in (passphrase, again))

    answer = visitor.post(f"{path}/offline", passphrase=passphrase, again=again)

    assert answer.status == 422
    assert told in answer.text
    assert f'value="{passphrase}"' not in answer.text


def test_proposed_passphrase_is_taken_and_another_each_time(here: Place) -> None:
    path, _, visitor = opened(here, 7 * DAY)

    proposed = {
        re.findall(r"<code[^>]*>([\w-]+)</code>", visitor.get(f"{path}/offline").text)[0] for _ in "ab"
    }

    assert len(proposed) == 2
    assert {taken(visitor, path, each).status for each in proposed} == {200}


def test_passphrase_is_kept_nowhere(here: Place) -> None:
    path, _, visitor = opened(here, 7 * DAY)
    passphrase = "a sentence that is typed only once"
    assert taken(visitor, path, passphrase).status == 200

    kept = [*leftovers(here.portal.directory.parent), here.portal.log().encode()]

    assert kept
    assert not any(passphrase.encode() in octets for octets in kept)


def test_two_copies_have_nothing_in_common(here: Place) -> None:
    path, _, visitor = opened(here, 7 * DAY)

    found = [re.findall(r'"(?:salt|nonce)":"([^"]+)"', taken(visitor, path).text) for _ in "ab"]

    assert [len(each) for each in found] == [2, 2]
    assert not set(found[0]) & set(found[1])


def test_copy_is_refused_where_the_licence_is_over(here: Place) -> None:
    path, _, visitor = opened(here, 7 * DAY)
    here.ring.access.revoke(bytes.fromhex(path.removeprefix("/m/")), at=datetime.now(UTC))

    assert taken(visitor, path).status == 410
