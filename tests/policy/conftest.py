import ipaddress
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.judging import Authentication, Directory
from postseal.settings.settings import Limits, Settings
from postseal.settings.tls import Tls

TYPES = Path(__file__).parents[2] / "policies" / "types"


class Certificates:
    """Good until a day of December 2026, or for long."""

    def until(self, address: str, _at: datetime) -> datetime | None:
        if address == "soon@cert.example":
            return datetime(2026, 12, 1, tzinfo=UTC)
        return datetime.max.replace(tzinfo=UTC) if address == "good@cert.example" else None


class Acquaintances:
    """Everybody is a stranger but friend@mail.example."""

    def strangers(
        self, _sender: str, recipients: Collection[str], _message: bytes, _at: datetime
    ) -> frozenset[str]:
        return frozenset(recipients) - {"friend@mail.example"}

    def note(self, sender: str, recipients: Collection[str], message: bytes, at: datetime) -> None:
        raise AssertionError("nothing is noted where it is only decided")


Written = Callable[[str], Policy]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A policy of one file with this text; example.com is ours, 192.0.2.0/24 is trusted."""

    def loaded(text: str) -> Policy:
        (tmp_path / "10.yaml").write_text(text)
        if not (tmp_path / "types").exists():
            (tmp_path / "types").symlink_to(TYPES)
        settings = Settings(
            policies=tmp_path,
            accepted_domains=("example.com", "bücher.example"),
            trusted_networks=(ipaddress.ip_network("192.0.2.0/24"),),
            authentication=Authentication(servers=("mx.example.com",), hops=1),
            directory=Directory(file=Path(__file__).parent / "people.yaml"),
            limits=Limits(inspect_bytes=2000),
            held_mail_returns=True,
            tls=Tls(enforced=True),
        )
        return load(
            settings, {"plain", "smime", "portal"}, certificates=Certificates(), acquaintances=Acquaintances()
        )

    return loaded
