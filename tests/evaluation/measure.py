"""The long measurements behind the numbers of research/evaluation/CONVENTIONS.md. Not run by pytest.

python -m tests.evaluation.measure              how often each printed interval holds the truth (coverage)
python -m tests.evaluation.measure flags        how often red flags fire on markets without a defect
python -m tests.evaluation.measure forecasts    how often outcomes fall inside the bootstrapped forecasts
python -m tests.evaluation.measure overfitting  size and power of the test of over-fitting
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd

from research import evaluation
from research.errors import DataWarning
from research.evaluation import find_red_flags, forecast_record
from tests.evaluation.markets import (
    WORLDS,
    market_and_index,
    monthly_turnover,
    monthly_weights,
    pair,
    sectors,
)

SEVERITIES = ["notice", "warning", "serious"]
DATES = pd.date_range("2012-12-31", periods=2501)
PATH_FIGURES = ["total_return", "max_drawdown", "ulcer_index", "calmar_ratio", "martin_ratio"]


def coverage(
    world: str, *, periods: int, repetitions: int, draws: int = 200, confidence: float = 0.95, seed: int = 0
) -> pd.Series:
    """Share of simulated histories whose printed interval holds the true value, by row of `performance_summary`.

    The truth is the figure of four million periods of the same world; for the figures of a path, whose interval is a
    range, it is the figure of a fresh history of the same length. `alpha_test` is the interval of that function.
    """
    rng = np.random.default_rng(seed)
    truth = true_figures(*(array.ravel(order="F") for array in pair(world, 4000, 1000, rng)))
    own, market, fresh = (
        pd.DataFrame(array, DATES[1 : periods + 1])
        for array in (*pair(world, periods, repetitions, rng), pair(world, periods, repetitions, rng)[0])
    )
    paths = pd.DataFrame({name: getattr(evaluation, name)(fresh) for name in PATH_FIGURES})
    tested = evaluation.alpha_test(own, market, confidence=confidence)
    hits = []
    for number in range(repetitions):
        level, benchmark = (_level(frame[number]) for frame in (own, market))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # less than a year: meant
            table = evaluation.performance_summary(
                level, benchmark=benchmark, confidence=confidence, draws=draws, seed=number
            )
        table = table[["lower", "upper"]].dropna().T
        table["alpha_test"] = tested.loc[["lower", "upper"], number]
        right = pd.concat([truth, paths.loc[number]]).reindex(table.columns)
        hits.append((table.loc["lower"] <= right) & (right <= table.loc["upper"]))
    return pd.DataFrame(hits).mean()


def true_figures(own: np.ndarray, market: np.ndarray) -> pd.Series:
    """What the figures converge to as a history grows, from very long samples; no risk-free rate, 365 periods."""
    growth, theirs = (np.expm1(365 * np.log1p(array).mean()) for array in (own, market))
    up, down = market > 0, market < 0
    captures = {
        name: np.expm1(np.log1p(own[days]).mean()) / np.expm1(np.log1p(market[days]).mean())
        for name, days in {"up_capture": up, "down_capture": down}.items()
    }
    r, b = pd.Series(own), pd.Series(market)
    volatility, error = evaluation.annualized_volatility(r), evaluation.tracking_error(r, b)
    geometric = growth / volatility
    penalty = 1 + evaluation.skewness(r) * geometric / 6 - evaluation.excess_kurtosis(r) * geometric**2 / 24
    alone = ["downside_deviation", "sharpe_ratio", "sortino_ratio", "omega_ratio", "skewness"]
    alone += ["value_at_risk", "expected_shortfall"]
    relative = ["beta", "correlation", "jensen_alpha", "batting_average"]
    return pd.Series(
        {name: getattr(evaluation, name)(r) for name in alone}
        | {name: getattr(evaluation, name)(r, b) for name in relative}
        | captures
        | {
            "annualized_volatility": volatility,
            "tracking_error": error,
            "cagr": growth,
            "active_return": growth - theirs,
            "information_ratio": (growth - theirs) / error,
            "cagr_to_volatility": geometric,
            "adjusted_sharpe_ratio": geometric * penalty,
            "alpha_test": evaluation.jensen_alpha(r, b),
        }
    )


def _level(returns: pd.Series) -> pd.Series:
    return (1.0 + returns.reindex(DATES[: len(returns) + 1], fill_value=0.0)).cumprod()


PERIODS = {365: "D", 52: "W", 12: "ME"}


def false_alarms(*, years: int, repetitions: int, periods_per_year: int = 365, seed: int = 0) -> pd.DataFrame:
    """Share of simulated markets without a defect in which each flag fires, by severity; daily, weekly or monthly."""
    rng = np.random.default_rng(seed)
    market, index = (
        ((1.0 + frame).resample(PERIODS[periods_per_year]).prod() - 1.0).iloc[1:-1]  # whole weeks and months
        for frame in market_and_index(365 * years, repetitions, rng)
    )
    found = []
    for number in range(repetitions):
        flags = find_red_flags(
            index[number],
            benchmark=market[number],
            weights=monthly_weights(12 * years, rng),
            turnover=monthly_turnover(12 * years, rng),
            sectors=sectors(),
            periods_per_year=periods_per_year,
        )
        found.append(flags.drop_duplicates("flag").assign(run=number))
    every = pd.concat(found)
    table = pd.crosstab(every["flag"], every["severity"]).reindex(columns=SEVERITIES, fill_value=0)
    table["any severity"] = table.sum(axis=1)
    table.loc["at least one flag"] = [*([np.nan] * 3), every["run"].nunique()]
    return table / repetitions


def forecast_coverage(*, repetitions: int, world: str = "GARCH, t(6)", seed: int = 0) -> float:
    """Share of one-year outcomes inside 90 % forecasts made after three years, one forecast per simulated history."""
    values = 0.001 + WORLDS[world](4 * 365, repetitions, np.random.default_rng(seed))
    dates = pd.date_range("2017-01-01", periods=len(values))
    inside = [
        forecast_record(pd.Series(values[:, number], dates), first=3 * 365, step=365, seed=number)["inside"].mean()
        for number in range(repetitions)
    ]
    return float(np.mean(inside))


def overfitting_rejections(
    world: str, *, skill: float, repetitions: int, periods: int = 1000, trials: int = 20, seed: int = 0
) -> float:
    """Share of simulated searches in which `overfitting_test` rejects at 5 %.

    All trials hold the same market and have noise of their own; `skill` is the annual Sharpe ratio by which one of
    them is better than the others, relative to that noise.
    """
    rng = np.random.default_rng(seed)
    rejected = []
    for number in range(repetitions):
        market = WORLDS[world](periods, 1, rng)
        noise = 0.3 * WORLDS[world](periods, trials, rng)
        noise[:, 0] += skill / np.sqrt(365) * 0.3 * 0.035
        tested = evaluation.overfitting_test(pd.DataFrame(0.001 + 0.9 * market + noise), blocks=10, seed=number)
        rejected.append(tested["p_value"] <= 0.05)
    return float(np.mean(rejected))


def show(text: str) -> None:
    """One piece of output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(what: str) -> None:
    """Run one measurement and print its table."""
    if what == "coverage":
        for periods in (250, 1000, 2500):
            shares = {world: coverage(world, periods=periods, repetitions=400) for world in WORLDS}
            table = (100 * pd.DataFrame(shares)).round(1)
            show(f"\n{periods} days, 400 histories, nominal 95 %\n{table.to_string()}")
    elif what == "flags":
        for year in PERIODS:
            for years in (3, 6, 10):
                table = false_alarms(years=years, repetitions=500, periods_per_year=year)
                show(f"\n{years} years, {year} periods a year, 500 markets\n{table.round(3).to_string()}")
    elif what == "forecasts":
        for world in WORLDS:
            show(f"{world}: {forecast_coverage(repetitions=500, world=world):.3f} inside 90 % forecasts")
    elif what == "overfitting":
        for world in ("normal", "GARCH, t(6)"):
            shares = [overfitting_rejections(world, skill=skill, repetitions=400) for skill in (0.0, 1.0, 2.0)]
            show(f"{world}: rejected at 5 % with one trial better by a Sharpe ratio of 0, 1 and 2: {shares}")
    else:
        raise SystemExit(f"unknown measurement {what!r}: coverage, flags, forecasts or overfitting")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "coverage")
