"""The long measurements behind the numbers of research/evaluation/CONVENTIONS.md. Not run by pytest.

python -m tests.evaluation.measure coverage     how often bootstrap intervals hold the true value
python -m tests.evaluation.measure flags        how often red flags fire on markets without a defect
python -m tests.evaluation.measure forecasts    how often outcomes fall inside the bootstrapped forecasts
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from research.evaluation import (
    annualized_volatility,
    beta,
    bootstrap_intervals,
    find_red_flags,
    forecast_record,
    jensen_alpha,
    sharpe_ratio,
    tracking_error,
    value_at_risk,
)
from tests.evaluation.markets import garch, market_and_index, monthly_turnover, monthly_weights, sectors

SEVERITIES = ["notice", "warning", "serious"]
METRICS = {
    "mean": lambda r, b: r.mean() * 365,
    "annualized_volatility": lambda r, b: annualized_volatility(r),
    "sharpe_ratio": lambda r, b: sharpe_ratio(r),
    "value_at_risk": lambda r, b: value_at_risk(r),
    "beta": beta,
    "jensen_alpha": jensen_alpha,
    "tracking_error": tracking_error,
}


def autocorrelated(periods: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """AR(1) returns with coefficient 0.2, volatility 3.5 % a day."""
    shocks = rng.normal(0.0, 0.035 * np.sqrt(1 - 0.2**2), (periods + 50, columns))
    for row in range(1, len(shocks)):
        shocks[row] += 0.2 * shocks[row - 1]
    return shocks[50:]


WORLDS: dict[str, Callable[[int, int, np.random.Generator], np.ndarray]] = {
    "independent normal": lambda n, k, rng: rng.normal(0.0, 0.035, (n, k)),
    "GARCH, t6": garch,
    "AR(1) 0.2": autocorrelated,
}


def coverage(
    world: str, *, periods: int, repetitions: int, draws: int = 400, confidence: float = 0.95, seed: int = 0
) -> pd.Series:
    """Share of the simulated histories whose interval holds the true value, by metric.

    The truth of each metric is its value on one sample of four million periods of the same world.
    """
    rng = np.random.default_rng(seed)
    long_market, long_noise = (WORLDS[world](4000, 1000, rng).ravel(order="F") for _ in range(2))
    truth = _figures(0.001 + long_market, long_noise)
    market, noise = WORLDS[world](periods, repetitions, rng), WORLDS[world](periods, repetitions, rng)
    hits = dict.fromkeys(METRICS, 0)
    for number in range(repetitions):
        b = pd.Series(0.001 + market[:, number])
        r = 0.9 * b + 0.3 * noise[:, number]
        table = bootstrap_intervals(METRICS, r, benchmark=b, draws=draws, confidence=confidence, seed=number)
        for name in METRICS:
            hits[name] += bool(table.loc[name, "lower"] <= truth[name] <= table.loc[name, "upper"])
    return pd.Series(hits) / repetitions


def _figures(market: np.ndarray, noise: np.ndarray) -> dict[str, float]:
    b = pd.Series(market)
    r = 0.9 * b + 0.3 * noise
    return {name: float(metric(r, b)) for name, metric in METRICS.items()}


def false_alarms(*, years: int, repetitions: int, seed: int = 0) -> pd.DataFrame:
    """Share of simulated markets without a defect in which each flag fires, by severity."""
    rng = np.random.default_rng(seed)
    market, index = market_and_index(365 * years, repetitions, rng)
    found = []
    for number in range(repetitions):
        flags = find_red_flags(
            index[number],
            benchmark=market[number],
            weights=monthly_weights(12 * years, rng),
            turnover=monthly_turnover(12 * years, rng),
            sectors=sectors(),
        )
        found.append(flags.drop_duplicates("flag").assign(run=number))
    every = pd.concat(found)
    table = pd.crosstab(every["flag"], every["severity"]).reindex(columns=SEVERITIES, fill_value=0)
    table["any severity"] = table.sum(axis=1)
    table.loc["at least one flag"] = [*([np.nan] * 3), every["run"].nunique()]
    return table / repetitions


def forecast_coverage(*, repetitions: int, world: str = "GARCH, t6", seed: int = 0) -> float:
    """Share of one-year outcomes inside 90 % forecasts made after three years, one forecast per simulated history."""
    values = 0.001 + WORLDS[world](4 * 365, repetitions, np.random.default_rng(seed))
    dates = pd.date_range("2017-01-01", periods=len(values))
    inside = [
        forecast_record(pd.Series(values[:, number], dates), first=3 * 365, step=365, seed=number)["inside"].mean()
        for number in range(repetitions)
    ]
    return float(np.mean(inside))


def show(text: str) -> None:
    """One piece of output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(what: str) -> None:
    """Run one measurement and print its table."""
    if what == "coverage":
        for periods in (365, 1095, 2500):
            shares = {world: coverage(world, periods=periods, repetitions=300) for world in WORLDS}
            show(f"\n{periods} periods, 300 histories, nominal 95 %\n{pd.DataFrame(shares).round(3).to_string()}")
    elif what == "flags":
        for years in (3, 6, 10):
            show(f"\n{years} years, 1000 markets\n{false_alarms(years=years, repetitions=1000).round(3).to_string()}")
    elif what == "forecasts":
        for world in WORLDS:
            show(f"{world}: {forecast_coverage(repetitions=500, world=world):.3f} inside 90 % forecasts")
    else:
        raise SystemExit(f"unknown measurement {what!r}: coverage, flags or forecasts")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
