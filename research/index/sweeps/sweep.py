"""`sweep`: one rulebook, a grid of changes, and what each of its variants would have been on a market."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.analysis.level_figures import level_figures
from research.index.given import given_market, given_rules
from research.index.sweeps.grid import Variant, value_of, variants_of
from research.index.sweeps.running import Built, check_jobs, made_of, run, work_of
from research.market import MarketData
from research.market.data import Date
from research.rulebook.methodology import Methodology
from research.signals import SignalHistory

AS_GIVEN = "as given"
"""Name of the rulebook itself where the grid does not hold it."""
FIRST_SIGN = 2.0  # seconds of work before a progress bar appears


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sweep:
    """Variants of one rulebook on one market.

    Attributes
    ----------
    rules : Methodology
        The rulebook that was varied.
    reference : str
        Its name among the variants: that of its settings where the grid holds them, else "as given".
    keys : tuple of str
        Of the grid.
    rulebooks : dict of str to Methodology
        Those that were built, by name.
    levels : DataFrame, shape (days, variants)
        Net of costs, each from its own base date (NaN before) to the market's last day.
    start : Timestamp
        The first day that all variants have: figures are over the days from here on.
    shortened_by : tuple of str
        Variants that begin on `start`, where others begin earlier; empty where all begin together.
    table : DataFrame, a row for each variant
        The keys with their values (None where a key is left out), then total_return, cagr, annualized_volatility,
        sharpe_ratio, max_drawdown, annual_turnover (one-sided), annual_cost (share of the value lost to costs a year);
        fractions. note: what `build_index` warned of, as rules
        without effect. A level that has lost everything has -1 for return,
        growth and drawdown, and NaN for what needs returns.
    failures : DataFrame, a row for each combination that could not be built
        The keys with their values, and the reason.
    """

    rules: Methodology
    reference: str
    keys: tuple[str, ...]
    rulebooks: dict[str, Methodology]
    levels: pd.DataFrame
    start: pd.Timestamp
    shortened_by: tuple[str, ...]
    table: pd.DataFrame
    failures: pd.DataFrame

    @property
    def count(self) -> int:
        """How many variants were built, the rulebook itself among them: the number of trials of this search."""
        return len(self.rulebooks)

    @property
    def distinct(self) -> int:
        """How many of the variants have a level of their own; two caps that never bind make one history."""
        return len(self.common.T.drop_duplicates())

    @property
    def common(self) -> pd.DataFrame:
        """`levels` over the days that all variants have."""
        return self.levels.loc[self.start :]

    @property
    def on_grid(self) -> pd.Index:
        """Names of the variants that lie on the grid: all but a rulebook that it does not hold."""
        return self.table.index.drop(AS_GIVEN, errors="ignore")

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with a sweep must not print its levels."""
        failed = f", {len(self.failures):,} that cannot be" if len(self.failures) else ""
        days = f"{self.start.date()} to {self.levels.index[-1].date()}"
        return f"<Sweep of {self.rules.name!r} over {', '.join(self.keys)}: {self.count:,} variants{failed}, {days}>"


def sweep(
    market: MarketData | str | Path,
    rules: Methodology | str | Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    signals: pd.DataFrame | SignalHistory | None = None,
    votes: pd.DataFrame | None = None,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
    forks: pd.DataFrame | None = None,
    jobs: int | None = None,
    client: Any = None,
    progress: bool | None = None,
    risk_free: float = 0.0,
    latest_start: Date | None = None,
) -> Sweep:
    """Build every variant of a rulebook on a grid, each exactly as `build_index` would, and compare them.

    Combinations that cannot be are listed with the reason (`Sweep.failures`); the rulebook itself has to be possible.
    Signals of a recipe are made once for all variants that name it.

    Parameters
    ----------
    market, rules
        As `build_index` takes them.
    grid : mapping of str to list
        Dotted key of a rulebook -> the values to try, as a TOML file would have them; None leaves the key out, so that
        its default holds. All combinations are built. Keys that are not varied follow those that are: with
        "selection.count" the ranks of the buffer and `min_count` move in proportion; keys that another
        "weighting.scheme" does not use fall away, as does a rebalance rarer than another "schedule.reconstitution"; one
        kind of cap takes the place of the other. Name such a key too and it is as you say.
    signals, votes, migrations, removals, forks : optional
        As `build_index` takes them, for all variants alike.
    jobs : int, optional
        Processes to build in; by default as many as this process may use processors. With 1 all is done in this one.
    client : distributed.Client, optional
        A Dask cluster to build on instead. Its workers need the package, and are best given one thread each.
    progress : bool, optional
        Whether to show a progress bar once the work takes two seconds; by default in a terminal and in a notebook.
    risk_free : float
        Annual rate, for Sharpe ratios.
    latest_start : date, optional
        Variants that begin later are listed as failures, for they would shorten the common days of all.

    Returns
    -------
    Sweep

    Raises
    ------
    MethodologyError
        If the rulebook itself cannot be built or begins after `latest_start`; if a key of the grid is unknown, a list
        is empty, or a value is in it twice.
    DataError
        As `build_index` does.
    ResearchError
        If a process dies, or `client` is no Dask client.

    Examples
    --------
    >>> sweep(market, "large-cap-10", {"selection.count": [5, 10], "weighting.scheme": ["equal"]})  # doctest: +SKIP
    """
    market, rules = given_market(market), given_rules(rules)
    variants = variants_of(rules, grid)
    if jobs is not None:
        check_jobs(jobs)
    tables = {"signals": signals, "votes": votes, "migrations": migrations, "removals": removals, "forks": forks}
    possible = [variant for variant in variants if variant.rules is not None]
    work = work_of(market, [rules, *(variant.rules for variant in possible if variant.rules)], tables)
    own = made_of(work, rules)  # what it finds out, forks of this process know
    if latest_start is not None and market.dates[own.first] > pd.Timestamp(latest_start):
        raise MethodologyError(
            f"{rules.name} itself begins on {market.dates[own.first].date()}, after latest_start = {latest_start}. "
            "Choose a later one."
        )
    reference = next((variant.name for variant in possible if variant.rules == rules), AS_GIVEN)
    others = [variant for variant in possible if variant.name != reference]
    outcomes: dict[str, Built | str] = {reference: own}
    building = run(work, [other.rules for other in others if other.rules], jobs=jobs, client=client)
    for place, outcome in _watched(building, len(others), progress):
        outcomes[others[place].name] = outcome
    given = {key: value_of(rules, key) for key in grid}
    if reference == AS_GIVEN:
        variants = [Variant(name=AS_GIVEN, settings=given, rules=rules), *variants]
    return _gathered(market, rules, reference, variants, outcomes, risk_free, latest_start)


def _watched(
    results: Iterator[tuple[int, Built | str]], total: int, progress: bool | None
) -> Iterator[tuple[int, Built | str]]:
    """The results, with a progress bar for whoever watches."""
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not progress:
        yield from results
        return
    from tqdm import tqdm

    yield from tqdm(results, total=total, desc="variants", delay=FIRST_SIGN, dynamic_ncols=True)


def _gathered(
    market: MarketData,
    rules: Methodology,
    reference: str,
    variants: Sequence[Variant],
    outcomes: Mapping[str, Built | str],
    risk_free: float,
    latest_start: Date | None,
) -> Sweep:
    built: dict[str, Built] = {}
    failed = {variant.name: variant.reason for variant in variants if variant.rules is None}
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            failed[name] = outcome
        elif latest_start is not None and market.dates[outcome.first] > pd.Timestamp(latest_start):
            failed[name] = f"begins on {market.dates[outcome.first].date()}, after latest_start."
        else:
            built[name] = outcome
    order = [variant for variant in variants if variant.name in built]
    earliest, start = (bound(outcome.first for outcome in built.values()) for bound in (min, max))
    days = pd.DatetimeIndex(market.dates[earliest:], name="date")
    levels = pd.DataFrame(
        {variant.name: _from(built[variant.name], earliest) for variant in order}, index=days, dtype=float
    )
    keys = list(variants[0].settings)
    table = _settings(order, keys).join(level_figures(levels.iloc[start - earliest :], risk_free=risk_free))
    years = (len(market.dates) - 1 - start) / DAYS_PER_YEAR
    table["annual_turnover"] = [_turnover(built[name], start, years) for name in table.index]
    table["annual_cost"] = [_cost(built[name], start, years) for name in table.index]
    table["note"] = ["; ".join(built[name].notes) for name in table.index]
    failures = _settings([variant for variant in variants if variant.name in failed], keys)
    return Sweep(
        rules=rules,
        reference=reference,
        keys=tuple(keys),
        rulebooks={variant.name: variant.rules for variant in order if variant.rules is not None},
        levels=levels,
        start=market.dates[start],
        shortened_by=tuple(variant.name for variant in order if built[variant.name].first == start > earliest),
        table=table,
        failures=failures.assign(reason=[failed[name] for name in failures.index]),
    )


def _from(outcome: Built, earliest: int) -> np.ndarray[Any, Any]:
    return np.concatenate([np.full(outcome.first - earliest, np.nan), outcome.level])


def _settings(variants: Sequence[Variant], keys: Sequence[str]) -> pd.DataFrame:
    """A row for each variant, its values as they are."""
    columns = {key: pd.Series([variant.settings[key] for variant in variants], dtype=object) for key in keys}
    frame = pd.DataFrame(columns, columns=list(keys), dtype=object)
    return frame.set_axis(pd.Index([variant.name for variant in variants], name="variant", dtype=str), axis="index")


def _turnover(outcome: Built, start: int, years: float) -> float:
    return float(outcome.turnover[outcome.rows > start].sum()) / years if years else float("nan")


def _cost(outcome: Built, start: int, years: float) -> float:
    kept = np.prod(1.0 - outcome.cost[outcome.rows > start])
    return float(1.0 - kept ** (1.0 / years)) if years else float("nan")
