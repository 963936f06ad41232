"""`postseal apply` does to a file what the daemon does to mail."""

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.place import open_directory
from milteredits import Outcome, applied
from milterprotocol import Mail, MilterClient
from offline_place import FROM_INSIDE, Place, place, postseal
from postseal.sealed import keyfile


@pytest.fixture(scope="module")
def ours() -> Iterator[Place]:
    with open_directory() as directory:
        yield place(directory)


def decrypted(ours: Place, content: bytes) -> bytes:
    key = ours.directory / "bob.key"
    key.write_bytes(ours.bob.key_pem + ours.bob.pem)
    command = ["openssl", "cms", "-decrypt", "-inform", "SMIME", "-inkey", str(key)]
    done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_apply_writes_sealed_copy_and_summary_for_the_owner_only(ours: Place, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        done = ours.run("apply", ours.mail("please seal", "secret"), *FROM_INSIDE, "--out", tmp_path / "o")
    finally:
        os.umask(before)

    copy = tmp_path / "o" / "1-smime.eml"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{copy}  smime  for bob@one.test\n"
    assert b"secret" not in copy.read_bytes()
    assert b"secret" in decrypted(ours, copy.read_bytes())
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    row = {"file": str(copy), "method": "smime", "signed": False, "recipients": ["bob@one.test"]}
    assert summary == {"copies": [row]}
    assert [mode(file) for file in (copy, tmp_path / "o" / "summary.json")] == [0o600, 0o600]
    assert mode(tmp_path / "o") == 0o700


def test_apply_json_prints_the_summary(ours: Place, tmp_path: Path) -> None:
    done = ours.run("apply", ours.mail("hello"), *FROM_INSIDE, "--out", tmp_path / "o", "--json")

    assert json.loads(done.stdout) == json.loads((tmp_path / "o" / "summary.json").read_text())
    assert json.loads(done.stdout)["copies"][0]["method"] == "plain"


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_apply_refused_has_its_own_exit_code_and_writes_nothing(
    ours: Place, tmp_path: Path, as_json: bool
) -> None:
    words = ["--json"] if as_json else []

    done = ours.run("apply", ours.mail("refuse"), *FROM_INSIDE, "--out", tmp_path / "o", *words)

    assert done.returncode == 4
    assert not (tmp_path / "o").exists()
    if as_json:
        assert json.loads(done.stdout)["reply"]["text"] == "No such mail."
    else:
        assert done.stdout == "refused: 550 5.7.1 No such mail.\n"


def test_apply_refused_for_a_missing_certificate_says_because(ours: Place, tmp_path: Path) -> None:
    to_dan = ("--from", "ann@lab.test", "--to", "dan@nokey.test", "--client-ip", "127.0.0.1")

    done = ours.run("apply", ours.mail("please seal"), *to_dan, "--out", tmp_path / "o")

    assert done.returncode == 4
    assert done.stdout.startswith("refused: 451 ")
    assert re.search(r"(?m)^because: .*<dan@nokey.test>.* smime", done.stdout)


@pytest.mark.parametrize("name", ["1-plain.eml", "summary.json"])
@pytest.mark.parametrize("kind", ["file", "dangling-link"])
def test_apply_overwrites_nothing_and_then_writes_nothing(
    ours: Place, tmp_path: Path, name: str, kind: str
) -> None:
    there = tmp_path / name
    there.symlink_to(tmp_path / "elsewhere") if kind == "dangling-link" else there.write_text("precious")

    done = ours.run("apply", ours.mail("hello"), *FROM_INSIDE, "--out", tmp_path)

    assert done.returncode == 1
    assert f"{there} exists; choose another folder" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_apply_into_a_folder_with_other_files_leaves_them(ours: Place, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")

    assert ours.run("apply", ours.mail("hello"), *FROM_INSIDE, "--out", tmp_path).returncode == 0
    assert (tmp_path / "other").read_text() == "precious"


def test_apply_to_an_impossible_folder_is_told(ours: Place) -> None:
    done = ours.run("apply", ours.mail("hello"), *FROM_INSIDE, "--out", "/proc/none")

    assert done.returncode == 1
    assert "cannot write to /proc/none: " in done.stderr


def by_the_daemon(ours: Place, content: bytes) -> bytes:
    """*content* as the daemon leaves it."""
    head, _, body = content.partition(b"\r\n\r\n")
    headers = tuple(
        (name, value.replace(b"\r\n", b"\n"))
        for name, _, value in (field.partition(b":") for field in re.split(rb"\r\n(?![ \t])", head))
    )
    client = MilterClient(f"unix:{ours.daemon.socket}")
    try:
        client.connect(address=b"127.0.0.1")
        answer = client.transaction(Mail(headers, body, recipients=(b"<bob@one.test>",)))
    finally:
        client.close()
    assert answer.verdict == "continue"
    after = applied(Outcome(headers, body, (b"<bob@one.test>",), b"<ann@lab.test>"), answer.edits)
    fields = [b"%b:%b\r\n" % (name, value.replace(b"\n", b"\r\n")) for name, value in after.headers]
    return b"".join(fields) + b"\r\n" + after.body


@pytest.mark.parametrize("subject", ["hello", "please seal"])
def test_apply_gives_what_the_daemon_gives(ours: Place, tmp_path: Path, subject: str) -> None:
    content = (
        b"Received: from x\r\n\tby y; now\r\nFrom:ann@lab.test\r\nSubject:  %b\r\nX-Odd: \xe9\r\n\r\n"
        b"the numbers\r\n.\r\n\r\nlast\r\n" % subject.encode()
    )

    done = ours.run("apply", "-", *FROM_INSIDE, "--out", tmp_path, stdin=content)
    with ours.daemon:
        theirs = by_the_daemon(ours, content)

    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.glob("*.eml")
    if subject == "hello":
        assert file.read_bytes() == theirs
        assert b"X-Numbers: yes\r\n" in theirs
    else:
        assert decrypted(ours, file.read_bytes()) == decrypted(ours, theirs)
        outer = [content.partition(b"\r\n\r\n")[0].split(b"\r\n") for content in (file.read_bytes(), theirs)]
        assert sorted(outer[0]) == sorted(outer[1])


def test_apply_takes_fields_of_ours_off_as_the_daemon_does(ours: Place, tmp_path: Path) -> None:
    mail = ours.mail("own")
    mail.write_text(f"X-Postseal-Held: forged\n{mail.read_text()}")

    done = ours.run("apply", mail, *FROM_INSIDE, "--out", tmp_path / "out")

    assert done.returncode == 0, done.stderr
    assert b"Postseal" not in (tmp_path / "out" / "1-plain.eml").read_bytes()


def test_apply_seals_and_notes_nothing(ours: Place, tmp_path: Path) -> None:
    keys = tmp_path / "master.keys"
    keyfile.create(keys, datetime.now(UTC))
    settings = tmp_path / "postseal.yaml"
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "10.yaml").write_text("rules: [{name: by portal, then: [protect: ome]}]\n")
    settings.write_text(
        f"policies: policies\nstore: sqlite:///{tmp_path}/store/store.sqlite\n"
        f"ome: {{portal: 'https://portal.lab.test', master_keys: 'file:{keys}'}}\n"
    )
    words = [
        ours.mail("hello", "secret"),
        "--from",
        "a@lab.test",
        "--to",
        "b@two.test",
        "--out",
        tmp_path / "o",
    ]

    done = postseal("apply", *words, "--settings", settings)

    assert (done.returncode, done.stderr) == (0, "")
    copy = (tmp_path / "o" / "1-ome.eml").read_bytes()
    assert b"message.html" in copy
    assert b"secret" not in copy
    assert not (tmp_path / "store").exists()
