"""Wrong input that looks right: levels for returns, missing tests, a total loss, an end taken for a phase."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.test_traps import OWN, RELATIVE, ROLLING, sample

LEVEL = 1000 * (1 + sample()).cumprod()
RETURNS = sample()
TABLES = {
    name: getattr(ev, name)
    for name in [
        "drawdown_table",
        "period_returns",
        "best_and_worst",
        "calendar_table",
        "market_cycles",
        "find_red_flags",
        "expectations",
    ]
}


@pytest.mark.parametrize("size", [0.05, 1.0, 1e5])
@pytest.mark.parametrize("name", [*(name for name in OWN if name != "share_positive"), *ROLLING, *TABLES])
def test_levels_given_for_returns_are_refused_in_words(name: str, size: float) -> None:
    with pytest.raises(DataError, match="look like levels or prices, not returns"):
        (OWN | ROLLING | TABLES)[name](size * LEVEL / LEVEL.mean())


@pytest.mark.parametrize("name", RELATIVE)
def test_a_price_given_for_the_returns_of_a_benchmark_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="look like levels or prices"):
        RELATIVE[name](RETURNS, LEVEL)


def test_a_frame_with_one_column_of_levels_names_it() -> None:
    with pytest.raises(DataError, match="column 'price' is above zero in all of its 400 rows"):
        ev.sharpe_ratio(pd.DataFrame({"returns": RETURNS, "price": LEVEL}))


def test_levels_that_begin_late_are_refused_and_returns_that_fall_late_are_not() -> None:
    with pytest.raises(DataError, match="look like levels or prices"):
        ev.sharpe_ratio(LEVEL.mask(np.arange(len(LEVEL)) < 150))
    late = pd.Series(np.where(np.arange(200) < 150, 0.05, -0.001), pd.date_range("2020-01-01", periods=200))
    assert np.isfinite(ev.sharpe_ratio(late))


@pytest.mark.parametrize(("frequency", "rate"), [("D", 0.0003), ("ME", 0.02), ("YE", 0.25), (None, 0.3)])
def test_returns_that_never_fall_are_returns(frequency: str | None, rate: float) -> None:
    index = pd.RangeIndex(24) if frequency is None else pd.date_range("2000-01-31", periods=24, freq=frequency)
    assert ev.total_return(pd.Series(rate, index)) == pytest.approx((1 + rate) ** 24 - 1)


def test_a_share_of_long_windows_above_zero_is_no_matter_of_one_period() -> None:
    rising = 0.3 * RETURNS.abs()
    assert ev.share_positive(ev.rolling_returns(rising, 300)) == 1.0


def test_the_summary_of_a_frame_has_one_block_a_column() -> None:
    frame = pd.DataFrame({"one": LEVEL, "other": (1 + sample(seed=6)).cumprod()})
    table = ev.performance_summary(frame, benchmark=frame["other"], draws=50, risk_free=0.02)
    assert table.index.names == ["column", "metric"]
    for name in frame.columns:
        alone = ev.performance_summary(frame[name], benchmark=frame["other"], draws=50, risk_free=0.02)
        pd.testing.assert_frame_equal(table.loc[name], alone)


def test_a_test_that_could_not_be_made_counts_for_nothing() -> None:
    adjusted = ev.adjust_pvalues(pd.Series({"a": 0.01, "none": np.nan, "b": 0.04}))
    assert adjusted.to_list() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert ev.adjust_pvalues([np.nan]).isna().all()
    short = pd.DataFrame({"long": sample(seed=4), "short": sample(seed=5).where(sample().index < "2020-01-06")})
    table = ev.alpha_table(RETURNS, short, risk_free=0.0)
    assert table["adjusted"].to_list() == pytest.approx([table.loc["long", "p_value"], np.nan], nan_ok=True)


@pytest.mark.parametrize("rate", [0.04, -0.04])
def test_a_total_loss_is_one_whatever_the_risk_free_rate(rate: float) -> None:
    lost = RETURNS.copy()
    lost.iloc[200] = -1.0
    expected = -1.0 / ev.annualized_volatility(lost)
    assert ev.cagr_to_volatility(lost, risk_free=rate) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(ev.adjusted_sharpe_ratio(lost, risk_free=rate))  # it was +3.8: the expansion had turned its sign


def test_the_end_of_a_phase_that_began_before_the_history_is_no_phase() -> None:
    path = [1.01, *np.geomspace(1.0, 0.3, 200), *np.geomspace(0.31, 1.2, 200), *np.geomspace(1.19, 0.4, 200)]
    returns = ev.returns_from_levels(pd.Series([1.0, *path], pd.date_range("2020-01-01", periods=602)))
    cycles = ev.market_cycles(returns)
    assert cycles["phase"].tolist() == ["bear", "bull", "bear"]  # the first day's rise of 1 % was a bull market
    assert cycles["start"].iloc[0] == pd.Timestamp("2020-01-02")
    phases = ev.cycle_regimes(cycles, pd.DatetimeIndex(returns.index))
    assert phases.isna().sum() == 2


@pytest.mark.parametrize("periods", [25, 400])
def test_what_a_benchmark_explains_but_for_rounding_has_no_significance(periods: int) -> None:
    own = RETURNS.iloc[:periods]
    for series in (own, 0.5 * own):
        table = ev.alpha_test(series, own)
        assert table["alpha"] == pytest.approx(0.0, abs=1e-12)
        assert table[["t_statistic", "p_value", "beta_t_statistic"]].isna().all()
    noise = own * np.random.default_rng(1).normal(0, 1e-6, periods)
    assert np.isfinite(ev.alpha_test(own + noise, own)["t_statistic"])  # little is left, and that is no rounding


def test_a_series_that_ended_harms_no_period_of_another_whatever_was_in_it(recwarn: pytest.WarningsRecorder) -> None:
    frame = pd.DataFrame({"live": RETURNS, "ended": RETURNS.where(np.arange(len(RETURNS)) < 300)})
    frame.iloc[100, 1] = -2.0
    frame.iloc[101:110, 1] = 1e29
    periods = ev.period_returns(frame)
    pd.testing.assert_series_equal(periods["live"], ev.period_returns(RETURNS), check_names=False)
    assert periods["ended"].isna().all()
    frame.iloc[300, 0] = -2.0
    with pytest.raises(DataError, match="a return of -2 is below"):
        ev.period_returns(frame)
    frame.iloc[300:320, 0] = 1e29
    with pytest.raises(DataError, match="too large for a number"):
        ev.period_returns(frame)
    assert len(recwarn) == 0
