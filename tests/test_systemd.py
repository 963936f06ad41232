"""The unit is understood by systemd, hardened, and agrees with our settings.  Nothing is started."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from postseal.branding.load import FOLDER
from postseal.settings.settings import Settings

UNITS = Path(__file__).parent.parent / "systemd"
UNIT = UNITS / "postseal-milter.service"
PORTAL = UNITS / "postseal-portal@.service"
CONNECTORS = UNITS / "postseal-connectors.service"
ADMIN = UNITS / "postseal-admin.service"
EXPOSURE = 12
"""The most that `systemd-analyze security` may find, in tenths of its 10.0."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze: contrib/install-tools installs it"
)


def values(option: str, unit: Path = UNIT) -> list[str]:
    return re.findall(rf"^{option}=(.*)$", unit.read_text(), re.MULTILINE)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
@pytest.mark.parametrize("shipped", [UNIT, PORTAL, CONNECTORS, ADMIN], ids=lambda path: path.stem)
def test_unit_verify_has_no_complaint(tmp_path: Path, shipped: Path) -> None:
    # verify wants the program to exist; a misspelt option is only a warning, so any output is a failure.
    unit = tmp_path / shipped.name.replace("@", "@1")
    unit.write_text(shipped.read_text().replace("/usr/bin/postseal", sys.executable))

    verified = analyze("verify", "--man=no", unit)

    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("shipped", [UNIT, PORTAL, CONNECTORS, ADMIN], ids=lambda path: path.stem)
def test_unit_is_hardened(shipped: Path) -> None:
    judged = analyze("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}", shipped)

    assert judged.returncode == 0, judged.stdout


def test_unit_stop_waits_longer_than_the_daemon_does() -> None:
    (seconds,) = values("TimeoutStopSec")

    assert int(seconds) > Settings().stop_seconds


def test_unit_starts_the_daemon_with_the_default_settings_file() -> None:
    assert values("ExecStart") == ["/usr/bin/postseal run --settings /etc/postseal/postseal.yaml"]
    assert values("ExecReload") == ["/usr/bin/postseal reload --settings /etc/postseal/postseal.yaml"]
    assert Path("/run", *values("RuntimeDirectory")) == Settings().runtime_directory


def test_unit_of_the_administrators_page_has_what_the_portal_s_has_and_another_user() -> None:
    (command,), (seconds,) = values("ExecStart", ADMIN), values("TimeoutStopSec", ADMIN)

    assert command == "/usr/bin/postseal admin serve --settings /etc/postseal/postseal.yaml"
    assert int(seconds) > Settings().portal.stop
    assert len({*values("User"), *values("User", PORTAL), *values("User", ADMIN)}) == 3
    for option in ("IPAddressDeny", "IPAddressAllow", "TemporaryFileSystem", "BindReadOnlyPaths"):
        assert values(option, ADMIN) == values(option, PORTAL)


def test_unit_of_the_portal_agrees_with_the_settings_and_reads_no_policies() -> None:
    (command,), (seconds,) = values("ExecStart", PORTAL), values("TimeoutStopSec", PORTAL)
    settings = Settings().portal

    assert command == ("/usr/bin/postseal portal --settings /etc/postseal/postseal.yaml --instance %i")
    assert int(seconds) > 2 * settings.stop
    assert Path("/var/lib", *values("StateDirectory", PORTAL)) == settings.spool_directory
    assert values("User", PORTAL) != values("User")
    policies = Settings().policies
    assert values("TemporaryFileSystem", PORTAL) == [f"{policies}:ro"]
    assert values("BindReadOnlyPaths", PORTAL) == [f"-{policies / FOLDER}"]
    assert (values("LimitCORE", PORTAL), values("MemorySwapMax", PORTAL)) == (["0"], ["0"])


def test_unit_only_the_supervisor_gets_signals_and_no_core_is_dumped() -> None:
    assert (values("Type"), values("KillMode"), values("LimitCORE")) == (["notify"], ["mixed"], ["0"])


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers")
def test_sysusers_user_is_a_member_of_postfix(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    command = ["systemd-sysusers", f"--root={tmp_path}", str(UNITS / "sysusers.d" / "postseal.conf")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)

    groups = (tmp_path / "etc" / "group").read_text()
    assert re.search(r"^postfix:[^:]*:\d+:postseal$", groups, re.MULTILINE)
