"""The fragments of contrib/postfix as they are, for a private Postfix: only ports are exchanged."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from demo.place import free_port

FRAGMENTS = Path(__file__).parents[1] / "contrib" / "postfix"


@dataclass(frozen=True)
class Fragments:
    """`parameters` of main.cf and `services` of master.cf, with ports that are free."""

    smtp_port: int = field(default_factory=free_port)
    submission_port: int = field(default_factory=free_port)
    reinjection_port: int = field(default_factory=free_port)
    release_port: int = field(default_factory=free_port)
    opened_port: int = field(default_factory=free_port)

    @property
    def parameters(self) -> dict[str, str]:
        """Name → value, continuation lines joined."""
        text = (FRAGMENTS / "main.cf").read_text().replace("]:10028}", f"]:{self.release_port}}}")
        text = text.replace("]:10029}", f"]:{self.opened_port}}}")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        pairs = "\n".join(lines).replace("\n ", " ").splitlines()
        return dict((part.strip() for part in pair.split("=", 1)) for pair in pairs if pair)  # type: ignore[misc]

    @property
    def unjailed(self) -> str:
        """The lines of master.cf without chroot, for a milter whose socket is elsewhere."""
        return re.sub(r"(?m)^(\S+\s+\S+\s+\S+\s+\S+\s+)y\b", r"\1n", self.services)

    @property
    def services(self) -> str:
        """The lines of master.cf."""
        text = (FRAGMENTS / "master.cf").read_text()
        for theirs, port in (
            ("smtp ", self.smtp_port),
            ("submission ", self.submission_port),
            ("127.0.0.1:10027 ", self.reinjection_port),
            ("127.0.0.1:10028 ", self.release_port),
            ("127.0.0.1:10029 ", self.opened_port),
        ):
            assert f"\n{theirs}" in text
            text = text.replace(f"\n{theirs}", f"\n127.0.0.1:{port} ")
        return text
