"""Skill or luck: every test of a signal-driven index in one place, and a verdict that the numbers decide.

What is computed is in `research.evaluation` (scores, calls, probabilities), `placebo.py`, `rivals.py` and
`signal_attribution.py`; here it is cut to the part of the history that may be looked at, gathered, and judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, MethodologyError
from research.evaluation import (
    adjust_pvalues,
    brier_score,
    deflated_sharpe,
    hit_rate,
    ic_by_label,
    ic_power,
    ic_summary,
    mean_test,
    overfitting_test,
    quantile_spread,
    rank_ic,
    reliability_table,
    returns_from_levels,
    score_weighted_return,
    spread_at_ic,
    spread_summary,
    trend_regimes,
)
from research.index.analysis.trading_totals import average_cost
from research.index.build import build_index
from research.index.configurations import registered
from research.index.history import IndexHistory
from research.index.placebo import Placebos, placebos
from research.index.rivals import BITCOIN, passive_twin, rival_levels, rival_table
from research.index.signal_attribution import signal_attribution
from research.signals.registry import ConfigurationRegistry

LEVEL = 0.05
"""Chance of "evidence of skill" for signals without any, over all tests and configurations together."""
LABEL_DAYS = 7
DAYS = 365
EVIDENCE, NONE, CANNOT_TELL = "evidence of skill", "no evidence of skill", "cannot tell"
ORDER_TEST, PLACEBO_TEST = "score-weighted", "exposure-matched"


class Signals(Protocol):
    """What a recipe said, and what came of it: frames of decision dates x assets."""

    @property
    def scores(self) -> pd.DataFrame:
        """Higher is better; NaN where nothing was said."""

    @property
    def probabilities(self) -> pd.DataFrame:
        """Of a return above zero over the span of the label."""

    @property
    def states(self) -> pd.DataFrame:
        """Bullish, neutral, bearish or nothing."""

    @property
    def outcomes(self) -> pd.DataFrame:
        """Return from the close of the effective day to seven days later."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SignalReview:
    """All blocks of the review, on the days up to `until`.

    Attributes
    ----------
    until : Timestamp
        Last day looked at; after it lies the locked part, unless `opened`.
    opened : bool
    openings : int
        How often the locked part of this market was opened, this time included; 0 without a registry.
    ic, ic_summary, ic_by_year, ic_by_regime, power
        `rank_ic` by decision, `ic_summary`, `ic_by_label` by year and by trend of bitcoin (of the twin where the market
        has none), `ic_power`.
    hits, reliability, brier
        `hit_rate`, `reliability_table`, `brier_score`.
    spread : DataFrame
        `spread_summary` of quintiles at the index's own average cost.
    placebos : Placebos
    levels, rivals : DataFrames
        Index, twin and simple rules, net of costs, 1 at the base date; `rival_table` of them.
    attribution : DataFrame, rows = parts and total
        Linked parts of the difference to the twin, and to bitcoin where the market has it.
    overfitting : Series
        sharpe (a year), trials, trials_sharpe_sd (a year), deflated_sharpe (a probability), overfitting_probability
        and overfitting_p_value (NaN without variants).
    ordered : Series
        `score_weighted_return` by decision: what its mean is tested for in `tests`.
    tests : DataFrame, rows = score-weighted and exposure-matched
        value (a week; a year), t_statistic, periods, p_value (one-sided), p_adjusted (Holm over the two, times
        `configurations`): what the verdict rests on.
    configurations : int
        Configurations tried on this market by the registry; 1 without one.
    verdict : str
        "evidence of skill", "no evidence of skill" or "cannot tell".
    sentence : str
        The verdict and what decided it.
    """

    until: pd.Timestamp
    opened: bool
    openings: int
    ic: pd.Series
    ic_summary: pd.Series
    ic_by_year: pd.DataFrame
    ic_by_regime: pd.DataFrame
    power: pd.Series
    hits: pd.Series
    reliability: pd.DataFrame
    brier: pd.Series
    spread: pd.DataFrame
    ordered: pd.Series
    placebos: Placebos
    levels: pd.DataFrame
    rivals: pd.DataFrame
    attribution: pd.DataFrame
    overfitting: pd.Series
    tests: pd.DataFrame
    configurations: int
    verdict: str
    sentence: str


def signal_review(
    index: IndexHistory,
    signals: Signals | None = None,
    *,
    twin: IndexHistory | None = None,
    registry: ConfigurationRegistry | None = None,
    variants: Mapping[str, IndexHistory] | None = None,
    draws: int = 1000,
    seed: int = 0,
    locked_share: float | None = None,
    open_locked: bool = False,
    relevant_ic: float = 0.05,
) -> SignalReview:
    """Judge the signals of an index: see `SignalReview`, and `judged` for the rule of the verdict.

    Parameters
    ----------
    signals : Signals, optional
        What the calls were made with, where the index did not make them itself (`index.signals`).
    twin : IndexHistory, optional
        The same rules without the overlay; built if it is not given.
    registry : ConfigurationRegistry, optional
        Where this configuration and the variants are noted, and all that were tried on this market are counted.
    variants : mapping of str to IndexHistory, optional
        The configurations that the choice was made among, for the probability of over-fitting:
        `configurations.recipe_variants` makes some.
    locked_share : float, optional
        Part of the index's days, the last ones, that is not looked at without `open_locked`. Default: the recipe's,
        or 0.2 without one.
    relevant_ic : float
        The mean rank IC that a history must be able to show before "no evidence" says anything.

    Raises
    ------
    MethodologyError
        If the index follows no signals, or made none and none are given.
    DataError
        If the frames of the signals do not match, or the locked part leaves too little.
    """
    signals, made = index.signals if signals is None else signals, index.signals
    if signals is None:
        raise MethodologyError(
            f"{index.methodology.name} makes no signals of its own: give its rulebook [signals] recipe = ..., or give "
            "what they were made with as signals=."
        )
    if locked_share is None:
        locked_share = 0.2 if made is None else made.recipe.locked_share
    check_number("locked_share", locked_share, DataError, at_least=0, at_most=0.9, fraction="a share")
    check_number("relevant_ic", relevant_ic, DataError, above=0, below=1)
    closed = index.dates[: max(round(len(index.dates) * (1.0 - locked_share)), 2)][-1]
    until = index.dates[-1] if open_locked else closed
    against = placebos(index, draws=draws, seed=seed, until=until)
    if twin is None:
        others = {name: table for name, table in index.tables.items() if name != "signals"}
        rules = replace(passive_twin(index.methodology), base_date=index.dates[0].date())
        twin = build_index(index.market, rules, **others)
    levels = _levels(index, twin, until)
    variants = {} if variants is None else variants
    configurations, openings, spread_of_trials = registered(index, variants, closed, registry, open_locked)
    known = until - pd.Timedelta(days=LABEL_DAYS + index.methodology.schedule.lag_days)
    outcomes = signals.outcomes.loc[:known]
    scores, states = signals.scores.loc[:known], signals.states.loc[:known]
    probabilities = signals.probabilities.loc[:known]
    ic = rank_ic(scores, outcomes)
    summary = ic_summary(ic)
    power = ic_power(ic, at=relevant_ic, level=LEVEL / configurations)
    ordered = score_weighted_return(scores, outcomes)
    tests = _tests(mean_test(ordered), pd.Series(against.exposure_matched.loc["gross"]), configurations)
    worth = spread_at_ic(relevant_ic, outcomes.where(scores.notna()))
    chance = float(ic_power(ordered, at=worth, level=LEVEL / configurations)["power_at"]) if worth > 0 else float("nan")
    verdict, sentence = judged(tests, chance, configurations=configurations, relevant_ic=relevant_ic)
    cost = average_cost(index.rebalances.loc[:until])
    return SignalReview(
        until=until,
        opened=open_locked,
        openings=openings,
        ic=ic,
        ic_summary=summary,
        ic_by_year=ic_by_label(ic, pd.Series(_year(ic), ic.index, name="year")),
        ic_by_regime=ic_by_label(ic, _regimes(index, twin).rename("regime")),
        power=power,
        hits=hit_rate(states, outcomes),
        reliability=reliability_table(probabilities, outcomes),
        brier=brier_score(probabilities, outcomes),
        spread=spread_summary(quantile_spread(scores, outcomes, cost_bps=0.0 if np.isnan(cost) else cost)),
        ordered=ordered,
        placebos=against,
        levels=levels,
        rivals=rival_table(levels),
        attribution=_attribution(index, twin, until),
        overfitting=_overfitting(levels["index"], configurations, spread_of_trials, variants),
        tests=tests,
        configurations=configurations,
        verdict=verdict,
        sentence=sentence,
    )


def judged(tests: pd.DataFrame, power: float, *, configurations: int, relevant_ic: float) -> tuple[str, str]:
    """The verdict, and a sentence that says what decided it.

    Written down before any result: "evidence of skill" if either of two one-sided tests (Newey-West) has p ≤ 5 % after
    Holm's correction for two tests and Bonferroni's for every configuration tried on this market: mean
    `score_weighted_return` above zero, and mean return of the index above that of the same basket with the average
    invested share all the time, both before costs. Signals without skill get it in at most 5 % of all markets.
    Otherwise "no evidence of skill" if the first test would have found what a mean rank IC of `relevant_ic` is worth
    with 80 % probability, and "cannot tell" if not.
    """
    searched = f" and {configurations} configurations" if configurations > 1 else ""
    best = tests["p_adjusted"].min()
    order, placebo = tests.loc[ORDER_TEST], tests.loc[PLACEBO_TEST]
    ordered = (
        "that the assets scored higher earned more cannot be tested"
        if np.isnan(order["p_value"])
        else f"the assets scored higher earned {order['value']:+.2%} a week more than those scored lower (t = "
        f"{order['t_statistic']:.1f}, p = {order['p_value']:.3f})"
    )
    matched = (
        "that the index earned more than its basket with the same share all the time cannot be tested"
        if np.isnan(placebo["p_value"])
        else f"the index {placebo['value']:+.1%} a year more than its basket with the same share all the time (p = "
        f"{placebo['p_value']:.3f})"
    )
    figures = (
        f"{ordered}, {matched}, both before costs; the smaller p, corrected for two tests{searched}, is {best:.3f}"
    )
    chance = f"What a mean rank IC of {relevant_ic:g} is worth would have been found with {power:.0%} probability"
    if best <= LEVEL:
        hurdle = " The t statistic is below 3, the hurdle where many have searched." if order["t_statistic"] < 3 else ""
        return EVIDENCE, f"Evidence of skill: {figures}.{hurdle}"
    if np.isnan(power) or np.isnan(best):
        return CANNOT_TELL, f"Cannot tell: {order['periods']:.0f} weeks are too few for a test."
    if power >= 0.8:
        return NONE, f"No evidence of skill: {figures}. {chance}."
    return CANNOT_TELL, f"Cannot tell: {figures}. {chance}: the history is too short or too noisy."


def _tests(order: pd.Series, matched: pd.Series, configurations: int) -> pd.DataFrame:
    """Both tests, one-sided, with their p-values corrected for each other and for what else was tried."""
    table = pd.DataFrame({ORDER_TEST: order, PLACEBO_TEST: matched}).T[["value", "t_statistic", "p_value", "periods"]]
    half = table["p_value"] / 2.0
    table["p_value"] = half.where(table["value"] > 0, 1.0 - half)
    adjusted = (
        adjust_pvalues(table["p_value"].fillna(1.0)) * configurations
    )  # a test that could not be made finds nothing
    return table.assign(p_adjusted=adjusted.clip(upper=1.0)).rename_axis("test")


def _levels(index: IndexHistory, twin: IndexHistory, until: pd.Timestamp) -> pd.DataFrame:
    if not index.dates.equals(twin.dates):
        raise DataError(
            f"the passive twin runs from {twin.dates[0].date()}, the index from {index.dates[0].date()}: give a twin "
            "of the same market with the same base date."
        )
    own = {"index": index.level / index.level.iloc[0], "passive twin": twin.level / twin.level.iloc[0]}
    return pd.DataFrame(own).loc[:until].join(rival_levels(index, until=until))


def _year(ic: pd.Series) -> pd.Index:
    return pd.DatetimeIndex(ic.index).year


def _regimes(index: IndexHistory, twin: IndexHistory) -> pd.Series:
    has_bitcoin = BITCOIN in index.market.prices.columns
    level = index.market.price(BITCOIN).ffill() if has_bitcoin else twin.level
    return trend_regimes(returns_from_levels(level))


def _attribution(index: IndexHistory, twin: IndexHistory, until: pd.Timestamp) -> pd.DataFrame:
    columns = {"against the twin": signal_attribution(index, twin, until=until)}
    if BITCOIN in index.market.prices.columns:
        bitcoin = index.market.price(BITCOIN).ffill()
        if bitcoin.reindex(index.dates).notna().all():
            columns["against bitcoin"] = signal_attribution(index, twin, bitcoin, until=until)
    table = pd.DataFrame({name: parts.linked for name, parts in columns.items()})
    table.loc["total"] = [parts.total for parts in columns.values()]
    return table.rename_axis("part")


def _overfitting(level: pd.Series, trials: int, variance: float, variants: Mapping[str, IndexHistory]) -> pd.Series:
    """`variance` is per period; NaN where it is not known."""
    returns = returns_from_levels(level)
    known = not np.isnan(variance)
    deviation = float(returns.std(ddof=1))
    tested = pd.Series(np.nan, index=["probability", "p_value"])
    if variants:
        levels = pd.DataFrame({"index": level} | {name: other.level for name, other in variants.items()})
        tested = overfitting_test(returns_from_levels(levels.reindex(level.index)).dropna())
    return pd.Series(
        {
            "sharpe": float(returns.mean()) / deviation * np.sqrt(DAYS) if deviation > 0 else np.nan,
            "trials": float(trials),
            "trials_sharpe_sd": np.sqrt(variance * DAYS),
            "deflated_sharpe": (
                deflated_sharpe(returns, trials=trials, sharpe_variance=variance * DAYS) if known else np.nan
            ),
            "overfitting_probability": tested["probability"],
            "overfitting_p_value": tested["p_value"],
        }
    )
