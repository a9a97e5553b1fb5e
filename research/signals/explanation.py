"""Why an asset was called bullish, neutral or bearish: parts of the log odds that add up, and what would turn the call.

The log odds of a linear model are a sum over its features, so each part is exact. Boosted trees are no sum: the part of
a feature is what is lost when it is set to the middle of the universe, and "interactions" is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from research.cards import Card, Carded
from research.errors import DataError
from research.formats import MISSING, format_value
from research.market.data import Date, unknown_asset
from research.point_in_time.given_tables import SIGNALS
from research.signals.models import Linear, Trees, wide_names
from research.signals.record import SignalRecord
from research.signals.walk_forward import Refit
from research.typing import FloatArray, IntArray

LARGEST_PARTS = 8
"""So many parts of a call stand on its card."""
FARTHEST = 3.0
"""No feature is asked to go further into its tail than this to turn a call."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CallExplanation(Carded):
    """Why one asset was called as it was.

    Attributes
    ----------
    asset_id : str
    date : Timestamp
        The decision.
    signal : str
    probability, log_odds : float
    parts : DataFrame, index = part
        log_odds (float: they sum to the log odds of the call), percentile (of the asset in its universe, for a feature)
        and standardised (the feature as the model saw it), the largest part first.
    states : DataFrame, index = date
        signal and probability of each earlier call and this one.
    flips : DataFrame, index = signal
        For each other signal: probability (at which the next call would be that one, the hysteresis counted), log_odds
        (the change that it takes), and the feature that comes nearest to doing it alone: feature, from_percentile,
        to_percentile (empty and NaN where none can).
    """

    asset_id: str
    date: pd.Timestamp
    signal: str
    probability: float
    log_odds: float
    parts: pd.DataFrame
    states: pd.DataFrame
    flips: pd.DataFrame

    def __repr__(self) -> str:
        return self._card.to_text()

    @property
    def _card(self) -> Card:
        shown, turns = self.parts.head(LARGEST_PARTS), self.flips.reset_index()
        parts = pd.DataFrame(
            {
                "part": shown.index.astype(str),
                "log odds": [format_value(value, "signed ratio") for value in shown["log_odds"]],
                "percentile of the asset": [format_value(share, "percent") for share in shown["percentile"]],
            }
        )
        flips = pd.DataFrame(
            {
                "call": turns["signal"],
                "at a probability of": [format_value(chance, "percent") for chance in turns["probability"]],
                "nearest feature": [name or MISSING for name in turns["feature"]],
                "from percentile": [format_value(share, "percent") for share in turns["from_percentile"]],
                "to percentile": [format_value(share, "percent") for share in turns["to_percentile"]],
            }
        )
        return Card(
            title=f"{self.asset_id}: {self.signal}",
            facts={
                "Called": format_value(self.date, "date"),
                "Probability of a rise": format_value(self.probability, "percent"),
                "Log odds": format_value(self.log_odds, "ratio"),
                "Calls so far": format_value(len(self.states), "count"),
            },
            tables={
                f"What the log odds are made of: the largest of {len(self.parts)} parts": parts,
                "What would turn the call": flips,
            },
            numbers=("log odds", "percentile of the asset", "at a probability of", "from percentile", "to percentile"),
        )


def explain(record: SignalRecord, asset_id: str, date: Date | None = None) -> CallExplanation:
    """Explain the last call on an asset at or before a day (default: the last of all).

    Raises
    ------
    DataError
        If the asset was not called by then.
    """
    ids = record.source.asset_ids.astype(str)
    if asset_id not in ids:
        raise unknown_asset(asset_id, record.source.market.assets, record.source.market.manifest.name)
    asset = int(np.flatnonzero(ids == asset_id)[0])
    until = record.week_of(date)
    weeks = np.flatnonzero(record.called[: until + 1, asset])
    if not len(weeks):
        raise DataError(
            f"{asset_id!r} was not in the recipe's universe by {record.dates[until].date()}: no call to explain. Ask "
            "for a later day, or another asset."
        )
    week = int(weeks[-1])
    assets, parts = parts_of_week(record, week)
    place = int(np.flatnonzero(assets == asset)[0])
    own = parts.iloc[place]
    chance = float(record.probabilities_by_asset[week, asset])
    shown = _with_features(record, week, place, own)
    states = record.states_by_asset[:, asset]
    return CallExplanation(
        asset_id=asset_id,
        date=record.dates[week],
        signal=SIGNALS[int(states[week])],
        probability=chance,
        log_odds=float(np.log(chance / (1.0 - chance))),
        parts=shown.iloc[np.argsort(-shown["log_odds"].abs(), kind="stable")],
        states=pd.DataFrame(
            {
                "signal": [SIGNALS[int(states[w])] for w in weeks],
                "probability": record.probabilities_by_asset[weeks, asset],
            },
            index=record.dates[weeks],
        ),
        flips=_flips(record, int(states[week]), chance, shown),
    )


def week_table(record: SignalRecord, date: Date | None, reasons: int) -> pd.DataFrame:
    """All calls of the last decision with calls at or before a day.

    Returns
    -------
    DataFrame, index = asset_id, the most probable first
        signal, before (the call of the decision before, empty without one), probability, missing (features that the
        asset lacked) and reasons (the parts of the log odds that set it apart from the others most, as text).
    """
    week = record.week_of(date)
    assets, parts = parts_of_week(record, week)
    apart = parts - parts.mean()
    earlier = np.flatnonzero(record.called[:week].any(axis=1))
    before = record.states_by_asset[earlier[-1], assets] if len(earlier) else np.full(len(assets), -1)
    table = pd.DataFrame(
        {
            "signal": np.array(SIGNALS)[record.states_by_asset[week, assets]],
            "before": np.array([*SIGNALS, ""])[before],
            "probability": record.probabilities_by_asset[week, assets],
            "missing": record.missing_by_asset[week, assets],
            "reasons": [_in_words(line, reasons) for _, line in apart.iterrows()],
        },
        index=pd.Index(record.source.asset_ids[assets].astype(str), name="asset_id"),
    )
    return table.sort_values("probability", ascending=False, kind="stable")


def market_parts(record: SignalRecord, date: Date | None) -> pd.Series:
    """Parts of the log odds that are the same for all calls of a decision: the state of the market, and the base."""
    week = record.week_of(date)
    _, parts = parts_of_week(record, week)
    named = [name for name in parts if name == "base" or str(name).startswith("regime: ")]
    return parts[[name for name in named if " x " not in str(name)]].iloc[0].rename("log odds")


def parts_of_week(record: SignalRecord, week: int) -> tuple[IntArray, pd.DataFrame]:
    """Assets called at a decision (positions in the market), and the parts of their log odds, one row each."""
    samples = record.samples
    refit = [refit for refit in record.refit_records if refit.week <= week][-1]
    lines = samples.lines(week)
    chance = refit.probability
    unit = chance.slope / chance.scale
    names, moved, rest = _parts_of_score(record, refit, lines)
    base = chance.intercept + unit * (rest - chance.centre)
    market = np.tile(samples.regimes[week][chance.places] * chance.regime, (len(moved), 1))
    regimes = [f"regime: {record.regime_names[place]}" for place in chance.places.tolist()]
    values = np.column_stack([unit * moved, market, base])
    return samples.assets[lines], pd.DataFrame(values, columns=[*names, *regimes, "base"])


def _parts_of_score(record: SignalRecord, refit: Refit, lines: slice) -> tuple[list[str], FloatArray, FloatArray]:
    """What each feature adds to the score, shape (n, k), and what belongs to none, shape (n,)."""
    samples, model = record.samples, refit.model
    if isinstance(model, Linear):
        names = wide_names(record.feature_names, record.regime_names, model.interact)
        moved = model.design(samples, lines) * model.coefficients
        return names, moved, np.full(len(moved), model.intercept)
    assert isinstance(model, Trees)
    features = samples.features[lines]
    n, k = features.shape
    without = np.repeat(features[:, None, :], k + 1, axis=1)
    without[:, np.arange(k), np.arange(k)] = 0.0
    without[:, k] = 0.0
    predicted = np.asarray(model.estimator.predict(without.reshape(-1, k))).reshape(n, k + 1)
    whole, middle = np.asarray(model.estimator.predict(features)), predicted[:, k]
    moved = whole[:, None] - predicted[:, :k]
    interactions = whole - middle - moved.sum(axis=1)
    return [*record.feature_names, "interactions"], np.column_stack([moved, interactions]), middle


def _with_features(record: SignalRecord, week: int, place: int, own: pd.Series) -> pd.DataFrame:
    """The parts of one asset beside where it stands in its universe."""
    values = record.samples.features[record.samples.lines(week)][place]
    standardised = pd.Series(values, index=list(record.feature_names)).reindex(own.index)
    return pd.DataFrame({"log_odds": own, "percentile": ndtr(standardised), "standardised": standardised})


def _flips(record: SignalRecord, state: int, chance: float, parts: pd.DataFrame) -> pd.DataFrame:
    """What would turn the call: see `CallExplanation.flips`."""
    rules = record.recipe.states
    thresholds = {
        "bullish": {"neutral": rules.leave_bullish, "bearish": rules.bearish},
        "neutral": {"bullish": rules.bullish, "bearish": rules.bearish},
        "bearish": {"neutral": rules.leave_bearish, "bullish": rules.bullish},
    }[SIGNALS[state]]
    odds = np.log(chance / (1.0 - chance))
    features = parts.loc[parts["standardised"].notna() & (parts["standardised"] != 0)]
    if record.recipe.model.kind == "logit":  # this one moves its products with the regimes too
        features = features.drop(index=record.recipe.model.interact_with, errors="ignore")
    linear = isinstance(record.refit_records[0].model, Linear)
    slopes = features["log_odds"] / features["standardised"] if linear else pd.Series(dtype=float)
    rows = {}
    for signal, threshold in thresholds.items():
        change = np.log(threshold / (1.0 - threshold)) - odds
        needed = features["standardised"] + change / slopes.where(slopes != 0)
        possible = needed[needed.abs() <= FARTHEST]
        name = (possible - features["standardised"]).abs().idxmin() if len(possible) else ""
        rows[signal] = {
            "probability": threshold,
            "log_odds": change,
            "feature": name,
            "from_percentile": float(features["percentile"][name]) if name else np.nan,
            "to_percentile": float(ndtr(possible[name])) if name else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("signal")


def _in_words(parts: pd.Series, count: int) -> str:
    """The parts that set an asset apart, the largest first."""
    largest = parts.reindex(parts.abs().sort_values(ascending=False, kind="stable").index)[:count]
    return ", ".join(f"{name} {value:+.2f}" for name, value in largest.items() if value != 0)
