"""`SignalRecord`: every call that a recipe made on a market, and what it was made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.data import Date, as_timestamp
from research.point_in_time.given_tables import SIGNALS
from research.point_in_time.view import PointInTime
from research.signals.models import Linear, wide_names
from research.signals.recipe import Recipe
from research.signals.samples import Samples, label_outcomes
from research.signals.states import NO_CALL
from research.signals.walk_forward import Refit
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SignalRecord:
    """Every call of a recipe on a market.

    Frames are by decision date (rows) and asset_id (columns, those that were ever called), NaN or None where no call
    was made; all are made when first asked for.

    Attributes
    ----------
    recipe : Recipe
    source : PointInTime
        The market as the recipe saw it.
    rows : ndarray, shape (weeks,)
        The market's row of each decision.
    scores_by_asset, probabilities_by_asset, states_by_asset, missing_by_asset : ndarrays, shape (weeks, assets)
        Of every asset of the market; a state is a place in `SIGNALS`, -1 without a call.
    refit_records : tuple of Refit
    feature_names, regime_names : tuple of str
    make_samples : callable
        Makes the features anew for an explanation, where they were not kept.
    """

    recipe: Recipe
    source: PointInTime
    rows: IntArray
    scores_by_asset: FloatArray
    probabilities_by_asset: FloatArray
    states_by_asset: IntArray
    missing_by_asset: IntArray
    refit_records: tuple[Refit, ...]
    feature_names: tuple[str, ...]
    regime_names: tuple[str, ...]
    make_samples: Callable[[PointInTime, Recipe], Samples]

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with signals must not print them."""
        days = f"{self.dates[self._called_weeks[0]].date()} to {self.dates[self._called_weeks[-1]].date()}"
        return f"<SignalHistory {self.recipe.name!r}: {days}, {len(self.table)} calls, {len(self.refit_records)} fits>"

    @property
    def dates(self) -> pd.DatetimeIndex:
        """Closes at which calls could be made."""
        return pd.DatetimeIndex(self.source.dates[self.rows], name="date")

    @cached_property
    def samples(self) -> Samples:
        """Standardised features and labels. Worked out again where the signals came from the cache."""
        return self.make_samples(self.source, self.recipe)

    # ------------------------------------------------------------------ the calls

    @cached_property
    def called(self) -> BoolArray:
        """Where there is a call, shape (weeks, assets)."""
        return np.asarray(self.states_by_asset != NO_CALL)

    @property
    def _called_weeks(self) -> IntArray:
        return np.flatnonzero(self.called.any(axis=1))

    @property
    def first_row(self) -> int:
        """The market's row of the first decision with a call."""
        return int(self.rows[self._called_weeks[0]])

    def _frame(self, values: np.ndarray) -> pd.DataFrame:
        columns = self.called.any(axis=0)
        names = pd.Index(self.source.asset_ids[columns].astype(str), name="asset_id")
        return pd.DataFrame(values[:, columns], index=self.dates, columns=names)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of the model."""
        return self._frame(self.scores_by_asset)

    @cached_property
    def probabilities(self) -> pd.DataFrame:
        """Probability that the return from the effective close over the label's span is positive."""
        return self._frame(self.probabilities_by_asset)

    @cached_property
    def states(self) -> pd.DataFrame:
        """bullish, neutral or bearish; None without a call."""
        words = np.array([*SIGNALS, None], dtype=object)
        return self._frame(words[self.states_by_asset])

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Simple return from the effective close over the label's span; NaN where it cannot be known (yet)."""
        lag, horizon = self.recipe.lag_days, self.recipe.horizon_days
        values = np.full(self.called.shape, np.nan)
        caps = self.source.panel("market_cap")
        labels = label_outcomes(self.source.prices, caps, self.rows, self.called, lag=lag, horizon=horizon)
        values[self.called] = np.expm1(labels)
        return self._frame(values)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The calls as `build_index` takes them: date, asset_id, signal, score, and probability, missing.

        `score` is the probability less one half; `missing` counts the features that the asset lacked.
        """
        weeks, assets = np.nonzero(self.called)
        chance = self.probabilities_by_asset[weeks, assets]
        return pd.DataFrame(
            {
                "date": self.dates[weeks],
                "asset_id": self.source.asset_ids[assets].astype(str),
                "signal": np.array(SIGNALS)[self.states_by_asset[weeks, assets]],
                "score": chance - 0.5,
                "probability": chance,
                "missing": self.missing_by_asset[weeks, assets],
            }
        )

    # ------------------------------------------------------------------ what they were made with

    @cached_property
    def refits(self) -> pd.DataFrame:
        """One row per fit, by date: first and last decision learned from, their number, penalty, rank_correlation of
        the scores out of fold, intercept, slope and one column per regime of the probability's log odds."""
        rows = []
        for refit in self.refit_records:
            chance = refit.probability
            row = {
                "learned_from": self.dates[refit.trained[0]],
                "learned_until": self.dates[refit.trained[-1]],
                "weeks": len(refit.trained),
                "penalty": refit.penalty,
                "rank_correlation": refit.rank_correlation,
                "intercept": chance.intercept,
                "slope": chance.slope,
            }
            regimes = zip(chance.places.tolist(), chance.regime.tolist(), strict=True)
            rows.append(row | {self.regime_names[place]: value for place, value in regimes})
        return pd.DataFrame(rows, index=self.dates[[refit.week for refit in self.refit_records]])

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Coefficients of the score at each fit (rows), by feature; without columns where the model has none."""
        dates = self.dates[[refit.week for refit in self.refit_records]]
        linear = [refit.model for refit in self.refit_records if isinstance(refit.model, Linear)]
        if not linear:
            return pd.DataFrame(index=dates)
        names = wide_names(self.feature_names, self.regime_names, linear[0].interact)
        return pd.DataFrame([model.coefficients for model in linear], index=dates, columns=names)

    def week_of(self, date: Date | None) -> int:
        """Place of the last decision with calls at or before `date` (None: of all).

        Raises
        ------
        DataError
            If there was no call by that day.
        """
        weeks = self._called_weeks
        if date is not None:
            weeks = weeks[self.dates[weeks] <= as_timestamp(date)]
        if not len(weeks):
            first = self.dates[self._called_weeks[0]].date()
            raise DataError(f"no call was made by {date}: the first were made on {first}. Ask for a later day.")
        return int(weeks[-1])
