"""One pass for all patterns; and the compiled form, which is trusted only where nobody else can write."""

import os
import threading
from pathlib import Path

import hyperscan
import pytest

from postseal.policy import scanner
from postseal.policy.compiled import Kept
from postseal.policy.pattern import Pattern, Supersets
from postseal.policy.scanner import Scanner

MANY = [Pattern.of(f"word{number}x") for number in range(600)]


def test_scanner_reports_what_it_finds_and_what_may_be_anywhere():
    foo, bar, anywhere = Pattern.of("foo"), Pattern.of("bar"), Pattern.of("x*")
    looking = Scanner([foo, bar, anywhere])

    assert looking.scan(b"a foo").possible == {foo, anywhere}
    assert looking.scan(b"").possible == {anywhere}


def test_scanner_without_patterns_reports_none():
    assert Scanner([]).scan(b"anything").possible == set()


def test_pattern_that_is_too_large_is_possible_everywhere(monkeypatch):
    foo, large = Pattern.of("foo"), Pattern.of("large")
    monkeypatch.setattr(large, "_supersets", Supersets(in_text=(b"(?:a{1000}){1000}",)))

    assert Scanner([foo, large]).scan(b"bar").possible == {large}
    assert Scanner([foo, large]).scan(b"foo").possible == {foo, large}


class Failing:
    def scan(self, *_arguments: object, **_options: object) -> None:
        raise hyperscan.error


def test_scanner_reports_everything_where_it_cannot_scan(monkeypatch):
    foo, bar = Pattern.of("foo"), Pattern.of("bar")
    looking = Scanner([foo, bar])
    looking.scan(b"")  # makes a scratch, for which only a real database will do
    monkeypatch.setattr(looking._text, "_database", Failing())

    assert set(looking.scan(b"").possible) == {foo, bar}


def test_scanner_answers_many_threads_at_once():
    looking = Scanner(MANY)
    text = b" ".join(b"word%dx" % number for number in range(600)) * 20
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(len(looking.scan(text).possible) for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [600] * 160


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many expressions each compilation had."""
    counted: list[int] = []
    real = scanner._compiled

    def compiled(expressions):
        counted.append(len(expressions))
        return real(expressions)

    monkeypatch.setattr(scanner, "_compiled", compiled)
    return counted


def test_compiled_form_is_kept_and_found_again(tmp_path: Path, compilations: list[int]):
    kept = Kept(tmp_path / "patterns")

    for _ in range(2):
        assert Scanner(MANY, kept).scan(b"word7x").possible == {MANY[7]}
    assert compilations == [600]
    assert (tmp_path / "patterns").stat().st_mode & 0o777 == 0o700


def test_compiled_form_of_other_patterns_is_not_taken(tmp_path: Path, compilations: list[int]):
    kept = Kept(tmp_path / "patterns")
    Scanner(MANY, kept)

    assert Scanner(MANY[1:], kept).scan(b"word7x").possible == {MANY[7]}
    assert compilations == [600, 599]


def test_compiled_form_without_a_folder_is_not_kept(tmp_path: Path, compilations: list[int]):
    kept = Kept(tmp_path / "missing" / "patterns")

    for _ in range(2):
        assert Scanner(MANY, kept).scan(b"word7x").possible == {MANY[7]}
    assert compilations == [600, 600]


def loosened(folder: Path, entry: Path) -> None:
    folder.chmod(0o770)


def writable(folder: Path, entry: Path) -> None:
    entry.chmod(0o666)


def damaged(folder: Path, entry: Path) -> None:
    octets = bytearray(entry.read_bytes())
    octets[-1] ^= 1
    entry.write_bytes(octets)


def cut(folder: Path, entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-1])


def empty(folder: Path, entry: Path) -> None:
    entry.write_bytes(b"")


def foreign(folder: Path, entry: Path) -> None:
    os.chown(entry, 65534, -1)


def foreign_folder(folder: Path, entry: Path) -> None:
    os.chown(folder, 65534, -1)


def link(folder: Path, entry: Path) -> None:
    entry.rename(folder.parent / "elsewhere")
    entry.symlink_to(folder.parent / "elsewhere")


def fifo(folder: Path, entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry)


def no_automaton(folder: Path, entry: Path) -> None:
    Kept(folder).keep(entry.name, b"no automaton")


@pytest.mark.parametrize(
    "spoil",
    [loosened, writable, damaged, cut, empty, foreign, foreign_folder, link, fifo, no_automaton],
    ids=lambda spoil: spoil.__name__,
)
def test_compiled_form_that_cannot_be_trusted_is_made_anew(tmp_path: Path, compilations: list[int], spoil):
    if os.geteuid() != 0 and spoil in {foreign, foreign_folder}:
        pytest.skip("only root can give files away")
    kept = Kept(tmp_path / "patterns")
    Scanner(MANY, kept)
    (entry,) = (tmp_path / "patterns").iterdir()
    spoil(tmp_path / "patterns", entry)

    assert Scanner(MANY, kept).scan(b"word7x").possible == {MANY[7]}
    assert compilations == [600, 600]


def test_folder_keeps_the_newest_entries_only(tmp_path: Path):
    kept = Kept(tmp_path / "patterns")
    for number in range(20):
        kept.keep(f"entry{number}", b"octets")
        os.utime(tmp_path / "patterns" / f"entry{number}", (number, number))
    kept.keep("last", b"octets")

    names = {entry.name for entry in (tmp_path / "patterns").iterdir()}
    assert len(names) == 16
    assert "last" in names
    assert "entry0" not in names
    assert kept.load("last") == b"octets"
