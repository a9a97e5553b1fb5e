"""What a `SignalHistory` answers: the calls, why they were made, and what the cache gives back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from research.errors import DataError, DataWarning, MethodologyError
from research.index import build_index
from research.market import MarketData
from research.signals import SignalHistory, cache, make_signals
from research.signals import make as making
from research.signals.recipe import MODELS
from tests.index.markets import with_stablecoins
from tests.signals.markets import market, recipe, signal_rules

WHOLE = market()


@pytest.fixture(scope="module", params=MODELS)
def history(request: pytest.FixtureRequest) -> SignalHistory:
    return make_signals(WHOLE, recipe(request.param))


def test_the_card_of_a_call_says_the_largest_parts_and_what_would_turn_it(history: SignalHistory) -> None:
    why = history.explain("bitcoin")
    parts, flips = why._card.tables.values()
    largest = why.parts["log_odds"].abs().nlargest(len(parts))
    assert parts["part"].tolist() == largest.index.tolist()
    assert float(parts["log odds"][0].replace("\u2212", "-")) == pytest.approx(why.parts["log_odds"].iloc[0], abs=0.005)
    assert set(flips["call"]) == {"bullish", "neutral", "bearish"} - {why.signal}
    assert f"bitcoin: {why.signal}\n" in repr(why)
    assert "<table>" in why._repr_html_()


def test_the_parts_of_a_call_sum_to_its_log_odds(history: SignalHistory) -> None:
    for asset in ("bitcoin", "asset-03"):
        why = history.explain(asset)
        assert np.isclose(why.parts["log_odds"].sum(), why.log_odds, atol=1e-9)
        assert np.isclose(1 / (1 + np.exp(-why.log_odds)), why.probability)
        assert why.signal == history.states.loc[why.date, asset] == why.states["signal"].iloc[-1]
        assert asset in str(why)


def test_moving_the_feature_that_would_turn_a_call_turns_it(history: SignalHistory) -> None:
    if history.coefficients.empty:
        pytest.skip("trees are no sum: no single feature is named")
    turned = 0
    for asset in history.week().index:
        why = history.explain(asset)
        for signal, line in why.flips.iterrows():
            assert signal != why.signal
            assert np.isclose(why.log_odds + line["log_odds"], np.log(line["probability"] / (1 - line["probability"])))
            if line["feature"]:
                from scipy.special import ndtri

                part = why.parts.loc[line["feature"]]
                slope = part["log_odds"] / part["standardised"]
                moved = slope * (ndtri(line["to_percentile"]) - part["standardised"])
                assert np.isclose(moved, line["log_odds"])
                turned += 1
    assert turned or history.recipe.model.kind in ("elastic_net", "logit")  # whose coefficients may all be too small


def test_the_table_holds_the_calls_and_nothing_else(history: SignalHistory) -> None:
    table = history.table
    assert list(table.columns) == ["date", "asset_id", "signal", "score", "probability", "missing"]
    assert not table.duplicated(["date", "asset_id"]).any()
    assert len(table) == history.states.notna().sum().sum() == history.probabilities.notna().sum().sum()
    assert table["probability"].between(0, 1).all()
    assert (table["score"] == table["probability"] - 0.5).all()


def test_a_week_lists_every_call_with_its_reasons_and_the_call_before(history: SignalHistory) -> None:
    week = history.week("2021-01-20")
    date = history.dates[history.week_of("2021-01-20")]
    before = history.states.loc[:date].iloc[-2].fillna("")
    assert week["probability"].is_monotonic_decreasing
    assert (week["before"] == before.reindex(week.index)).all()
    assert (week["reasons"].str.len() > 0).all()


def test_outcomes_are_simple_returns_from_the_effective_close() -> None:
    history = make_signals(WHOLE, recipe())
    date = history.dates[history.week_of("2020-12-01")]
    price = WHOLE.prices["bitcoin"]
    day = WHOLE.dates.get_loc(date)
    assert np.isclose(history.outcomes.loc[date, "bitcoin"], price.iloc[day + 8] / price.iloc[day + 1] - 1)
    assert history.outcomes.iloc[-1].isna().all()


def test_questions_that_have_no_answer_say_what_to_ask_instead() -> None:
    history = make_signals(WHOLE, recipe())
    with pytest.raises(DataError, match="bitcoin"):
        history.explain("bitcoim")
    with pytest.raises(DataError, match="first were made on"):
        history.week("2020-02-01")
    with pytest.raises(MethodologyError, match=r"no call can be made: \d+ weeks"):
        make_signals(WHOLE.until("2020-04-01"), recipe())


def test_an_asset_out_of_the_universe_gets_no_call_but_keeps_its_history() -> None:
    few = make_signals(WHOLE, recipe(largest=6))
    assert (few.states.notna().sum(axis=1).isin([0, 6])).all()
    assert few.states.shape[1] > 6


# ------------------------------------------------------------------ the cache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "signals")
    return tmp_path / "signals"


def of_a_snapshot(whole: MarketData) -> MarketData:
    return replace(whole, manifest=replace(whole.manifest, sha256={"daily.parquet": "0" * 64}))


def assert_same(one: SignalHistory, other: SignalHistory) -> None:
    assert_frame_equal(one.table, other.table, check_exact=True)
    assert_frame_equal(one.refits, other.refits, check_exact=True)
    assert_frame_equal(one.coefficients, other.coefficients, check_exact=True)
    assert_frame_equal(one.explain("bitcoin").parts, other.explain("bitcoin").parts, check_exact=True)


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "boosting"])
def test_signals_of_a_snapshot_come_back_from_the_cache_as_they_were(
    home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_signals(of_a_snapshot(WHOLE), recipe(kind))
    assert len(list(home.glob("*.npz"))) == len(list(home.iterdir())) == 1

    def never(*_: Any) -> None:
        raise AssertionError("made again")

    with monkeypatch.context() as patch:
        patch.setattr(making, "walk_forward", never)
        kept = make_signals(of_a_snapshot(WHOLE), recipe(kind))
    assert_same(kept, made)


def test_other_data_or_another_recipe_is_not_taken_from_the_cache(home: Path) -> None:
    make_signals(of_a_snapshot(WHOLE), recipe())
    make_signals(of_a_snapshot(WHOLE), recipe(horizon_days=14))
    changed = WHOLE.prices.copy()
    changed.iloc[-1, 0] *= 1.001
    make_signals(of_a_snapshot(replace(WHOLE, prices=changed)), recipe())
    assert len(list(home.glob("*.npz"))) == 3


def test_a_market_in_memory_leaves_no_file(home: Path) -> None:
    make_signals(WHOLE, recipe())
    assert not home.exists()


@pytest.mark.parametrize("kept", [slice(0), slice(2_000), slice(9, None)])
def test_a_damaged_file_is_made_anew_with_a_warning(home: Path, kept: slice) -> None:
    made = make_signals(of_a_snapshot(WHOLE), recipe())
    [path] = home.glob("*.npz")
    path.write_bytes(path.read_bytes()[kept])
    with pytest.warns(DataWarning, match="damaged"):
        again = make_signals(of_a_snapshot(WHOLE), recipe())
    assert_same(again, made)
    assert_same(make_signals(of_a_snapshot(WHOLE), recipe()), made)


def test_a_folder_that_cannot_be_written_to_costs_time_and_nothing_else(home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.warns(DataWarning, match="not kept"):
        made = make_signals(of_a_snapshot(WHOLE), recipe())
    assert_frame_equal(made.table, make_signals(WHOLE, recipe()).table, check_exact=True)


# ------------------------------------------------------------------ in an index


def test_an_index_makes_its_own_signals_and_begins_with_the_first(tmp_path: Path) -> None:
    whole = with_stablecoins(WHOLE, 3, deviation=0.001)
    methodology = signal_rules(tmp_path / "small.toml")
    index = build_index(whole, methodology)
    assert index.signals is not None
    assert index.decision_records[0].row >= index.signals.first_row
    assert index.dates[0] > index.signals.dates[index.signals.week_of(index.dates[0])]
    given = build_index(whole, replace(methodology, base_date=index.dates[0].date()), signals=index.signals.table)
    assert given.signals is None
    assert (given.level == index.level).all()
    shares = index.constituents.query("asset_id == 'usd-a'")["target_weight"]
    assert shares.max() > 0.1


def test_a_recipe_that_learns_from_other_days_than_are_traded_is_a_warning(tmp_path: Path) -> None:
    schedule = {"reconstitution": "weekly", "weekday": "sunday", "lag_days": 3}
    methodology = signal_rules(tmp_path / "small.toml", schedule=schedule)
    with pytest.warns(match="Set both lag_days alike"):
        build_index(with_stablecoins(WHOLE, 3, deviation=0.001), methodology)
