"""The command: what it says beforehand, what it asks for a second time, and what a stop in the middle leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from research import cli
from research.cli.terminal import watched
from research.errors import DataError
from research.market import load_market
from research.market.sources.coinmetrics import CoinMetrics
from research.market.sources.fetch import fetch, fetch_again, source_of
from tests.conftest import ROOT
from tests.market.sources.server import TODAY, Reply, Vendor, metrics_file

ASSETS = [f"asset-{n}" for n in range(12)]
COMMAND = ["data", "fetch", "coinmetrics", "--assets", *ASSETS, "--calls-per-minute", "1000000"]


def stocked(vendor: Vendor) -> Vendor:
    vendor.files = {f"{name}.csv": metrics_file(300, price=10.0 + n) for n, name in enumerate(ASSETS)}
    return vendor


def research(*arguments: str) -> subprocess.Popen[str]:
    """The real command in a process of its own; the addresses of the vendor are in the environment.

    A shell has its jobs in the background ignore SIGINT, and so what they start.
    """
    command = [sys.executable, "-m", "research.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_how_many_calls_and_how_long_and_asks_for_nothing(
    vendor: Vendor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["data", "fetch", "coingecko", "--top", "300", "--dry-run"]) == 0
    assert cli.main(["data", "fetch", "coinmetrics", "--assets", "btc", "eth", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "305 calls at 5 a minute: about 61 min" in said  # 2 pages, 3 categories, 300 histories
    assert "past 365 days: more needs a paid key" in said
    assert "2 calls at 60 a minute: about 1 min" in said
    assert vendor.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_of_everything_asks_for_the_list_alone(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "fetch", "coinmetrics", "--all", "--dry-run"]) == 0
    stocked(vendor)
    assert cli.main(["data", "fetch", "coinmetrics", "--all", "--dry-run"]) == 0
    assert "13 calls at 60 a minute" in capsys.readouterr().out
    assert vendor.paths() == ["/git/trees/master?recursive=1"] * 2


def test_the_command_makes_a_snapshot_that_is_found_by_its_name(
    vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    stocked(vendor)
    assert cli.main(COMMAND) == 0
    market = load_market("coinmetrics")
    assert market.prices.shape == (300, 12)
    assert f"snapshots/coinmetrics/{TODAY}" in capsys.readouterr().out


def test_a_second_run_on_the_same_day_asks_for_nothing_and_makes_no_second_snapshot(
    vendor: Vendor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stocked(vendor)
    assert cli.main(COMMAND) == 0
    before, asked = names_below(tmp_path), len(vendor.asked)
    assert cli.main(COMMAND) == 0
    assert "nothing new. --again asks it anew" in capsys.readouterr().out
    assert (names_below(tmp_path), len(vendor.asked)) == (before, asked)


def test_again_asks_anew_and_what_has_not_changed_is_not_sent(vendor: Vendor) -> None:
    stocked(vendor)
    first = fetch(CoinMetrics(assets=tuple(ASSETS), calls_per_minute=1e9))
    vendor.files["asset-3.csv"] = metrics_file(300, price=99.0)
    second = fetch(CoinMetrics(assets=tuple(ASSETS), calls_per_minute=1e9), again=True)
    assert second.folder.name == f"{first.folder.name}.2"
    assert load_market(first.folder).prices["asset-3"].iloc[0] == 13.0
    assert load_market(second.folder).prices["asset-3"].iloc[0] == 99.0
    assert len(vendor.asked) == 24
    assert all("If-None-Match" in headers for _, headers in vendor.asked[12:])


def test_a_run_that_failed_is_carried_on_where_it_stopped(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    stocked(vendor)
    vendor.always(Reply(429, headers={"Retry-After": "9999"}), "asset-7.csv")
    assert cli.main(COMMAND) == 1
    assert "What was fetched is kept: run the same command again after that" in capsys.readouterr().err
    done = len(vendor.asked)
    vendor.faults.clear()
    assert cli.main(COMMAND) == 0
    wanted = sorted(f"/csv/{name}.csv" for name in ASSETS)
    assert vendor.paths()[:done] + vendor.paths()[done:] == [*wanted[:done], *wanted[done - 1 :]]


def test_an_answer_that_was_damaged_on_disk_is_never_read(vendor: Vendor, tmp_path: Path) -> None:
    stocked(vendor)
    source = CoinMetrics(assets=tuple(ASSETS), calls_per_minute=1e9)
    whole = load_market(fetch(source, out=tmp_path / "one").folder)
    answer = tmp_path / "downloads/coinmetrics/answers/csv/asset-5.csv"
    answer.write_bytes(answer.read_bytes()[:-200])
    again = load_market(fetch(source, out=tmp_path / "two").folder)
    assert again.prices.equals(whole.prices)
    assert vendor.paths()[12:] == ["/csv/asset-5.csv"]


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_asked_for(vendor: Vendor) -> None:
    with pytest.raises(DataError, match="cannot be the name of a snapshot"):
        fetch(CoinMetrics(assets=("btc",)), name="../x")
    assert vendor.asked == []


def test_an_update_can_ask_again_from_what_the_manifest_keeps(vendor: Vendor, tmp_path: Path) -> None:
    stocked(vendor)
    source = CoinMetrics(assets=("asset-1",), columns=("SplyCur",), calls_per_minute=1e9)
    manifest = fetch(source, name="mine").manifest
    assert source_of(manifest.fetched) == source
    vendor.files["asset-1.csv"] = metrics_file(300, price=20.0)
    newer = fetch_again(manifest.fetched, tmp_path / "newer", again=True)
    assert load_market(newer.folder).prices.iloc[0, 0] == 20.0
    assert newer.manifest.fetched == manifest.fetched
    assert names_below(tmp_path / "downloads") == {
        "mine/answers/csv/asset-1.csv",
        "mine/records/csv/asset-1.csv",
    }
    with pytest.raises(DataError, match="was not fetched"):
        source_of({})
    with pytest.raises(DataError, match="which lacks something"):
        source_of({"source": "coingecko"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_stop_ends_soon_without_litter(vendor: Vendor, tmp_path: Path, number: signal.Signals) -> None:
    stocked(vendor).slow = 0.2
    run = research(*COMMAND)
    while len(vendor.asked) < 3:
        time.sleep(0.01)
    run.send_signal(number)
    assert run.wait(timeout=20) == {signal.SIGINT: 130, signal.SIGTERM: 128 + signal.SIGTERM}[number]
    assert not list(tmp_path.rglob("*.partial*"))
    assert not (tmp_path / "snapshots").exists() or not names_below(tmp_path / "snapshots")
    vendor.slow = 0.0
    assert cli.main(COMMAND) == 0


def test_what_a_kill_leaves_is_removed_by_the_next_run(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    stocked(vendor).slow = 0.2
    run = research(*COMMAND)
    while len(vendor.asked) < 3:
        time.sleep(0.01)
    run.kill()
    assert run.wait(timeout=20) == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "downloads").iterdir() if path.name != "coinmetrics"]
    assert [name.startswith(".coinmetrics.partial-") for name in left] == [True]
    vendor.slow = 0.0
    assert research(*COMMAND).wait(timeout=60) == 0
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["coinmetrics"]
    assert [path.name for path in (tmp_path / "snapshots/coinmetrics").iterdir()] == [str(TODAY)]
    assert list((tmp_path / "temp").iterdir()) == []
    assert not list(tmp_path.rglob("*.partial*"))


def test_a_place_for_downloads_that_cannot_be_used_is_told(
    vendor: Vendor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "downloads").write_text("a file")
    assert cli.main(COMMAND) == 1
    assert "cannot be used for downloads" in capsys.readouterr().err
    assert vendor.asked == []


def test_without_a_terminal_a_line_now_and_then_is_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1_000, 1))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    assert list(watched(range(70), "coins")) == list(range(70))
    assert capsys.readouterr().err.splitlines() == ["coins: 1 of 70", "coins: 31 of 70", "coins: 61 of 70"]


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(watched(["a"], "coins")) == ["a"]
    assert capsys.readouterr().err == ""


def test_wrong_usage_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["coinmetrics"], "one of the arguments --assets --all is required"),
        (["coinmetrics", "--all", "--since", "yesterday"], "'yesterday' is no day such as 2018-01-31"),
        (["coingecko", "--top", "0"], "'0' is not a whole number of 1 or more"),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["data", "fetch", *arguments])
        assert stopped.value.code == 2
        assert words in capsys.readouterr().err


def test_the_readme_says_how_long_its_fetch_takes(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = [line for line in (ROOT / "README.md").read_text().splitlines() if "a real market: " in line]
    words, promise = command.split("#")
    assert cli.main([*words.split()[1:], "--dry-run"]) == 0
    calls, _, duration = capsys.readouterr().out.splitlines()[-1].partition(" calls at 5 a minute: ")
    assert promise.strip() == f"a real market: {calls} calls, {duration} without a key"
