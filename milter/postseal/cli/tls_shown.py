"""What `postseal tls` shows of servers and of mail, in words and in columns."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping

from postseal.required_tls import Level, RequiredTls
from postseal.tls import sts
from postseal.tls.mail_log import Row, Volume
from postseal.tls.probe import Shown

_HEAD = ("way", "version", "certificate", "required", "connector", "outcome", "count", "octets")
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


def _table(volumes: Mapping[Row, Volume]) -> Iterator[str]:
    rows = [_HEAD, *_rows(volumes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if at >= len(_HEAD) - 2 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _csv(volumes: Mapping[Row, Volume]) -> Iterator[str]:
    for row in (_HEAD, *_rows(volumes)):
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
