"""Counters of many processes add up, and those of the dead are kept without their files."""

import multiprocessing
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from postseal.metrics import Metrics, Shared, bury


def count(directory: Path, amount: int) -> int:
    """Count in a process of its own and die; its id."""

    def life() -> None:
        metrics = Metrics.shared(directory, methods=["plain"], rules={"quiet": "audit"})
        metrics.messages.labels("accepted").inc(amount)
        metrics.seconds.labels("decide").observe(0.003)
        metrics.rule_hit('a "quoted" rule, with ü', "enforce", 1)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=life)
    process.start()
    process.join()
    assert process.pid
    return process.pid


def sample(directory: Path, name: str, labels: dict[str, str]) -> float | None:
    registry = CollectorRegistry()
    registry.register(Shared(directory))
    assert generate_latest(registry)
    return registry.get_sample_value(name, labels)


def test_shared_processes_add_up(tmp_path: Path) -> None:
    for amount in (1, 2, 3):
        count(tmp_path, amount)

    assert sample(tmp_path, "postseal_messages_total", {"result": "accepted"}) == 6
    assert sample(tmp_path, "postseal_messages_total", {"result": "deferred"}) == 0
    assert sample(tmp_path, "postseal_stage_seconds_count", {"stage": "decide"}) == 3


def test_bury_a_thousand_dead_keeps_counts_and_few_files(tmp_path: Path) -> None:
    for _ in range(5):
        bury(tmp_path, count(tmp_path, 2))
    template = {file.name: file.read_bytes() for file in tmp_path.glob("*.db")}
    bury(tmp_path, count(tmp_path, 0))
    living = count(tmp_path, 1)

    assert sample(tmp_path, "postseal_messages_total", {"result": "accepted"}) == 11
    assert sample(tmp_path, "postseal_stage_seconds_bucket", {"stage": "decide", "le": "0.005"}) == 7
    assert sorted(file.name for file in tmp_path.glob("*_0.db")) == sorted(template)
    assert len(list(tmp_path.glob("*.db"))) == 2 * len(template)

    bury(tmp_path, living)
    assert len(list(tmp_path.glob("*.db"))) == len(template)
    assert sample(tmp_path, "postseal_messages_total", {"result": "accepted"}) == 11


def test_bury_torn_file_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "counter_77.db").write_bytes(b"\xff\x7f\0\0garbage")

    bury(tmp_path, 77)

    assert list(tmp_path.glob("*.db")) == []


def test_rule_hits_have_a_bounded_number_of_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postseal.metrics.MOST_RULES", 3)
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    for number in (1, 2, 3, 4, 5, 1):
        metrics.rule_hit(f"rule {number}", "enforce", 2)

    counted = {
        each.labels["rule"]: each.value
        for metric in registry.collect()
        for each in metric.samples
        if each.name == "postseal_rule_hits_total"
    }
    assert counted == {"rule 1": 4, "rule 2": 2, "rule 3": 2, "(other rules)": 4}
