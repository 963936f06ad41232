"""What `postseal tls` shows of servers and of mail, in words and in columns."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from postseal.required_tls import Level, RequiredTls
from postseal.tls import sts
from postseal.tls.mail_log import Journey, Row, Volume
from postseal.tls.probe import Shown

_HEAD = ("way", "version", "certificate", "required", "connector", "outcome", "count", "octets")
_JOURNEY = (
    *("queue_id", "message_id", "recipient", "required", "outcome", "version", "certificate", "connector"),
    *("attempts", "relay", "why"),
)
_LEVELS = (Level.ENCRYPT, Level.VERIFY, Level.SECURE, Level.DANE_ONLY)


def described(shown: Shown, domain: str, published: sts.Policy | None) -> Iterator[str]:
    """What a server showed, and what that is good for; *published*: the domain's MTA-STS policy."""
    head = f"{shown.server.name} [{shown.server.address}]"
    if shown.failure or shown.certificate is None:
        yield f"{head}: {shown.failure}"
    else:
        until = f"{shown.certificate.not_valid_after_utc:%Y-%m-%d}"
        yield f"{head}: {shown.version}, {shown.cipher}"
        yield f"  certificate for {', '.join(shown.names) or 'nobody'}, until {until}"
        for level in _LEVELS:
            yield f"  {level}: {_verdict(shown.obstacle(RequiredTls(level), domain))}"
    if published and published.mode is not sts.Mode.NONE:
        yield f"  mta-sts: {_verdict(published.obstacle(shown, domain))}"


def _verdict(obstacle: str) -> str:
    return f"no, {obstacle}" if obstacle else "yes"


def _rows(volumes: Mapping[Row, Volume]) -> Iterator[tuple[str, ...]]:
    for row, volume in volumes.items():
        facts = (row.way, row.version, row.certificate, row.required, row.connector, row.outcome)
        yield (*facts, str(volume.count), str(volume.octets))


def _journeys(found: Iterable[Journey]) -> Iterator[tuple[str, ...]]:
    for each in found:
        row = each.row
        how = row.required, row.outcome, row.version, row.certificate, row.connector
        yield (each.queue_id, each.message_id, each.recipient, *how, str(each.attempts), each.relay, each.why)


def journeys_table(found: Iterable[Journey]) -> Iterator[str]:
    """In columns."""
    return _columns([_JOURNEY, *_journeys(found)], right=("attempts",))


def journeys_csv(found: Iterable[Journey]) -> Iterator[str]:
    """As comma-separated values."""
    return _separated([_JOURNEY, *_journeys(found)])


def _table(volumes: Mapping[Row, Volume]) -> Iterator[str]:
    return _columns([_HEAD, *_rows(volumes)], right=_HEAD[-2:])


def _csv(volumes: Mapping[Row, Volume]) -> Iterator[str]:
    return _separated([_HEAD, *_rows(volumes)])


def _columns(rows: Sequence[tuple[str, ...]], right: Sequence[str]) -> Iterator[str]:
    """*rows* below each other, the first of which is the head; *right*: the columns of numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(rows[0], row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _separated(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


def _metrics(volumes: Mapping[Row, Volume]) -> Iterator[str]:
    for name, what, at in (("mail", "Mail by TLS", -2), ("octets", "Octets of mail by TLS", -1)):
        yield f"# HELP postseal_tls_{name} {what}, as the mail log tells it."
        yield f"# TYPE postseal_tls_{name} gauge"
        for row in _rows(volumes):
            labels = ",".join(
                f'{label}="{_escaped(value)}"' for label, value in zip(_HEAD[:-2], row, strict=False)
            )
            yield f"postseal_tls_{name}{{{labels}}} {row[at]}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


FORMS: Mapping[str, Callable[[Mapping[Row, Volume]], Iterator[str]]] = {
    "table": _table,
    "csv": _csv,
    "metrics": _metrics,
}
"""How a report may be printed."""
