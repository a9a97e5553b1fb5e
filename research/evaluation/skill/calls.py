"""Were the calls right, and the probabilities honest? Hit rate, reliability table, Brier score.

All against what the same calls would have scored without knowing anything. The calls of one date share the market of
that date: every error treats a date as one observation (`mean_test`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, shown
from research.evaluation.skill.week_tests import mean_test, panel, same_shape, skill_verdict
from research.typing import FloatArray

BULLISH, NEUTRAL, BEARISH = "bullish", "neutral", "bearish"


def hit_rate(states: pd.DataFrame, outcomes: pd.DataFrame, *, overlap: int = 0, confidence: float = 0.95) -> pd.Series:
    """Share of the calls that came true: bullish and a return above zero, or bearish and one of zero or less.

    Two rates to compare it with. `base_rate`: always calling the class that turned out to be in the majority, which
    nobody knew beforehand. `chance_rate`: as many bullish calls, made without knowing anything, q·u + (1 − q)(1 − u)
    with q the share of bullish calls and u that of returns above zero. The verdict is about the latter, for a coin
    falls short of the former without being worse than chance.

    Parameters
    ----------
    states : DataFrame, dates x assets: "bullish", "neutral", "bearish" or missing
        Neutral is no call.
    outcomes : DataFrame of the same shape, returns; NaN where unknown, which leaves the call out.

    Returns
    -------
    Series
        hit_rate, lower, upper; base_rate; above_base, above_base_lower, above_base_upper (hit_rate − base_rate);
        chance_rate; above_chance, above_chance_lower, above_chance_upper, p_value (two-sided); calls, periods;
        verdict.

    Raises
    ------
    DataError
        If the frames do not match, or a state is none of the three.

    References
    ----------
    Pesaran and Timmermann (1992), A simple nonparametric test of predictive performance, for the chance rate.
    """
    called, bullish = _calls(states)
    came = panel(outcomes, "outcomes", states)
    called &= ~np.isnan(came)
    up = came > 0
    calls = called.sum()
    hits = np.where(called, bullish == up, np.nan)
    q, u = (float(values[called].mean()) if calls else np.nan for values in (bullish, up))
    majority = up if u >= 0.5 else ~up
    rows = {
        "hit": hits,
        "base": np.where(called, hits - majority, np.nan),
        "chance": np.where(called, 2.0 * (bullish - q) * (up - u), np.nan),
    }
    tests = {name: _by_date(cells, states.index, overlap, confidence) for name, cells in rows.items()}
    chance = tests["chance"]
    return pd.Series(
        {
            "hit_rate": tests["hit"]["value"],
            **tests["hit"][["lower", "upper"]],
            "base_rate": max(u, 1.0 - u),
            "above_base": tests["base"]["value"],
            "above_base_lower": tests["base"]["lower"],
            "above_base_upper": tests["base"]["upper"],
            "chance_rate": q * u + (1.0 - q) * (1.0 - u),
            "above_chance": chance["value"],
            "above_chance_lower": chance["lower"],
            "above_chance_upper": chance["upper"],
            "p_value": chance["p_value"],
            "calls": float(calls),
            "periods": chance["periods"],
            "verdict": skill_verdict(chance["lower"], chance["upper"]),
        }
    )


def reliability_table(
    probabilities: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    bins: int = 10,
    overlap: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How often the return was above zero, where the probability said so.

    Returns
    -------
    DataFrame, one row per bin (bins of equal size by probability; fewer where many probabilities are equal)
        from, to, mean_probability, observed (share above zero) with lower and upper, count. A calibrated forecast has
        its mean probability inside the interval. A probability equal to a bound belongs to the bin that ends there.

    Raises
    ------
    DataError
        If the frames do not match, or a probability is not one.
    """
    check_number("bins", bins, DataError, whole=True, at_least=2, at_most=100)
    said, up = _forecasts(probabilities, outcomes)
    known = said[~np.isnan(said)]
    columns = ["from", "to", "mean_probability", "observed", "lower", "upper", "count"]
    if not len(known):
        return pd.DataFrame(columns=columns, dtype=float)
    edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, bins + 1)))
    place = np.searchsorted(edges[1:-1], said, side="left")
    rows = []
    for number in range(max(len(edges) - 1, 1)):
        inside = (place == number) & ~np.isnan(said)
        test = _by_date(np.where(inside, up, np.nan), probabilities.index, overlap, confidence)
        rows.append(
            [
                edges[number],
                edges[min(number + 1, len(edges) - 1)],
                said[inside].mean(),
                test["value"],
                max(test["lower"], 0.0),
                min(test["upper"], 1.0),
                float(inside.sum()),
            ]
        )
    return pd.DataFrame(rows, columns=columns)


def brier_score(
    probabilities: pd.DataFrame, outcomes: pd.DataFrame, *, overlap: int = 0, confidence: float = 0.95
) -> pd.Series:
    """Mean squared error of the probabilities, beside that of the base rate and beside chance.

    `advantage` is over the base rate: the share of returns above zero over the same dates and assets, which nobody knew
    beforehand. Probabilities of any spread that mean nothing fall short of it, as they should: they claim to know.
    `above_chance` is over the same probabilities dealt out without knowing anything, 2 cov(p, 1{r > 0}); the verdict is
    about that.

    Returns
    -------
    Series
        brier, base_rate, brier_of_base (base_rate (1 − base_rate)), skill (1 − brier / brier_of_base); advantage
        (brier_of_base − brier) with advantage_lower, advantage_upper; above_chance with above_chance_lower,
        above_chance_upper and p_value (two-sided); count, periods; verdict.

    Raises
    ------
    DataError
        As `reliability_table`.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    said, up = _forecasts(probabilities, outcomes)
    known = ~np.isnan(said)
    base = float(up[known].mean()) if known.any() else np.nan
    error = (said - up) ** 2
    brier = float(error[known].mean()) if known.any() else np.nan
    reference = base * (1.0 - base)
    middle = float(said[known].mean()) if known.any() else np.nan
    against_base = _by_date((base - up) ** 2 - error, probabilities.index, overlap, confidence)
    chance = _by_date(2.0 * (said - middle) * (up - base), probabilities.index, overlap, confidence)
    return pd.Series(
        {
            "brier": brier,
            "base_rate": base,
            "brier_of_base": reference,
            "skill": 1.0 - brier / reference if reference > 0 else np.nan,
            "advantage": against_base["value"],
            "advantage_lower": against_base["lower"],
            "advantage_upper": against_base["upper"],
            "above_chance": chance["value"],
            "above_chance_lower": chance["lower"],
            "above_chance_upper": chance["upper"],
            "p_value": chance["p_value"],
            "count": float(known.sum()),
            "periods": chance["periods"],
            "verdict": skill_verdict(chance["lower"], chance["upper"]),
        }
    )


def _calls(states: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(states, pd.DataFrame):
        raise DataError(f"states: expected a DataFrame of dates x assets, found {type(states).__name__}.")
    same_shape(states, "states", None)
    bullish, neutral, bearish = (np.asarray(states == word) for word in (BULLISH, NEUTRAL, BEARISH))
    unknown = ~(bullish | neutral | bearish | states.isna().to_numpy())
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        raise DataError(
            f"states: {shown(states.iloc[row, column])} for {states.columns[column]!r} on {states.index[row]}; "
            f"expected {BULLISH}, {NEUTRAL}, {BEARISH} or nothing."
        )
    return bullish | bearish, bullish


def _forecasts(probabilities: pd.DataFrame, outcomes: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Probabilities and whether the return was above zero, NaN in both where either is unknown."""
    said = panel(probabilities, "probabilities")
    came = panel(outcomes, "outcomes", probabilities)
    faulty = (said < 0) | (said > 1)
    if faulty.any():
        row, column = np.argwhere(faulty)[0]
        raise DataError(
            f"probabilities: {said[row, column]:g} for {probabilities.columns[column]!r} on "
            f"{probabilities.index[row]}; expected 0 to 1."
        )
    both = ~(np.isnan(said) | np.isnan(came))
    return np.where(both, said, np.nan), np.where(both, came > 0, np.nan)


def _by_date(cells: FloatArray, index: pd.Index, overlap: int, confidence: float) -> pd.Series:
    """Mean over all cells that are not NaN, each date being one observation."""
    counts = (~np.isnan(cells)).sum(axis=1).astype(float)
    sums = np.where(counts > 0, np.nansum(cells, axis=1), np.nan)
    return mean_test(pd.Series(sums, index), per=pd.Series(counts, index), overlap=overlap, confidence=confidence)
