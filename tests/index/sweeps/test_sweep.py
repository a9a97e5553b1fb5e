"""A sweep builds what `build_index` builds, wherever it does so, and compares it over the days that all have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import Sweep, sweep
from research.errors import MethodologyError, ResearchError, ResearchWarning
from research.evaluation import cagr, max_drawdown, returns_from_levels, sharpe_ratio
from research.index import Methodology, build_index
from research.index.analysis.trade_costs.capacity import turnover_summary
from research.index.sweeps import running
from research.index.sweeps import sweep as module
from research.market import MarketData, load_market
from tests.conftest import ROOT
from tests.index.markets import needed_tables, random_market, rules, with_stablecoins
from tests.index.small_markets import flat, market

GRID: dict[str, list[Any]] = {
    "selection.count": [3, 5],
    "weighting.scheme": ["market_cap", "equal", "inverse_volatility"],
    "weighting.max_weight": [0.25, 0.5],
    "schedule.lag_days": [1, 3],
}


def assert_is_what_build_index_gives(found: Sweep, on: MarketData, **tables: Any) -> None:
    assert list(found.levels.columns) == list(found.rulebooks) == list(found.table.index)
    for name, rulebook in found.rulebooks.items():
        level = build_index(on, rulebook, **tables).level
        np.testing.assert_array_equal(found.levels[name].dropna().to_numpy(), level.to_numpy(), strict=True)
        assert found.levels[name].first_valid_index() == level.index[0]


def test_each_variant_is_what_build_index_gives_bit_for_bit_in_one_process_and_in_two() -> None:
    on = random_market(3)
    one, two = (sweep(on, rules(), GRID, jobs=jobs) for jobs in (1, 2))
    assert one.count + len(one.failures) == 24 + 1  # the grid, and the rulebook, which has no cap
    assert len(one.failures) == 6  # three members of a quarter each are no whole
    assert_is_what_build_index_gives(one, on)
    pd.testing.assert_frame_equal(one.levels, two.levels, check_exact=True)
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.failures, two.failures)
    assert (one.reference, one.start, one.shortened_by) == (two.reference, two.start, two.shortened_by)


def test_systems_that_cannot_fork_are_sent_the_market(monkeypatch: pytest.MonkeyPatch) -> None:
    on, grid = random_market(4), {"selection.count": [3, 4], "schedule.lag_days": [1, 2]}
    here = sweep(on, rules(), grid, jobs=1)
    monkeypatch.setattr(running.sys, "platform", "darwin")
    pd.testing.assert_frame_equal(sweep(on, rules(), grid, jobs=2).levels, here.levels, check_exact=True)


def test_tables_are_those_of_all_variants() -> None:
    on = with_stablecoins(random_market(5), 5)
    following = rules(overlay={"stable_leg": ["usd-a", "usd-b"]})
    tables = needed_tables(on, following)
    found = sweep(on, following, {"selection.count": [3, 5], "overlay.signals": [True, False]}, jobs=2, **tables)
    assert_is_what_build_index_gives(found, on, **tables)
    with pytest.raises(MethodologyError, match="needs signals"):
        sweep(on, following, {"selection.count": [3]}, jobs=1)


def test_signals_of_a_recipe_are_made_once_and_a_lag_that_is_not_the_recipes_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on = load_market(ROOT / "data" / "sample", end="2020-12-31")
    made = []
    real = running.own_signals
    monkeypatch.setattr(running, "own_signals", lambda *given: made.append(given) or real(*given))
    rulebook = Methodology.load("ai-large-cap")
    found = sweep(on, rulebook, {"selection.count": [10, 20], "schedule.lag_days": [1, 3]}, jobs=2)
    assert len(made) == 1
    name = "count=10, lag_days=1"
    pd.testing.assert_series_equal(
        found.levels[name].dropna(), build_index(on, found.rulebooks[name]).level, check_names=False, check_exact=True
    )
    assert (found.table["note"] != "").tolist() == [False, True, False, True]
    assert (
        "learns from returns that begin after 1 days, and trades follow a decision by 3" in found.table["note"].iloc[1]
    )


@pytest.mark.parametrize("counts", [[5, 4], [4]])
def test_the_rulebook_has_its_notes_as_its_variants_have_theirs(counts: list[int]) -> None:
    rulebook = rules(universe={"exclude_tags": ["no-such-tag"]})
    with pytest.warns(ResearchWarning, match="no-such-tag"):
        build_index(random_market(6), rulebook)
    notes = sweep(random_market(6), rulebook, {"selection.count": counts}, jobs=1).table["note"]
    assert len(notes) == 2
    assert notes.str.contains("no-such-tag").all()


def test_what_the_market_cannot_run_is_listed_and_the_rest_is_built() -> None:
    found = sweep(
        random_market(6), rules(), {"selection.count": [4, 5, 50], "weighting.size_by": [None, "volumes"]}, jobs=2
    )
    assert found.count == 2
    reasons = found.failures["reason"]
    assert "no day has 50 eligible assets" in reasons["count=50, size_by=none"]
    assert "volumes" in reasons["count=4, size_by=volumes"]
    assert list(found.failures.columns) == ["selection.count", "weighting.size_by", "reason"]
    assert repr(found) == (
        "<Sweep of 'Test index' over selection.count, weighting.size_by: 2 variants, 4 that cannot be, "
        f"{found.start.date()} to 2020-07-18>"
    )


def test_a_rulebook_that_cannot_be_built_itself_is_an_error() -> None:
    with pytest.raises(MethodologyError, match="no day has 50"):
        sweep(random_market(6), rules(selection={"count": 50}), {"schedule.lag_days": [1]}, jobs=1)


def late() -> MarketData:
    """Two assets from the first day, a third from day 30 on; a doubles on day 50."""
    third = flat()
    third[:30] = np.nan
    double = flat()
    double[50:] = 2.0
    return market(a=double, b=flat(), c=third)


def test_figures_are_over_the_days_that_all_have_and_who_shortened_them_is_said() -> None:
    daily = {"schedule": {"reconstitution": "daily", "lag_days": 1}, "weighting": {"scheme": "equal"}}
    found = sweep(late(), rules(**daily, selection={"count": 2}), {"selection.count": [2, 3]}, jobs=1)
    assert (found.levels["count=2"].first_valid_index(), found.start) == (
        pd.Timestamp("2021-01-02"),
        pd.Timestamp("2021-02-01"),
    )
    assert found.shortened_by == ("count=3",)
    assert len(found.common) == 29
    assert not found.common.isna().any(axis=None)
    assert found.table["total_return"].to_dict() == pytest.approx({"count=2": 1 / 2, "count=3": 1 / 3})
    together = sweep(late(), rules(**daily, selection={"count": 2}), {"selection.count": [1, 2]}, jobs=1)
    assert together.shortened_by == ()


def test_a_variant_that_begins_too_late_is_listed_and_shortens_nothing() -> None:
    daily = {"schedule": {"reconstitution": "daily", "lag_days": 1}, "weighting": {"scheme": "equal"}}
    grid = {"selection.count": [2, 3]}
    found = sweep(late(), rules(**daily, selection={"count": 2}), grid, jobs=1, latest_start="2021-01-10")
    assert found.start == pd.Timestamp("2021-01-02")
    assert found.failures["reason"].to_dict() == {"count=3": "begins on 2021-02-01, after latest_start."}
    with pytest.raises(MethodologyError, match="itself begins on 2021-02-01, after latest_start = 2021-01-10"):
        sweep(late(), rules(**daily, selection={"count": 3}), grid, jobs=1, latest_start="2021-01-10")


def test_figures_are_those_of_the_metrics_and_of_the_turnover_summary() -> None:
    on = random_market(7, defects=False)
    found = sweep(on, rules(), {"selection.count": [3, 5, 8]}, jobs=1, risk_free=0.04)
    assert found.shortened_by == ()
    for name, row in found.table.iterrows():
        index = build_index(on, found.rulebooks[str(name)])
        returns = returns_from_levels(index.level)
        assert row["cagr"] == cagr(returns)
        assert row["sharpe_ratio"] == sharpe_ratio(returns, risk_free=0.04)
        assert row["max_drawdown"] == max_drawdown(returns)
        assert row["annual_turnover"] == pytest.approx(turnover_summary(index)["annual"])
        years = (len(index.level) - 1) / 365
        kept = (index.level.iloc[-1] / index.gross_level.iloc[-1]) ** (1 / years)
        assert row["annual_cost"] == pytest.approx(1 - kept)


def test_the_rulebook_is_a_point_of_the_grid_or_stands_beside_it() -> None:
    on = random_market(8)
    inside = sweep(on, rules(), {"selection.count": [3, 5]}, jobs=1)
    assert (inside.reference, list(inside.on_grid)) == ("count=5", ["count=3", "count=5"])
    beside = sweep(on, rules(), {"selection.count": [3, 4]}, jobs=1)
    assert (beside.reference, list(beside.on_grid)) == ("as given", ["count=3", "count=4"])
    assert beside.table.loc["as given", "selection.count"] == 5
    assert_is_what_build_index_gives(beside, on)


def test_variants_that_make_the_same_history_are_told() -> None:
    grid = {"weighting.scheme": ["equal"], "weighting.max_weight": [0.3, 0.4]}  # neither cap ever binds
    found = sweep(random_market(9), rules(), grid, jobs=1)
    assert (found.count, found.distinct) == (3, 2)


def test_a_level_that_is_lost_has_lost_everything_and_no_more() -> None:
    dead = flat()
    dead[40:] = np.nan
    zero = {"events": {"removal_haircut": 1.0, "carry_days": 1, "remove_after_days": 2}}
    daily = {"schedule": {"reconstitution": "weekly", "lag_days": 1}, "weighting": {"scheme": "equal"}}
    ranked = {"selection": {"count": 1}}
    found = sweep(market(a=2 * dead, b=flat()), rules(**zero, **daily, **ranked), {"selection.count": [1, 2]}, jobs=1)
    row = found.table.loc["count=1"]
    assert (row["total_return"], row["cagr"], row["max_drawdown"]) == (-1.0, -1.0, -1.0)
    assert np.isnan(row["sharpe_ratio"])
    assert found.table.loc["count=2", "total_return"] == pytest.approx(-0.5, abs=0.02)


def test_a_bar_is_shown_to_whoever_watches_and_to_nobody_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_SIGN", 0.0)
    on, grid = random_market(10), {"selection.count": [3, 4, 5]}
    sweep(on, rules(), grid, jobs=1, progress=True)
    assert "variants: 100%" in capsys.readouterr().err
    sweep(on, rules(), grid, jobs=1, progress=False)
    assert capsys.readouterr().err == ""


def test_a_process_that_dies_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "built_of", lambda *_: os._exit(9))  # forks have it too
    with pytest.raises(ResearchError, match=r"a process that built variants died .* Give fewer jobs"):
        sweep(random_market(11), rules(), {"selection.count": [2, 3, 4, 5]}, jobs=2)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_a_number_of_processes_is_one(jobs: Any) -> None:
    with pytest.raises(MethodologyError, match="jobs = "):
        sweep(random_market(11), rules(), {"selection.count": [2]}, jobs=jobs)


ORPHANS = """
import multiprocessing, os, sys, time
from research import sweep
from research.index.sweeps import running
from tests.index.markets import random_market, rules

def slow(*_):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece: both write to one pipe
    time.sleep(600)

running.built_of = slow
sweep(random_market(1), rules(), {"selection.count": [2, 3, 4, 5]}, jobs=2, progress=False)
"""


def test_processes_end_with_the_one_that_started_them() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
