"""Regimes without hindsight, cycles with it, and what was earned in each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from tests.conftest import shared
from tests.evaluation.markets import START, garch
from tests.evaluation.test_traps import sample


@pytest.fixture(scope="module")
def market() -> pd.Series:
    values = 0.001 + garch(1500, 1, np.random.default_rng(6))[:, 0]
    return pd.Series(values, pd.date_range(START, periods=1500))


def path(*legs: tuple[int, float]) -> pd.Series:
    """Returns of a level that goes through the given (days, total return) legs at a steady pace."""
    steps = np.concatenate([np.full(days, (1 + total) ** (1 / days) - 1) for days, total in legs])
    return pd.Series(steps, pd.date_range(START, periods=len(steps)))


@pytest.mark.parametrize("label", [ev.trend_regimes, ev.volatility_regimes])
def test_labels_of_the_past_do_not_change_when_the_future_arrives(label: object, market: pd.Series) -> None:
    whole = label(market)  # type: ignore[operator]
    for length in (200, 700, 1100):
        pd.testing.assert_series_equal(label(market.iloc[:length]), whole.iloc[:length])  # type: ignore[operator]


def test_cycles_are_hindsight_and_do_change() -> None:
    returns = path((300, 3.0), (100, -0.4), (100, -0.4))
    before, after = ev.market_cycles(returns.iloc[:400]), ev.market_cycles(returns)
    assert before["phase"].tolist() == ["bull"]
    assert after["phase"].tolist() == ["bull", "bear"]


def test_trend_labels_follow_the_stated_rule() -> None:
    labels = ev.trend_regimes(path((200, 3.0), (100, 0.0), (200, -0.9)), window=90)
    assert labels.iloc[:89].isna().all()
    assert labels.iloc[150] == "bull"
    assert labels.iloc[295] == "sideways"
    assert labels.iloc[450] == "bear"


def test_volatility_labels_follow_the_stated_rule() -> None:
    rng = np.random.default_rng(1)
    quiet, wild = rng.normal(0, 0.01, 500), rng.normal(0, 0.08, 60)
    returns = pd.Series(np.concatenate([quiet, wild]), pd.date_range(START, periods=560))
    labels = ev.volatility_regimes(returns)
    assert labels.iloc[:364].isna().all()
    assert (labels.iloc[520:] == "high volatility").all()


def test_performance_by_regime_counted_by_hand() -> None:
    dates = pd.date_range(START, periods=5)
    returns = pd.Series([0.1, 0.2, -0.1, 0.3, -0.2], dates)
    labels = pd.Series(
        ["bull", "bear", "bull", "bull", "bear"], dates, dtype=pd.CategoricalDtype(["bull", "flat", "bear"])
    )
    table = ev.performance_by_regime(returns, labels, benchmark=returns)
    assert table.index.tolist() == ["bull", "flat", "bear"]
    assert table["days"].tolist() == [3, 0, 1]  # the first return has no label known before it
    assert table.loc["bull", "total_return"] == pytest.approx(1.2 * 1.3 * 0.8 - 1)
    assert table.loc["bear", "total_return"] == pytest.approx(-0.1)
    assert table.loc["bull", "beta"] == pytest.approx(1.0)
    assert np.isnan(table.loc["flat", "total_return"])
    same_day = ev.performance_by_regime(returns, labels, lag=0)
    assert same_day.loc["bear", "total_return"] == pytest.approx(1.2 * 0.8 - 1)
    with pytest.raises(DataError, match="lag = -1: expected at least 0"):
        ev.performance_by_regime(returns, labels, lag=-1)


def test_the_label_of_the_day_itself_would_flatter_and_is_not_used_by_default(market: pd.Series) -> None:
    labels = ev.trend_regimes(market, window=5, threshold=0.05)
    honest, flattering = (
        ev.performance_by_regime(market, labels, lag=lag).loc["bull", "sharpe_ratio"] for lag in (1, 0)
    )
    assert flattering > honest + 2


def test_regimes_share_out_every_labelled_day(market: pd.Series) -> None:
    labels = ev.trend_regimes(market)
    table = ev.performance_by_regime(market, labels)
    assert table["days"].sum() == labels.notna().sum() - 1
    assert table["share"].sum() == pytest.approx(1.0)


def test_cycles_are_dated_at_the_highs_and_lows() -> None:
    returns = path((300, 4.0), (100, -0.7), (200, 2.0), (50, -0.3))
    cycles = ev.market_cycles(returns)
    day = returns.index
    assert cycles["phase"].tolist() == ["bull", "bear", "bull"]
    assert cycles["end"].tolist() == [day[299], day[399], day[649]]
    assert cycles["return"].tolist() == pytest.approx([4.0, -0.7, 2.0 + 3.0 * -0.3])
    assert cycles["confirmed"].tolist() == [True, True, False]
    phases = ev.cycle_regimes(cycles, returns.index)
    assert phases.value_counts().to_dict() == {"bull": 550, "bear": 100}


def test_drawdown_is_measured_within_each_cycle() -> None:
    market_path = path((300, 4.0), (100, -0.7), (200, 2.0), (100, -0.6), (100, 1.5))
    cycles = ev.market_cycles(market_path)
    table = ev.drawdown_by_cycle(market_path, cycles)
    assert table["max_drawdown"].tolist() == pytest.approx([-0.7, -0.6, 0.0], abs=1e-9)
    assert table["complete"].tolist() == [True, True, False]
    late = market_path.mask(market_path.index < market_path.index[350])
    assert np.isnan(ev.drawdown_by_cycle(late, cycles)["max_drawdown"].iloc[0])


def test_the_dates_of_bitcoin_are_the_known_ones() -> None:
    table = pd.read_parquet(shared("market/coingecko_17_2013_2025_lomonosov.parquet"))
    bitcoin = table[table["symbol"] == "BTC"].drop_duplicates("date").set_index("date")["close"].sort_index()
    cycles = ev.market_cycles(ev.returns_from_levels(bitcoin))
    bears = cycles[cycles["phase"] == "bear"]
    assert {"2017-12", "2021-11"} <= set(bears["start"].dt.strftime("%Y-%m"))
    assert {"2015-01", "2018-12", "2022-11"} <= set(bears["end"].dt.strftime("%Y-%m"))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(DataError, match="threshold"):
        ev.trend_regimes(sample(), threshold=0.0)
    with pytest.raises(DataError, match="fall"):
        ev.market_cycles(sample(), fall=1.5)
