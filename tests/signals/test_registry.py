"""The registry of configurations: what counts as a trial, and what a damaged or contested file does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from research.errors import DataError
from research.signals.registry import ConfigurationRegistry


def look(registry: ConfigurationRegistry, **changed: Any) -> None:
    given = {"market": "m", "recipe": "r", "rulebook": "b", "names": "ridge on the sample", "sharpe": 0.05}
    registry.record(**given | {"periods": 1000} | changed)


@pytest.fixture
def registry(tmp_path: Path) -> ConfigurationRegistry:
    return ConfigurationRegistry(tmp_path / "trials.jsonl")


def test_the_same_configuration_again_is_no_further_trial_and_keeps_its_first_figures(
    registry: ConfigurationRegistry,
) -> None:
    look(registry)
    first = registry.path.read_bytes()
    look(registry, sharpe=0.9, names="another name")
    assert registry.path.read_bytes() == first
    (trial,) = registry.trials()
    assert (trial.sharpe, trial.names, trial.periods) == (0.05, "ridge on the sample", 1000)


def test_each_of_the_three_fingerprints_makes_a_trial_and_a_market_has_its_own(registry: ConfigurationRegistry) -> None:
    look(registry)
    look(registry, recipe="r2", sharpe=0.01)
    look(registry, rulebook="b2", sharpe=0.03)
    look(registry, market="m2", sharpe=9.0)
    assert len(registry.trials()) == 4
    assert len(registry.trials("m")) == 3
    assert registry.sharpe_variance("m") == pytest.approx(np.var([0.05, 0.01, 0.03], ddof=1))
    assert np.isnan(registry.sharpe_variance("m2"))


def test_every_opening_of_the_locked_part_counts(registry: ConfigurationRegistry) -> None:
    look(registry)
    for _ in range(3):
        look(registry, opened=True)
    look(registry, recipe="r2", opened=True)
    assert len(registry.openings("m")) == 4
    assert len(registry.trials("m")) == 2
    assert registry.openings("m2") == []


def test_a_trial_without_a_sharpe_ratio_is_kept_and_left_out_of_the_variance(registry: ConfigurationRegistry) -> None:
    look(registry, sharpe=float("nan"))
    look(registry, recipe="r2")
    look(registry, recipe="r3", sharpe=0.07)
    assert np.isnan(registry.trials()[0].sharpe)
    assert registry.sharpe_variance("m") == pytest.approx(np.var([0.05, 0.07], ddof=1))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is not JSON"),
        ("[1]", "it has other keys"),
        ('{"market": "m"}', "it has other keys"),
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_a_corrupt_line_is_named_by_file_and_number(registry: ConfigurationRegistry, line: str, reason: str) -> None:
    look(registry)
    with registry.path.open("a") as file:
        file.write(line + "\n")
    for ask in (registry.trials, lambda: look(registry, recipe="r2")):
        with pytest.raises(DataError, match=rf"trials\.jsonl, line 2: {reason}"):
            ask()


def test_a_number_of_the_wrong_kind_is_named(registry: ConfigurationRegistry) -> None:
    look(registry)
    entry = json.loads(registry.path.read_text())
    for key, value in {"periods": "many", "sharpe": True, "market": 7}.items():
        registry.path.write_text(json.dumps(entry | {key: value}) + "\n")
        with pytest.raises(DataError, match=f"line 1: {key} is"):
            registry.trials()


def test_half_a_line_at_the_end_is_found(registry: ConfigurationRegistry) -> None:
    look(registry)
    registry.path.write_bytes(registry.path.read_bytes()[:-10])
    with pytest.raises(DataError, match="line 1: it has no end"):
        registry.trials()


def test_a_failed_write_leaves_what_was_there(registry: ConfigurationRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    look(registry)
    before = registry.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("research.signals.registry.os.fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        look(registry, recipe="r2")
    assert registry.path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match=r"registry .*taken.trials\.jsonl"):
        look(ConfigurationRegistry(tmp_path / "taken" / "trials.jsonl"))


def test_many_writers_at_once_lose_and_repeat_nothing(registry: ConfigurationRegistry) -> None:
    code = (
        "import sys; from research.signals.registry import ConfigurationRegistry as R\n"
        "r = R(sys.argv[1])\n"
        "for n in range(15):\n"
        "    r.record(market='m', recipe=f'r{n}', rulebook='b', names='n', sharpe=0.1, periods=9, opened=True)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(registry.path)]) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(registry.trials("m")) == 15
    assert len(registry.openings("m")) == 45
