"""Each flag fires on a planted defect, stays silent without one as often as documented, and does not look ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.markets import START, market_and_index, monthly_turnover, monthly_weights, sectors
from tests.evaluation.measure import false_alarms
from tests.evaluation.test_regimes import path

YEAR = 365


@pytest.fixture(scope="module")
def healthy() -> tuple[pd.Series, pd.Series]:
    market, index = market_and_index(6 * YEAR, 8, np.random.default_rng(21))
    for number in market.columns:  # one in which nothing fires: what is planted is then the only cause
        if ev.find_red_flags(index[number], benchmark=market[number]).empty:
            return market[number], index[number]
    raise AssertionError("no healthy market among eight")


def flags(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["flag"], table["severity"], strict=True))


def test_a_healthy_index_has_no_flag_and_the_empty_table_has_its_columns(healthy: tuple[pd.Series, pd.Series]) -> None:
    table = ev.find_red_flags(healthy[1], benchmark=healthy[0])
    assert table.empty
    assert list(table.columns) == ["flag", "evidence", "severity", "since"]


def test_drawdowns_that_deepen_each_cycle() -> None:
    falls = [-0.55, -0.65, -0.75]
    returns = path(*[leg for fall in falls for leg in ((300, 4.0), (150, fall))], (50, 0.1))
    table = ev.find_red_flags(returns)
    assert flags(table)["drawdowns_deepen"] == "notice"
    row = table[table["flag"] == "drawdowns_deepen"].iloc[0]
    assert "-55%, -65%, -75%" in row["evidence"]
    assert row["since"] == pd.Timestamp("2016-12-31")
    milder = path(*[leg for fall in falls[::-1] for leg in ((300, 4.0), (150, fall))], (50, 0.1))
    assert "drawdowns_deepen" not in flags(ev.find_red_flags(milder))
    four = path(*[leg for fall in [*falls, -0.9] for leg in ((300, 4.0), (150, fall))], (50, 0.1))
    assert flags(ev.find_red_flags(four))["drawdowns_deepen"] == "warning"


def test_a_sharpe_ratio_that_declines(healthy: tuple[pd.Series, pd.Series]) -> None:
    index = healthy[1]
    faded = index + np.linspace(0.01, -0.012, len(index))
    table = ev.find_red_flags(faded)
    assert flags(table)["sharpe_declining"] in ("warning", "serious")
    assert table.set_index("flag").loc["sharpe_declining", "since"] < index.index[2 * YEAR]
    assert "sharpe_declining" not in flags(ev.find_red_flags(index + np.linspace(-0.006, 0.006, len(index))))


def test_underperformance_of_more_than_a_year_is_flagged_and_a_short_spell_is_not(
    healthy: tuple[pd.Series, pd.Series],
) -> None:
    market, index = healthy
    start = len(index) - 500
    lagging = index + 0.001  # ahead at first, so that the lag has a beginning
    lagging.iloc[start:] -= 0.004
    table = ev.find_red_flags(lagging, benchmark=market).set_index("flag")
    assert table.loc["persistent_underperformance", "severity"] in ("warning", "serious")
    assert abs((table.loc["persistent_underperformance", "since"] - index.index[start]).days) < 120
    short = index.copy()
    short.iloc[-120:] -= 0.01
    assert "persistent_underperformance" not in flags(ev.find_red_flags(short, benchmark=market))


def test_a_calm_index_that_falls_less_is_not_called_an_underperformer(healthy: tuple[pd.Series, pd.Series]) -> None:
    market = healthy[0].abs() * 0.2 + healthy[0]
    half = 0.5 * market
    assert "persistent_underperformance" not in flags(ev.find_red_flags(half, benchmark=market))


def test_volatility_that_rises_without_return(healthy: tuple[pd.Series, pd.Series]) -> None:
    returns = healthy[1].copy()
    returns.iloc[-YEAR:] = 2.5 * (returns.iloc[-YEAR:] - returns.iloc[-YEAR:].mean())
    returns = returns.clip(lower=-0.9)
    assert flags(ev.find_red_flags(returns))["volatility_without_return"] == "serious"
    paid = returns.copy()
    paid.iloc[-YEAR:] += 0.02
    assert "volatility_without_return" not in flags(ev.find_red_flags(paid))


@pytest.mark.parametrize("periods_per_year", [52, 12])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_weekly_and_monthly_returns_are_looked_at_in_readings_of_their_own(
    healthy: tuple[pd.Series, pd.Series], periods_per_year: int
) -> None:
    rule = {52: "W", 12: "ME"}[periods_per_year]
    calm = ((1 + healthy[1]).resample(rule).prod() - 1).iloc[1:-1]
    wild = calm.copy()
    late = wild.iloc[-periods_per_year:]
    wild.iloc[-periods_per_year:] = (3 * (late - late.mean()) - 0.05).clip(lower=-0.9)
    faded = calm + np.linspace(2, -2, len(calm)) / periods_per_year
    found = [flags(ev.find_red_flags(x, periods_per_year=periods_per_year)) for x in (calm, wild, faded)]
    assert "volatility_without_return" not in found[0]
    assert "volatility_without_return" in found[1]
    assert "sharpe_declining" in found[2]


def test_volatility_is_not_called_risen_from_weekly_returns_more_often_than_documented() -> None:
    table = false_alarms(years=6, repetitions=150, periods_per_year=52, seed=9)
    # documented: 4 %; readings of 30 weeks, one in the last year, fired in 15 to 20 %
    assert table["any severity"].get("volatility_without_return", 0.0) < 0.09


def test_beta_that_leaves_its_history(healthy: tuple[pd.Series, pd.Series]) -> None:
    market, index = healthy
    levered = index.copy()
    levered.iloc[-200:] += 1.5 * market.iloc[-200:]
    levered = levered.clip(lower=-0.9)
    assert flags(ev.find_red_flags(levered, benchmark=market))["beta_drift"] == "serious"


def test_weights_turnover_and_sectors_that_leave_their_history(healthy: tuple[pd.Series, pd.Series]) -> None:
    rng = np.random.default_rng(2)
    weights, turnover = monthly_weights(72, rng), monthly_turnover(72, rng)
    options = {"weights": weights, "turnover": turnover, "sectors": sectors()}
    assert ev.find_red_flags(healthy[1], **options).empty  # type: ignore[arg-type]
    one = weights.copy()
    one.iloc[-3:] = one.iloc[-3:] * 0.4
    one.iloc[-3:, 0] += 0.6
    busy = turnover.copy()
    busy.iloc[-3:] = 3.0
    table = ev.find_red_flags(healthy[1], weights=one, turnover=busy, sectors=sectors())
    found = flags(table)
    assert found["concentration_drift"] == "serious"
    assert found["turnover_drift"] == "serious"
    assert found["sector_drift"] in ("warning", "serious")
    assert table["evidence"].str.contains("sector 0").any()
    assert (table["since"] == weights.index[-3]).all()


def test_a_constant_past_is_no_hair_trigger(healthy: tuple[pd.Series, pd.Series]) -> None:
    dates = pd.date_range(START, periods=40, freq="ME")
    equal = pd.DataFrame(0.1, dates, [f"a{i}" for i in range(10)])
    equal.iloc[-3:, 0] += 1e-12
    assert ev.find_red_flags(healthy[1], weights=equal).empty


def test_data_warnings_have_a_severity_by_age(healthy: tuple[pd.Series, pd.Series]) -> None:
    index = healthy[1]
    for age, severity in {5: "serious", 100: "warning", 800: "notice"}.items():
        warnings = pd.Series(["price carried", "price missing"], index.index[[-age - 50, -age]])
        row = ev.find_red_flags(index, data_warnings=warnings).iloc[0]
        assert (row["flag"], row["severity"]) == ("data_warnings", severity)
        assert "2 warnings" in row["evidence"]
        assert "price missing" in row["evidence"]
        assert row["since"] == warnings.index[0]


def test_flags_of_a_date_do_not_change_when_the_future_arrives(healthy: tuple[pd.Series, pd.Series]) -> None:
    market, index = healthy
    faded = index + np.linspace(0.01, -0.012, len(index))
    cut = faded.index[1500]
    then = ev.find_red_flags(faded[:cut], benchmark=market[:cut])
    with_longer_market = ev.find_red_flags(faded[:cut], benchmark=market[: faded.index[1500]])
    pd.testing.assert_frame_equal(then, with_longer_market)
    assert not then.empty


def test_every_flag_has_a_rule_and_a_severity_rule() -> None:
    rules = ev.red_flag_rules()
    assert rules.index.is_unique
    assert rules.map(len).min().min() > 20
    assert set(rules.index) == {
        "drawdowns_deepen",
        "sharpe_declining",
        "persistent_underperformance",
        "volatility_without_return",
        "beta_drift",
        "concentration_drift",
        "turnover_drift",
        "sector_drift",
        "data_warnings",
    }


def test_false_alarms_are_as_rare_as_documented() -> None:
    table = false_alarms(years=6, repetitions=150, seed=5)
    alone = table.drop("at least one flag")
    # documented: at most 6 % for a flag, under 2 % beyond a notice; 150 markets have a standard error of 2 points
    assert alone["any severity"].max() < 0.11
    assert alone[["warning", "serious"]].sum(axis=1).max() < 0.05
    assert table.loc["at least one flag", "any severity"] < 0.28


def test_inputs_that_do_not_fit_are_refused(healthy: tuple[pd.Series, pd.Series]) -> None:
    weights = monthly_weights(30, np.random.default_rng(0))
    with pytest.raises(DataError, match="without weights"):
        ev.find_red_flags(healthy[1], sectors=sectors())
    with pytest.raises(DataError, match="no sector for 'a19'"):
        ev.find_red_flags(healthy[1], weights=weights, sectors=sectors(19))
    with pytest.raises(DataError, match="dates"):
        ev.find_red_flags(healthy[1], data_warnings=pd.Series(["x"]))
