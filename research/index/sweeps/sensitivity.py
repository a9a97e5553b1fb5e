"""How much of an index hangs on its rules: a sweep of them, where its own stand, which matter, what can be told apart.

What is built is in `sweep.py`; what is computed of the outcomes in `research.evaluation`. Here it is gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from research.evaluation import (
    TrialRegistry,
    compare,
    deflated_sharpe,
    expected_maximum_sharpe,
    main_effects,
    means_by_value,
    none_beats,
    overfitting_test,
    probabilistic_sharpe,
    rebased,
    returns_from_levels,
)
from research.evaluation.comparisons.main_effects import INTERACTIONS, is_complete
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.analysis.level_figures import lost_levels
from research.index.sweeps.grid import value_of, words
from research.index.sweeps.sweep import Sweep, sweep
from research.index.trials import recorded
from research.market import MarketData
from research.market.data import Date
from research.rulebook.methodology import Methodology
from research.signals.registry import ConfigurationRegistry, open_registry

LOWER_IS_BETTER = ("annualized_volatility", "annual_turnover", "annual_cost")
FIGURES = ("total_return", "cagr", "sharpe_ratio", "max_drawdown", *LOWER_IS_BETTER)
OUTCOMES = ("cagr", "sharpe_ratio", "max_drawdown", "annualized_volatility")
"""Of which the shares of each choice are computed; the first names what matters most."""
BLOCKS = 10  # of the history, for over-fitting: with more, hundreds of variants take minutes
BAND = {"lowest": 0.0, "lower": 0.05, "median": 0.5, "upper": 0.95, "highest": 1.0}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sensitivity:
    """What a sweep says.

    Attributes
    ----------
    swept : Sweep
    standing : DataFrame, index = figure
        own (of the rulebook), better_than (share of the other variants that it is better than on these days, those that
        are the same counted half; NaN without others), lowest, lower, median, upper, highest (of all variants; 5th and
        95th percentile), best (name of the best variant).
    effects : DataFrame, index = choice
        `main_effects` on growth, and a column more for each further outcome: its shares.
    is_complete : bool
        Whether the grid has no holes: the shares are then those of a plain analysis of variance.
    by_value : DataFrame, index = (choice, value)
        `means_by_value` of growth; own (bool): the value of the rulebook.
    leading_values : DataFrame
        `compare` of the choice that matters most: mean returns of all variants with one value, against those with the
        rulebook's own; empty where no choice matters, or there is nothing to compare with.
    fan : DataFrame, shape (days, 6)
        Level of the rulebook, and the lowest, lower, median, upper and highest of all variants on each day, all
        beginning at the rulebook's level.
    tests : Series
        best_sharpe and own_sharpe (a year, over the risk-free rate), trials, distinct (clusters of trials that
        correlate above one half), trials_sharpe_sd, lucky_sharpe (what the best of so many lucky ones would show),
        probabilistic, deflated (of the best) and own_deflated: probabilities; overfitting_probability and
        overfitting_p_value; none_beats (p-value of "no other variant beats the rulebook"). NaN where it is not known.
    best : str
        The variant with the highest Sharpe ratio, the rulebook among them though the grid may not hold it: the one that
        `tests` are about.
    has_registry : bool
        Whether all that was ever tried on this market is counted in `trials`, or these variants alone.
    """

    swept: Sweep
    standing: pd.DataFrame
    effects: pd.DataFrame
    is_complete: bool
    by_value: pd.DataFrame
    leading_values: pd.DataFrame
    fan: pd.DataFrame
    tests: pd.Series
    best: str
    has_registry: bool

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with it must not print its frames."""
        return f"<Sensitivity: {self.swept!r}>"

    @property
    def outcomes(self) -> pd.DataFrame:
        """Growth of the variants on the grid, a column for each (choice, value), NaN for those with another value."""
        swept = self.swept
        growth, settings = swept.table.loc[swept.on_grid, "cagr"], swept.table.loc[swept.on_grid, list(swept.keys)]
        columns = {(key, value): growth.where(settings[key].map(words) == value) for key, value in self.by_value.index}
        return pd.DataFrame(columns, index=growth.index)

    @property
    def leading(self) -> str:
        """The choice that explains most of the spread of growth; empty where none explains any."""
        first = self.effects.drop(index=INTERACTIONS)
        return str(first.index[0]) if len(first) and first["share"].iloc[0] > 0 else ""


def methodology_grid(
    rules: Methodology,
    *,
    counts: Sequence[int] = (),
    schemes: Sequence[str] = (),
    max_weights: Sequence[float] = (),
    frequencies: Sequence[str] = (),
    lags: Sequence[int] = (),
) -> dict[str, list[Any]]:
    """The grid of the usual choices, the rulebook's own value in each list; an empty list leaves a choice alone.

    Frequencies are those of the reconstitution; a rulebook that rebalances more often goes on doing so. Left out is
    `selection.count` where the rule of selection has none, and `weighting.max_weight` where caps go by rank.
    """
    lists = {
        "selection.count": counts if rules.selection.count is not None else (),
        "weighting.scheme": schemes,
        "weighting.max_weight": max_weights if not rules.weighting.max_weight_by_rank else (),
        "schedule.reconstitution": frequencies,
        "schedule.lag_days": lags,
    }
    return {key: _with_own(values, value_of(rules, key)) for key, values in lists.items() if len(values)}


def _with_own(values: Sequence[Any], own: Any) -> list[Any]:
    """The values and the rulebook's own, each once: numbers in order, "none" before them, texts with its own first."""
    found = list(dict.fromkeys([own, *values]))
    if any(isinstance(value, str) for value in found):
        return found
    return sorted(found, key=lambda value: (value is not None, value or 0))


def sensitivity(
    market: MarketData,
    rules: Methodology,
    grid: dict[str, list[Any]],
    *,
    risk_free: float = 0.0,
    draws: int = 1000,
    registry: ConfigurationRegistry | str | Path | None = None,
    jobs: int | None = None,
    client: Any = None,
    progress: bool | None = None,
    latest_start: Date | None = None,
    **tables: Any,
) -> Sensitivity:
    """Sweep a rulebook over a grid, and say where it stands and what matters: see `Sensitivity`.

    Parameters
    ----------
    market, rules, grid, jobs, client, progress, latest_start, tables
        As `sweep` takes them.
    risk_free : float
        Annual rate, for Sharpe ratios.
    draws : int
        Resampled histories of each test.
    registry : ConfigurationRegistry or path, optional
        Where the variants are noted, each once however often this runs, and from which the trials on this market are
        counted; without one only these variants are.

    Raises
    ------
    ResearchError
        As `sweep` does; DataError if the registry cannot be read or written, or more than 10 choices vary.
    """
    swept = sweep(
        market,
        rules,
        grid,
        jobs=jobs,
        client=client,
        progress=progress,
        risk_free=risk_free,
        latest_start=latest_start,
        **tables,
    )
    settings = swept.table.loc[swept.on_grid, list(swept.keys)].map(words)
    outcomes = swept.table.loc[swept.on_grid]
    kept = swept.common.drop(columns=lost_levels(swept.common))
    trials = _trials(swept, kept, market, registry, tables.get("signals"))
    effects = main_effects(outcomes["cagr"], settings)
    further = {name: main_effects(outcomes[name], settings)["share"] for name in OUTCOMES[1:]}
    by_value = means_by_value(outcomes["cagr"], settings)
    found = Sensitivity(
        swept=swept,
        standing=_standing(swept),
        effects=effects.assign(**further),
        is_complete=is_complete(settings),
        by_value=by_value.assign(own=[_own(swept, key) == value for key, value in by_value.index]),
        leading_values=pd.DataFrame(),
        fan=_fan(swept),
        tests=_tests(swept, kept, trials, risk_free, draws),
        best=_best(swept),
        has_registry=registry is not None,
    )
    return replace(found, leading_values=_leading_values(found, kept, risk_free, draws))


def _own(swept: Sweep, key: object) -> str:
    """The rulebook's own value of a choice, in words."""
    return words(value_of(swept.rules, str(key)))


def _best(swept: Sweep) -> str:
    """The variant with the highest Sharpe ratio, of all that count as trials."""
    return str(swept.table["sharpe_ratio"].fillna(-np.inf).idxmax())


def _trials(
    swept: Sweep,
    kept: pd.DataFrame,
    market: MarketData,
    registry: ConfigurationRegistry | str | Path | None,
    signals: Any,
) -> tuple[int, float]:
    """How many configurations were tried, and the variance of their annual Sharpe ratios."""
    if registry is None:
        sharpe = swept.table["sharpe_ratio"].dropna()
        return swept.count, float(sharpe.var(ddof=1)) if len(sharpe) > 1 else float("nan")
    noted = open_registry(registry) if isinstance(registry, str | Path) else registry
    trials, variance = recorded(market, swept.rulebooks, kept, noted, signals)
    return trials, variance * DAYS_PER_YEAR


def _standing(swept: Sweep) -> pd.DataFrame:
    rows = {}
    for name in FIGURES:
        values = swept.table[name].dropna()
        own, others = swept.table[name][swept.reference], values.drop(swept.reference, errors="ignore")
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        beaten = (sign * others < sign * own).mean() + (others == own).mean() / 2
        quantiles = {place: values.quantile(share) for place, share in BAND.items()}
        best = (sign * values).idxmax() if len(values) else ""
        rows[name] = {"own": own, "better_than": beaten, **quantiles, "best": best}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("figure")


def _fan(swept: Sweep) -> pd.DataFrame:
    common = swept.common
    levels = rebased(common[[swept.reference, *common.columns.drop(swept.reference)]])
    bands = {place: levels.quantile(share, axis="columns") for place, share in BAND.items()}
    return pd.DataFrame({"own": levels[swept.reference], **bands})


def _leading_values(found: Sensitivity, kept: pd.DataFrame, risk_free: float, draws: int) -> pd.DataFrame:
    """Mean returns by value of the choice that matters most, against the rulebook's own."""
    swept = found.swept
    if not found.leading or len(kept) < 2:
        return pd.DataFrame()
    returns = returns_from_levels(kept[[name for name in swept.on_grid if name in kept]]).iloc[1:]
    chosen, own = swept.table.loc[returns.columns, found.leading].map(words), _own(swept, found.leading)
    if own not in set(chosen) or chosen.nunique() < 2:
        return pd.DataFrame()
    means = pd.DataFrame(
        {value: returns.loc[:, (chosen == value).to_numpy()].mean(axis=1) for value in chosen.unique()}
    )
    first = pd.DataFrame(0.0, index=kept.index[:1], columns=means.columns)
    return compare((1.0 + pd.concat([first, means])).cumprod(), reference=own, risk_free=risk_free, draws=draws)


def _tests(swept: Sweep, kept: pd.DataFrame, tried: tuple[int, float], risk_free: float, draws: int) -> pd.Series:
    returns, sharpe = returns_from_levels(kept).iloc[1:], swept.table["sharpe_ratio"].dropna()
    trials, variance = tried
    tests = {"best_sharpe": sharpe.max(), "own_sharpe": swept.table.loc[swept.reference, "sharpe_ratio"]}
    tests |= {"trials": float(trials), "trials_sharpe_sd": np.sqrt(variance)}
    tests |= dict.fromkeys(("distinct", "lucky_sharpe", "probabilistic", "deflated", "own_deflated"), np.nan)
    tests |= dict.fromkeys(("overfitting_probability", "overfitting_p_value", "none_beats"), np.nan)
    if not (len(sharpe) > 1 and variance > 0):
        return pd.Series(tests, dtype=float)
    search = TrialRegistry()
    for name in returns:
        search.record({"name": str(name)}, returns[name])
    options: dict[str, Any] = {"trials": trials, "sharpe_variance": variance, "risk_free": risk_free}
    best, has_own = returns[_best(swept)], swept.reference in returns
    tests |= {"distinct": float(search.effective_count()), "lucky_sharpe": expected_maximum_sharpe(trials, variance)}
    tests |= {"probabilistic": probabilistic_sharpe(best, risk_free=risk_free)}
    tests |= {"deflated": deflated_sharpe(best, **options)}
    if len(returns) >= 2 * BLOCKS:
        over = overfitting_test(returns, blocks=BLOCKS, draws=max(draws // 5, 2))
        tests |= {"overfitting_probability": over["probability"], "overfitting_p_value": over["p_value"]}
    if has_own:
        tests["own_deflated"] = deflated_sharpe(returns[swept.reference], **options)
        tests["none_beats"] = none_beats(kept, swept.reference, draws=draws)
    return pd.Series(tests, dtype=float)
