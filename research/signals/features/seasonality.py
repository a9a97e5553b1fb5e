"""Seasonality of log returns by day of the week and by week of the year."""

from __future__ import annotations

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import ratio, sums
from research.typing import FloatArray

YEAR, WEEK, LEAST_YEARS = 365.25, 7, 2


def _weekend(inputs: Inputs) -> FloatArray:
    known = inputs.observed_returns
    weekend = (inputs.source.dates.day_of_week >= 5).astype(float)[:, None]

    def mean(days: FloatArray) -> FloatArray:
        return ratio(sums(known.values * days, inputs.rows, 90), sums(known.there * days, inputs.rows, 90))

    return mean(weekend) - mean(1.0 - weekend) + 0.0 * known.counts(inputs.rows, 90)


def _same_week(inputs: Inputs) -> FloatArray:
    added, years = np.zeros(inputs.universe.shape), np.zeros(inputs.universe.shape)
    for year in range(1, int(len(inputs.price) / YEAR) + 1):
        before = round(YEAR * year)
        step = inputs.growth(before, before - WEEK)
        known = ~np.isnan(step)
        added, years = added + np.where(known, step, 0.0), years + known
    return ratio(added, np.where(years >= LEAST_YEARS, years, 0.0))


FEATURES = (
    Feature(
        name="weekend_effect_90d",
        group="seasonality",
        formula="mean r of Saturdays and Sundays - mean r of other days",
        inputs=("price",),
        window=90,
        source="French 1980",
        function=_weekend,
    ),
    Feature(
        name="same_week_return",
        group="seasonality",
        formula="mean over prior years (2 at least) of the log return of the 7 days that follow this date",
        inputs=("price",),
        window=731,
        source="Heston and Sadka 2008",
        function=_same_week,
    ),
)
