"""Which of several choices decides an outcome: shares of its variance, and its mean by value of each choice.

For the variants of one rulebook on a grid. The shares describe the outcomes at hand, one history; whether two variants
can be told apart at all is asked in `confidence_set.py` and `comparison.py`.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from research.errors import DataError, shown
from research.typing import FloatArray

MOST_CHOICES = 10
"""Choices that vary: every subset of them is a regression."""
INTERACTIONS = "interactions"
ROUNDING = 1e-12


def main_effects(outcome: pd.Series, settings: pd.DataFrame) -> pd.DataFrame:
    """The share of an outcome's variance that each choice explains by itself.

    On a complete grid (every combination of the values once) the analysis of variance has one answer: the sum of
    squares between the means of a choice's values over the total sum of squares; the choices' shares and the rest,
    which is their interactions, add up to one. On a grid with holes choices go together, and what one explains
    depends on which others are counted first. Then `share` is the mean over all orders (Lindeman, Merenda and Gold,
    1980; Grömping, 2007), which still adds up and equals the first on a complete grid, and `alone` and `last` are its
    two ends: counted first, and counted after all others. The denominator is the total sum of squares; no significance
    is claimed, for variants of one history are no independent observations.

    Parameters
    ----------
    outcome : Series of float
        NaN is left out.
    settings : DataFrame, a column for each choice
        With the index of `outcome`. Any values; None is a value.

    Returns
    -------
    DataFrame, index = choice, the largest share first, and "interactions" last
        values (int): how many different ones. share, alone, last: fractions; NaN where the outcome does not vary.
        lowest, highest: smallest and largest mean of the outcome over the variants with one value. Of "interactions"
        there is the share alone: what the choices' own effects leave over.

    Raises
    ------
    DataError
        If the indices differ, or more than 10 choices vary.

    Examples
    --------
    >>> grid = pd.DataFrame({"count": [5, 5, 10, 10], "lag": [0, 1, 0, 1]})
    >>> main_effects(pd.Series([1.0, 1.0, 3.0, 3.0]), grid)["share"].to_dict()
    {'count': 1.0, 'lag': 0.0, 'interactions': 0.0}
    """
    known, codes = _known(outcome, settings)
    varying = [name for name in settings if codes[name].max() > 0]
    if len(varying) > MOST_CHOICES:
        raise DataError(f"{len(varying)} choices vary: expected {MOST_CHOICES} at most. Hold some of them fixed.")
    values = known.to_numpy(dtype=float)
    explained = _explained(values, {name: codes[name].to_numpy() for name in varying})
    whole = frozenset(varying)
    rows = {}
    for name in settings:
        means = known.groupby(codes[name]).mean()
        shares = [0.0, 0.0, 0.0]
        if name in whole:
            others = [frozenset(rest) for size in range(len(whole)) for rest in combinations(whole - {name}, size)]
            gains = [explained[rest | {name}] - explained[rest] for rest in others]
            orders = [1.0 / (len(whole) * comb(len(whole) - 1, len(rest))) for rest in others]
            last = explained[whole] - explained[whole - {name}]
            shares = [float(np.dot(gains, orders)), explained[frozenset({name})], last]
        if np.isnan(explained[whole]):
            shares = [np.nan] * 3
        rows[str(name)] = [codes[name].nunique(), *map(_rounded, shares), means.min(), means.max()]
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["values", "share", "alone", "last", "lowest", "highest"]
    ).sort_values("share", ascending=False, kind="stable")
    table.loc[INTERACTIONS] = [np.nan, _rounded(1.0 - explained[whole]), *[np.nan] * 4]
    return table.astype({"values": "Int64"}).rename_axis("choice")


def means_by_value(outcome: pd.Series, settings: pd.DataFrame) -> pd.DataFrame:
    """An outcome by value of each choice, over all variants that have it; index = (choice, value), in order of rows.

    Parameters
    ----------
    outcome : Series of float
        NaN is left out.
    settings : DataFrame, a column for each choice
        With the index of `outcome`.

    Returns
    -------
    DataFrame
        variants (int), mean, lowest, highest. Values read as text, None as "none".

    Examples
    --------
    >>> grid = pd.DataFrame({"count": [5, 5, 10, 10], "lag": [0, 1, 0, 1]})
    >>> means_by_value(pd.Series([1.0, 2.0, 3.0, 4.0]), grid)["mean"].to_dict()
    {('count', '5'): 1.5, ('count', '10'): 3.5, ('lag', '0'): 2.0, ('lag', '1'): 3.0}
    """
    known, _ = _known(outcome, settings)
    parts = {}
    for name, column in settings.loc[outcome.notna()].items():
        words = column.map(lambda value: "none" if value is None else str(value))
        grouped = known.groupby(words.to_numpy(), sort=False)
        parts[str(name)] = pd.DataFrame(
            {"variants": grouped.size(), "mean": grouped.mean(), "lowest": grouped.min(), "highest": grouped.max()}
        )
    return pd.concat(parts, names=["choice", "value"])


def is_complete(settings: pd.DataFrame) -> bool:
    """Whether every combination of the values of each column is there, once."""
    codes = _codes(settings)
    wanted = int(np.prod([codes[name].nunique() for name in codes], dtype=float))
    return len(codes) == wanted and not codes.duplicated().any()


def _known(outcome: pd.Series, settings: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    if not outcome.index.equals(settings.index):
        raise DataError("outcome and settings have different rows: give a row of settings for each outcome.")
    if not settings.columns.is_unique or INTERACTIONS in settings.columns:
        raise DataError(f"settings: expected names of their own, found {shown(list(settings.columns))}.")
    known = outcome.dropna().astype(float)
    return known, _codes(settings.loc[known.index])


def _codes(settings: pd.DataFrame) -> pd.DataFrame:
    """Values as whole numbers, in order of appearance; lists and None are values like any other, and true is no 1."""
    texts = settings.astype(object).map(lambda value: f"{type(value)} {value!r}")
    return pd.DataFrame({name: pd.factorize(column)[0] for name, column in texts.items()}, index=settings.index)


def _explained(values: FloatArray, codes: dict[object, FloatArray]) -> dict[frozenset[object], float]:
    """Share of the sum of squares explained by the additive model of each subset of the choices; NaN without any."""
    centred = values - values.mean() if len(values) else values
    total = float(centred @ centred)
    is_flat = total <= ROUNDING * float(values @ values) or not total
    found = {}
    for size in range(len(codes) + 1):
        for subset in combinations(codes, size):
            if is_flat or not subset:
                found[frozenset(subset)] = np.nan if is_flat else 0.0
                continue
            design = np.hstack([_dummies(codes[name]) for name in subset])
            design = design - design.mean(axis=0)
            fitted = design @ np.linalg.lstsq(design, centred, rcond=None)[0]
            found[frozenset(subset)] = float(fitted @ fitted) / total
    return found


def _dummies(codes: FloatArray) -> FloatArray:
    return np.asarray(codes[:, None] == np.arange(1, codes.max() + 1), dtype=float)


def _rounded(share: float) -> float:
    """Without the rounding errors of a regression."""
    return 0.0 if abs(share) < ROUNDING else share
