"""The command line: exit status, one clear line for what is wrong, a quick start."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from research import rulebooks
from research.cli import main


@pytest.mark.parametrize(
    "arguments",
    [[], ["report"], ["report", "biuld"], ["report", "build", "--jobs", "0"], ["data", "import", "x.csv"]],
)
def test_wrong_usage_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: research" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "check", "nowhere"], "no snapshot at nowhere"),
        (["data", "import", "nowhere.csv", "--profile", "coingecko-50", "--out", "{tmp}/snapshot"], "nowhere.csv"),
        (["data", "import", "nowhere.csv", "--profile", "coingeko-50", "--out", "{tmp}/snapshot"], "coingecko-50"),
        (["report", "build", "--config", "{tmp}/reports.toml"], "reports.toml: no such file"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_status_one(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(tmp=tmp_path) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_the_sample_passes_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "data/sample", "--rulebooks"]) == 0
    printed = capsys.readouterr().out
    assert "SIMULATED" in printed
    assert f"{len(rulebooks()) - 2} of {len(rulebooks())} shipped rulebooks can run on it" in printed  # two need tables
    assert "  large-cap-10: since 2018-04-02\n" in printed
    assert "  governance-10: the rulebook needs votes" in printed


def test_a_check_says_what_is_doubtful_and_what_that_does_and_writes_all_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sample has its defects planted: helion's crash, a supply that does not exist, repeated rows."""
    file = tmp_path / "findings.csv"
    assert main(["data", "check", "data/sample", "--out", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "x repeated row (price, " in printed
    assert re.search(
        r"  \d+\. 2022-05-\d\d helion, price jump: .* bp of the top 20 and .* bp of the total market", printed
    )
    assert re.search(r"  1\. 20\d\d-\d\d-\d\d galactic-credits, .*% of all caps of that day: cap ", printed)
    assert "shipped rulebooks" not in printed
    table = pd.read_csv(file)
    assert f"all {len(table):,} findings, ranked: {file}" in printed
    assert {"date", "asset_id", "rule", "evidence", "later", "top_20_bps", "total_market_bps"} <= set(table)
    assert main(["data", "check", "data/sample", "--out", str(file)]) == 1
    assert "--replace" in capsys.readouterr().err


def test_the_command_line_loads_nothing_heavy_before_it_knows_what_to_do() -> None:
    code = "import sys, research.cli; print([m for m in ('numpy', 'pandas', 'papermill') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_usage_error_spells_out_what_would_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "build", "\x1b[2J"])
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert r"\x1b[2J" in shown
