"""The house holds its shape: floors, rooms of a size to read, no package where none may be."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
LONGEST = 300


def test_floors_no_room_imports_upwards_and_every_room_has_one() -> None:
    command = Path(sysconfig.get_path("scripts"), "lint-imports")
    judged = subprocess.run(
        [command, "--no-cache"], cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False
    )

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_milter_is_no_package() -> None:
    # With one, `import milter` inside pymilter would find our folder in place of its C module.
    assert not (HOUSE / "milter" / "__init__.py").exists()


@pytest.mark.parametrize("folder", ["milter", "contrib", "tests"])
def test_modules_are_short_enough_to_read(folder: str) -> None:
    lengths = {
        str(module.relative_to(HOUSE)): len(module.read_text().splitlines())
        for module in (HOUSE / folder).rglob("*.py")
    }

    assert lengths
    assert not {module: length for module, length in lengths.items() if length > LONGEST}


def test_migrations_are_one_chain() -> None:
    numbers = sorted(
        file.name[:4] for file in (HOUSE / "milter/postseal/store/migrations/versions").glob("0*.py")
    )

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
