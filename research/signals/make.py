"""`make_signals`: one market and one recipe -> every weekly call, each from what was known at its close."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.errors import MethodologyError, suggest
from research.market import MarketData
from research.point_in_time.view import PointInTime
from research.rulebook.events import Events
from research.signals import cache
from research.signals.features import available, catalogue, features, regime_features
from research.signals.history import SignalHistory
from research.signals.recipe import FeatureChoice, Recipe
from research.signals.samples import Samples, label_outcomes, standardise, standardise_in_time
from research.signals.states import states_of
from research.signals.universe import decision_rows, universe_at
from research.signals.walk_forward import walk_forward
from research.typing import IntArray

KEPT = ("rows", "scores_by_asset", "probabilities_by_asset", "states_by_asset", "missing_by_asset")
"""Fields of a `SignalHistory` that the cache keeps as they are."""


def make_signals(
    market: MarketData,
    recipe: Recipe,
    *,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
    redenominations: str = Events().redenominations,
    outlier_jump: float | None = Events().outlier_jump,
) -> SignalHistory:
    """Make every call of a recipe on a market.

    The call at the close of a day rests on rows up to that day: features, the universe, and models that were fitted to
    labels which had ended by then. ``make_signals(market.until(t), recipe)`` makes the same calls up to t, bit for bit.

    Signals of a snapshot are kept in the project's `.cache` under a fingerprint of the market's values, the recipe and
    the code, and read from there the next time.

    Parameters
    ----------
    market : MarketData
    recipe : Recipe
    migrations, removals : DataFrame, optional
        As in `build_index`: prices are continued over migrations; what is announced to be removed gets no call.
    redenominations : str
        As in the rulebook's [events]: changes of unit that are "evident" are taken up, or those "given" alone.
    outlier_jump : float, optional
        As in the rulebook's [events]: prints that jump further are held back until a second one confirms them.

    Returns
    -------
    SignalHistory

    Raises
    ------
    MethodologyError
        If the market lacks what the recipe asks for, or its history is too short for a single call: the message says
        how many weeks there are, and how many are needed.
    DataError
        If a table lacks a column or names an unknown asset.
    """
    if not isinstance(recipe, Recipe):
        raise MethodologyError(f"recipe is {recipe!r:.80}: expected a Recipe. Read one with Recipe.load(name or path).")
    source = PointInTime(
        market,
        migrations=migrations,
        removals=removals,
        redenominations=redenominations,
        outlier_jump=outlier_jump,
    )
    key = cache.fingerprint(source, recipe) if market.manifest.sha256 else None
    kept = cache.read(key) if key else None
    if kept is not None:
        return SignalHistory(
            recipe=recipe,
            source=source,
            refit_records=cache.unpack_refits(kept),
            feature_names=tuple(kept["feature_names"].tolist()),
            regime_names=tuple(kept["regime_names"].tolist()),
            make_samples=make_samples,
            **{name: kept[name] for name in KEPT},
        )
    history = _made(source, recipe)
    packed = cache.pack_refits(history.refit_records)
    if key and packed is not None:
        names = {"feature_names": np.array(history.feature_names), "regime_names": np.array(history.regime_names)}
        cache.write(key, packed | names | {name: getattr(history, name) for name in KEPT})
    return history


def _made(source: PointInTime, recipe: Recipe) -> SignalHistory:
    samples = make_samples(source, recipe)
    refits = walk_forward(samples, recipe)
    if not refits:
        raise MethodologyError(
            f"{recipe.name}: no call can be made: {int((np.diff(samples.offsets) > 0).sum())} weeks have "
            f"{recipe.min_assets} eligible assets or more, expected {recipe.refits.min_weeks} of them (min_weeks) with "
            f"labels of {recipe.horizon_days} days that have ended. Use a longer history, or lower min_weeks."
        )
    scores, log_odds = (np.full((len(samples.rows), len(source.asset_ids)), np.nan) for _ in range(2))
    ends = [refit.week for refit in refits[1:]] + [len(samples.rows)]
    for refit, end in zip(refits, ends, strict=True):
        for week in range(refit.week, end):
            lines = samples.lines(week)
            score = refit.model.scores(samples, lines)
            scores[week, samples.assets[lines]] = score
            odds = refit.probability.log_odds(score, samples.regimes[week])
            log_odds[week, samples.assets[lines]] = odds
    if np.isnan(scores).all():
        raise MethodologyError(
            f"{recipe.name}: no call can be made: after the first fit no week has {recipe.min_assets} eligible assets. "
            "Lower min_assets, loosen the universe, or use a longer history."
        )
    missing = np.zeros(scores.shape, dtype=np.int64)
    missing[samples.weeks, samples.assets] = samples.missing
    probabilities = 1.0 / (1.0 + np.exp(-log_odds))
    history = SignalHistory(
        recipe=recipe,
        source=source,
        rows=samples.rows,
        scores_by_asset=scores,
        probabilities_by_asset=probabilities,
        states_by_asset=states_of(probabilities, recipe.states),
        missing_by_asset=missing,
        refit_records=tuple(refits),
        feature_names=samples.names,
        regime_names=samples.regime_names,
        make_samples=make_samples,
    )
    history.__dict__["samples"] = samples  # the cached property: it need not be worked out again
    return history


def make_samples(source: PointInTime, recipe: Recipe) -> Samples:
    """Features, regimes and outcomes of every decision of a recipe.

    Raises
    ------
    MethodologyError
        If the market has data for none of the recipe's features.
    """
    rows = decision_rows(source.dates, recipe.weekday)
    universe = universe_at(source, rows, recipe)
    names = chosen_features(source, recipe)
    table, missing = standardise(
        names, features(source, rows, universe, names), universe, max_missing=recipe.features.max_missing
    )
    market = regime_features(source, rows, universe)
    regimes = [standardise_in_time(values) for values in market.values()]
    weeks, assets = np.nonzero(universe)
    return Samples(
        names=tuple(names),
        rows=rows,
        weeks=weeks,
        assets=assets,
        offsets=_offsets(weeks, len(rows)),
        features=table,
        missing=missing,
        regimes=np.column_stack(regimes) if regimes else np.zeros((len(rows), 0)),
        regime_names=tuple(market),
        outcomes=label_outcomes(
            source.prices, source.panel("market_cap"), rows, universe, lag=recipe.lag_days, horizon=recipe.horizon_days
        ),
        label_ends=rows + recipe.lag_days + recipe.horizon_days,
    )


def _offsets(weeks: IntArray, count: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(weeks, minlength=count))]).astype(np.int64)


def chosen_features(source: PointInTime, recipe: Recipe) -> list[str]:
    """Names of the features that the recipe chooses among those that the market has data for, in catalogue order.

    Raises
    ------
    MethodologyError
        If a name or a group is not known, a feature that is named has no data, or nothing is left.
    """
    there, choice = available(source), recipe.features
    if recipe.model.kind == "composite":
        wanted = set(recipe.model.terms)
        _known(wanted, there, f"{recipe.name}: model: terms")
        return [name for name in there if name in wanted]
    groups = catalogue(source.market)["group"]
    _known(choice.groups, sorted(set(groups)), f"{recipe.name}: features: groups")
    _known(choice.names, there, f"{recipe.name}: features: names")
    _known(choice.exclude, list(groups.index), f"{recipe.name}: features: exclude")
    chosen = [name for name in there if _chooses(choice, name, str(groups[name]))]
    if not chosen:
        raise MethodologyError(f"{recipe.name}: no feature is left to learn from. Exclude fewer, or name other groups.")
    return chosen


def _chooses(choice: FeatureChoice, name: str, group: str) -> bool:
    wanted = name in choice.names if choice.names else not choice.groups or group in choice.groups
    return wanted and name not in choice.exclude


def _known(asked: set[str] | tuple[str, ...], known: list[str], where: str) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise MethodologyError(
            f"{where}: {', '.join(map(repr, unknown))}: not known, or this market has no data for it: "
            f"{suggest(unknown[0], known)}"
        )
