"""docs/format.md says all: a decryptor written from it agrees, and the vectors stay what they are."""

import hashlib
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from postseal.body import Spool
from postseal.sealed.armor import armored, dearmored
from postseal.sealed.container import HEADER_OCTETS, Tampered, opened, sealed
from postseal.sealed.master import LocalKeys, Wrapped, context
from postseal.store.ring import Ring
from sealing import BOB, Sealing, message

HERE = Path(__file__).parent
STRANGER = runpy.run_path(str(HERE / "stranger.py"), run_name="stranger")


def vectors(name: str) -> list[object]:
    rows = json.loads((HERE / "vectors" / f"{name}.json").read_text())
    return [pytest.param(row, id=row.get("what") or str(number)) for number, row in enumerate(rows)]


def octets(row: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(row[name])


@pytest.mark.parametrize("row", vectors("containers"))
def test_container_is_as_the_vector_says_and_a_stranger_opens_it(row: dict[str, str]) -> None:
    size = int(row.get("size", 0))
    plaintext = octets(row, "plaintext") if "plaintext" in row else bytes(i % 251 for i in range(size))

    container = b"".join(sealed([plaintext], octets(row, "key"), octets(row, "id"), salt=octets(row, "salt")))

    if "container" in row:
        assert container.hex() == row["container"]
    else:
        assert container[:HEADER_OCTETS].hex() == row["header"]
        assert hashlib.sha256(container).hexdigest() == row["container_sha256"]
    assert STRANGER["decrypt"](container, octets(row, "key")) == plaintext
    assert opened([container], octets(row, "key"), Spool()).read() == plaintext


@pytest.mark.parametrize("row", vectors("refused"))
def test_container_is_refused_by_both(row: dict[str, str]) -> None:
    with pytest.raises(Tampered):
        opened([octets(row, "container")], octets(row, "key"), Spool())
    with pytest.raises((ValueError, InvalidTag)):
        STRANGER["decrypt"](octets(row, "container"), octets(row, "key"))


@pytest.mark.parametrize("row", vectors("keys"))
def test_wrapped_key_opens_for_both(row: dict[str, str]) -> None:
    master = octets(row, "master_key")
    bound = context(octets(row, "id"), row["address"], row["rights"], row.get("licence", ""))
    wrapped = octets(row, "wrapped")

    keys = LocalKeys({row["master_name"]: master}, row["master_name"])
    assert keys.unwrap(Wrapped(row["master_name"], wrapped), bound).hex() == row["key"]
    same = STRANGER["context"](octets(row, "id"), row["address"], row["rights"], row.get("licence", ""))
    assert same == bound
    assert STRANGER["unwrap"](wrapped, row["master_name"], master, bound).hex() == row["key"]


@pytest.mark.parametrize("row", vectors("text"))
def test_text_form_is_as_the_vector_says(row: dict[str, str]) -> None:
    assert b"".join(armored([octets(row, "octets")])).decode() == row["text"]
    assert b"".join(dearmored([row["text"].encode()])) == octets(row, "octets")
    assert STRANGER["from_text"](row["text"]) == octets(row, "octets")


def test_stranger_reads_the_file_that_we_sent(ring: Ring) -> None:
    seal = Sealing(ring)
    given = message(body=bytes(range(256)) * 1000)
    (part,) = [part for part in seal(given).walk() if part.get_filename()]
    (known,) = seal.ring.messages.some([row.message for row in seal.ring.audit.every() if row.message])
    (reader,) = known.recipients
    assert reader.key

    arguments = [reader.key.octets.hex(), "a", bytes(32).hex(), BOB.lower()]
    command = [sys.executable, HERE / "stranger.py", *arguments]
    page = part.get_content().encode("ascii")
    ended = subprocess.run(command, input=page, capture_output=True, check=True, timeout=120)

    assert ended.stdout == b"".join(given.pieces())


def test_fuzzer_finds_nothing_in_a_thousand_inputs() -> None:
    once = runpy.run_path(str(HERE / "fuzz.py"), run_name="fuzz")["once"]

    assert sum(once(seed) for seed in range(1000)) > 900
