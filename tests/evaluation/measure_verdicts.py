"""How often the sentences of the evaluation page are wrong, behind the numbers of CONVENTIONS.md. Not run by pytest.

python -m tests.evaluation.measure_verdicts              all of them, some minutes
python -m tests.evaluation.measure_verdicts sharpe       "above zero", "not above zero", "cannot tell"
python -m tests.evaluation.measure_verdicts difference   "ahead", "behind", "cannot tell", and the range of years
python -m tests.evaluation.measure_verdicts forecasts    forecasts held: "yes", "no", "cannot tell"
python -m tests.evaluation.measure_verdicts ranking      the first of `match_profile`, and its probability

Markets have the clustered volatility of `tests.evaluation.markets.garch`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import norm

from research.evaluation import (
    difference_test,
    forecast_calibration,
    forecast_record,
    match_profile,
    minimum_track_record,
    probabilistic_sharpe,
    verdict_of,
)
from tests.evaluation.markets import START, garch
from tests.evaluation.measure import show

YEAR = 365
EDGE = 0.073  # a year: what a really better rulebook earns more


def dated(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, pd.date_range(START, periods=len(values)))


def said_of_sharpe(true: float, *, years: int, repetitions: int, seed: int = 0) -> pd.Series:
    """Shares of the three verdicts on histories whose true annual Sharpe ratio is `true`.

    `no length` is the share of which the page used to say that no length of history would show it.
    """
    noise = garch(YEAR * years, repetitions, np.random.default_rng(seed))
    returns = dated(noise + true * 0.035 / np.sqrt(YEAR))
    said = probabilistic_sharpe(returns).map(lambda p: verdict_of(p, yes="above zero", no="not above zero"))
    shares = said.value_counts(normalize=True).reindex(["above zero", "not above zero", "cannot tell"], fill_value=0.0)
    return pd.concat([shares, pd.Series({"no length": minimum_track_record(returns).isna().mean()})])


def said_of_difference(true: float, *, years: int, repetitions: int, seed: int = 0) -> pd.Series:
    """Shares of the three verdicts where the index really earns `true` a year more than its benchmark.

    `range holds` is the share in which the range of years holds the number that the true difference needs.
    """
    rng = np.random.default_rng(seed)
    market = garch(YEAR * years, repetitions, rng)
    own = dated(market + true / YEAR + garch(YEAR * years, repetitions, rng, volatility=0.012))
    tables = [difference_test(own[number], dated(market)[[number]]) for number in range(repetitions)]
    table = pd.concat(tables)
    shares = table["verdict"].value_counts(normalize=True).reindex(["ahead", "behind", "cannot tell"], fill_value=0.0)
    needed = ((norm.ppf(0.975) + norm.ppf(0.8)) * 0.012 / true) ** 2 * YEAR if true else np.inf
    holds = (table["fewest_years"] <= needed) & (table["most_years"].fillna(np.inf) >= needed)
    return pd.concat([shares, pd.Series({"range holds": holds.mean()})])


def said_of_forecasts(width: float, *, independent: int, repetitions: int, seed: int = 0) -> pd.Series:
    """Shares of the three verdicts where the bands are `width` times as wide as they should be (in logs)."""
    horizon, first = 60, 400
    values = 0.001 + garch(first + horizon * independent, repetitions, np.random.default_rng(seed))
    said, inside = [], []
    for number in range(repetitions):
        record = forecast_record(
            dated(values)[number], horizon=horizon, first=first, step=20, draws=150, seed=number * 1000
        )
        lower, upper, realised = (np.log1p(record[name]) for name in ("lower", "upper", "realised"))
        off = (realised - (lower + upper) / 2.0).abs()
        attrs = record.attrs
        record = record.assign(inside=off <= width * (upper - lower) / 2.0)
        record.attrs = attrs
        said.append(forecast_calibration(record)["held"])
        inside.append(record["inside"].mean())
    shares = pd.Series(said).value_counts(normalize=True).reindex(["yes", "no", "cannot tell"], fill_value=0.0)
    return pd.concat([shares, pd.Series({"inside": np.mean(inside)})])


def ranked(edge: float, *, years: int, repetitions: int, seed: int = 0) -> pd.Series:
    """Six candidates of one market, of which the first earns `edge` a year more.

    `better one first`, `said to be better` (the verdict "yes"), `and wrongly` (said of another one), and what the page
    says of the first (`probability`) beside how often it is first again in a new history (`again`).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(repetitions):
        past, future = (candidates(edge, years, rng) for _ in range(2))
        table = match_profile(past, draws=100, seed=number)
        said = table.attrs["verdict"] == "yes"
        again = match_profile(future, draws=2)["rank"]
        leader = table.index[0]
        rows.append((leader == 0, said, said and leader != 0, table["probability_first"].iloc[0], again[leader] == 1))
    names = ["better one first", "said to be better", "and wrongly", "probability", "again"]
    return pd.DataFrame(rows, columns=names).astype(float).mean()


def candidates(edge: float, years: int, rng: np.random.Generator, count: int = 6) -> pd.DataFrame:
    market = garch(YEAR * years, 1, rng)
    own = 0.0012 + market + garch(YEAR * years, count, rng, volatility=0.012)
    own[:, 0] += edge / YEAR
    return dated(np.clip(own, -0.9, None))


def sharpe() -> None:
    table = {
        f"true {true}, {years} years": said_of_sharpe(true, years=years, repetitions=2000)
        for true in (0.0, 0.55, 1.0)
        for years in (3, 6, 10)
    }
    show(f"\nSharpe ratio above zero?\n{pd.DataFrame(table).T.round(3).to_string()}")


def difference() -> None:
    table = {
        f"true {true:.1%}, {years} years": said_of_difference(true, years=years, repetitions=1000)
        for true in (0.0, EDGE, 0.2)
        for years in (3, 6, 10)
    }
    show(f"\nahead of the benchmark?\n{pd.DataFrame(table).T.round(3).to_string()}")


def forecasts() -> None:
    table = {
        f"bands x {width}, {independent} independent": said_of_forecasts(
            width, independent=independent, repetitions=300
        )
        for width in (1.0, 0.63, 0.4)
        for independent in (4, 20, 40)
    }
    show(f"\nforecasts held?\n{pd.DataFrame(table).T.round(3).to_string()}")


def ranking() -> None:
    table = {
        f"edge {edge:.1%}, {years} years": ranked(edge, years=years, repetitions=100)
        for edge in (0.0, EDGE, 0.3)
        for years in (3, 6)
    }
    show(f"\nthe first of six\n{pd.DataFrame(table).T.round(3).to_string()}")


PARTS: dict[str, Callable[[], None]] = {
    "sharpe": sharpe,
    "difference": difference,
    "forecasts": forecasts,
    "ranking": ranking,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
