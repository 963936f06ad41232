"""A provider of OpenID Connect that somebody else wrote (npm's oidc-provider), on loopback, with TLS."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.place import free_port
from providerserver import certificate

HERE = Path(__file__).parent
MODULES = HERE.parent / ".tools/oidc/node_modules"
CLIENT, SECRET = "postseal", "a secret of 20 octets"


@dataclass(frozen=True)
class RealProvider:
    """Started with `running`."""

    port: int
    folder: Path

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.port}"

    def settings(self, name: str) -> str:
        """What the settings file must say."""
        secret = self.folder / "client.secret"
        secret.write_text(SECRET)
        return (
            f"sign_in:\n  providers:\n    - name: {name}\n      issuer: {self.issuer}\n"
            f"      client_id: {CLIENT}\n      client_secret: file:{secret}\n"
            f"      certificate_authority: {self.folder}/tls.pem\n"
        )

    @contextmanager
    def running(self, redirect: str) -> Iterator[None]:
        """It knows a client whose visitors come back to *redirect*."""
        words = {"port": self.port, "certificate": str(self.folder / "tls.pem")}
        words |= {"key": str(self.folder / "tls.key"), "client": CLIENT, "secret": SECRET}
        words |= {"redirect": redirect, "modules": str(MODULES)}
        with subprocess.Popen(
            ["node", HERE / "oidc/provider.mjs", json.dumps(words)], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout
                assert process.stdout.readline() == "ready\n", "it does not start"
                yield
            finally:
                process.terminate()


def real_provider(folder: Path) -> RealProvider:
    """One that is not started yet, with a certificate in *folder*."""
    if shutil.which("node") is None or not MODULES.exists():
        pytest.skip("no oidc-provider: contrib/install-provider fetches it")
    certificate(folder)
    return RealProvider(free_port(), folder)
