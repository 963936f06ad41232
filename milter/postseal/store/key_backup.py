"""The table of wrapped keys as a file, apart from all other backups, and back from there.

A line for each key, JSON, and a last one with their number and digest: a file that was cut off is not
restored.  What is in it opens nothing without the master keys.  Restoring brings no message back that was
revoked or has expired since: only recipients who may read are given their key.  Keys that are kept only so
that revoking can be undone go into no backup.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import IO, Final

from sqlalchemy import Connection, Row, func, insert, select

from postseal.store.engine import Store
from postseal.store.schema_sealed import sealed_keys, sealed_recipients, secrets
from postseal.store.sealed import State

_MANY: Final = 1000


def lines(store: Store) -> Iterator[bytes]:
    """The file, line by line.  Raises Failure."""
    digest, number = hashlib.sha256(), 0
    for row in _rows(store):
        line = json.dumps(row, ensure_ascii=True).encode() + b"\n"
        digest.update(line)
        number += 1
        yield line
    yield json.dumps({"keys": number, "sha256": digest.hexdigest()}).encode() + b"\n"


def restore(store: Store, file: IO[bytes]) -> int:
    """Put back what is missing; how many keys that were.  Raises ValueError if *file* is not whole."""
    rows = list(_read(file))
    count = 0
    for start in range(0, len(rows), _MANY):
        count += store.write(partial(_restored, rows=rows[start : start + _MANY]))
    return count


def _rows(store: Store) -> Iterator[dict[str, str]]:
    for row in store.read(lambda connection: connection.execute(select(secrets)).all()):
        yield {"secret": row.name, "master": row.master, "octets": row.octets.hex()}
    after = 0
    while True:
        found = store.read(partial(_after, number=after))
        if not found:
            return
        for row in found:
            yield {
                "message": row.message.hex(),
                "address": row.address,
                "master": row.master,
                "octets": row.octets.hex(),
            }
        after = found[-1].number


def _after(connection: Connection, number: int) -> "Sequence[Row[tuple[object, ...]]]":
    query = select(sealed_keys).join_from(sealed_keys, sealed_recipients)
    query = query.where(sealed_keys.c.number > number, sealed_recipients.c.state == State.OPEN.value)
    query = query.order_by(sealed_keys.c.number)
    return connection.execute(query.limit(_MANY)).all()


def _read(file: Iterable[bytes]) -> Iterator[dict[str, str]]:
    digest, number, last = hashlib.sha256(), 0, b""
    for line in file:
        if last:
            digest.update(last)
            number += 1
            yield json.loads(last)
        last = line
    end = json.loads(last or b"{}")
    if end.get("keys") != number or end.get("sha256") != digest.hexdigest():
        raise ValueError("the backup is not whole")


def _restored(connection: Connection, rows: list[dict[str, str]]) -> int:
    count = 0
    for row in rows:
        octets = bytes.fromhex(row["octets"])
        if "secret" in row:
            known = select(secrets.c.name).where(secrets.c.name == row["secret"])
            values = {"name": row["secret"], "master": row["master"], "octets": octets}
            if connection.execute(known).first() is None:
                connection.execute(insert(secrets).values(values))
            continue
        message, address = bytes.fromhex(row["message"]), row["address"]
        same = (sealed_recipients.c.message == message, sealed_recipients.c.address == address)
        may = select(sealed_recipients.c.address).where(*same, sealed_recipients.c.state == State.OPEN.value)
        has = select(sealed_keys.c.number).where(
            sealed_keys.c.message == message, sealed_keys.c.address == address
        )
        if connection.execute(may).first() is not None and connection.execute(has).first() is None:
            values = {"message": message, "address": address, "master": row["master"], "octets": octets}
            connection.execute(insert(sealed_keys).values(values))
            count += 1
    return count


def masters(store: Store) -> dict[str, int]:
    """How many rows each master key wraps."""
    query = select(sealed_keys.c.master, func.count().label("number")).group_by(sealed_keys.c.master)

    def work(connection: Connection) -> dict[str, int]:
        counted = {row.master: row.number for row in connection.execute(query)}
        for name in connection.scalars(select(secrets.c.master)):
            counted[name] = counted.get(name, 0) + 1
        return counted

    return store.read(work)
