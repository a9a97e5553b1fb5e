"""Skill or luck: every test of a signal-driven index in one place, and a verdict that the numbers decide.

What is computed is in `research.evaluation` (scores, calls, probabilities), `placebo.py`, `rivals.py` and
`signal_attribution.py`; here it is cut to the part of the history that may be looked at, gathered, and judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, MethodologyError
from research.evaluation import (
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
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.analysis.trade_costs.trading_totals import average_cost
from research.index.build import build_index
from research.index.history import IndexHistory
from research.index.skill.placebo import Placebos, placebos
from research.index.skill.rivals import BITCOIN, passive_twin, rival_levels, rival_table
from research.index.skill.signal_attribution import signal_attribution
from research.index.skill.signal_inputs import Signals, check_calls, last_open_day, span_of
from research.index.skill.signal_verdict import LEVEL, both_tests, judged
from research.index.trials import registered
from research.signals.registry import ConfigurationRegistry, open_registry


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        """The verdict: a notebook cell that ends with a review must not print its thousand placebos."""
        return f"<SignalReview: {self.sentence}>"


def signal_review(
    index: IndexHistory,
    signals: Signals | None = None,
    *,
    twin: IndexHistory | None = None,
    registry: ConfigurationRegistry | str | Path | None = None,
    variants: Mapping[str, IndexHistory] | None = None,
    draws: int = 1000,
    seed: int = 0,
    locked_share: float | None = None,
    open_locked: bool = False,
    relevant_ic: float = 0.05,
    risk_free: float = 0.0,
) -> SignalReview:
    """Judge the signals of an index: see `SignalReview`, and `signal_verdict.judged` for the rule of the verdict.

    Parameters
    ----------
    signals : Signals, optional
        What the calls were made with, where the index did not make them itself (`index.signals`).
    twin : IndexHistory, optional
        The same rules without the overlay; built if it is not given.
    registry : ConfigurationRegistry or path, optional
        Where this configuration and the variants are noted, and all that were tried on this market are counted. Without
        one the verdict says that only these are.
    variants : mapping of str to IndexHistory, optional
        The configurations that the choice was made among, for the probability of over-fitting:
        `configurations.recipe_variants` makes some.
    locked_share : float, optional
        Part of the market's days, the last ones, that is not looked at without `open_locked`. Default: the recipe's,
        or 0.2 without one. Zero is an opening too.
    relevant_ic : float
        The mean rank IC that a history must be able to show before "no evidence" says anything.
    risk_free : float
        Annual rate, of the Sharpe ratios of the rivals.

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
    check_calls(index, signals)
    noted = open_registry(registry) if isinstance(registry, str | Path) else registry
    if locked_share is None:
        locked_share = 0.2 if made is None else made.recipe.locked_share
    check_number("locked_share", locked_share, DataError, at_least=0, at_most=0.9, fraction="a share")
    check_number("relevant_ic", relevant_ic, DataError, above=0, below=1)
    closed = last_open_day(index, locked_share)
    open_locked = open_locked or closed == index.dates[-1]
    until = index.dates[-1] if open_locked else closed
    against = placebos(index, draws=draws, seed=seed, until=until)
    if twin is None:
        others = {name: table for name, table in index.tables.items() if name != "signals"}
        rules = replace(passive_twin(index.methodology), base_date=index.dates[0].date())
        twin = build_index(index.market, rules, **others)
    levels = _levels(index, twin, until)
    variants = {} if variants is None else variants
    configurations, openings, spread_of_trials = registered(index, variants, closed, noted, open_locked)
    span, overlap = span_of(index)
    known = until - pd.Timedelta(days=span)
    outcomes = signals.outcomes.loc[:known]
    scores, states = signals.scores.loc[:known], signals.states.loc[:known]
    probabilities = signals.probabilities.loc[:known]
    ic = rank_ic(scores, outcomes)
    summary = ic_summary(ic, overlap=overlap)
    power = ic_power(ic, at=relevant_ic, level=LEVEL / configurations, overlap=overlap)
    ordered = score_weighted_return(scores, outcomes)
    tests = both_tests(
        mean_test(ordered, overlap=overlap), pd.Series(against.exposure_matched.loc["gross"]), configurations
    )
    worth = spread_at_ic(relevant_ic, outcomes.where(scores.notna()))
    chance = (
        float(ic_power(ordered, at=worth, level=LEVEL / configurations, overlap=overlap)["power_at"])
        if worth > 0
        else float("nan")
    )
    verdict, sentence = judged(tests, chance, configurations=configurations, relevant_ic=relevant_ic)
    rivals = rival_table(levels, risk_free=risk_free)
    if noted is None:
        sentence += f" Without a registry, {configurations} configuration{'s' * (configurations > 1)} counted as tried."
    grew, twin_grew = rivals["growth"].iloc[:2]
    sentence += f" After costs the index grew {grew:+.1%} a year, its passive twin {twin_grew:+.1%}."
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
        rivals=rivals,
        attribution=_attribution(index, twin, until),
        overfitting=_overfitting(levels["index"], configurations, spread_of_trials, variants),
        tests=tests,
        configurations=configurations,
        verdict=verdict,
        sentence=sentence,
    )


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
            "sharpe": float(returns.mean()) / deviation * np.sqrt(DAYS_PER_YEAR) if deviation > 0 else np.nan,
            "trials": float(trials),
            "trials_sharpe_sd": np.sqrt(variance * DAYS_PER_YEAR),
            "deflated_sharpe": (
                deflated_sharpe(returns, trials=trials, sharpe_variance=variance * DAYS_PER_YEAR) if known else np.nan
            ),
            "overfitting_probability": tested["probability"],
            "overfitting_p_value": tested["p_value"],
        }
    )
