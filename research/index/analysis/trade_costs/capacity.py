"""What costs mean for a finished index: turnover, growth at any cost, break-even cost, and how much money it can take.

What one trade costs is in `trading/costs.py`. Buying the first basket is no rebalance: it is left out of every average,
and reported by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.analysis.arguments import number, numbers
from research.index.analysis.level_figures import level_figures
from research.index.analysis.record import IndexRecord
from research.index.analysis.trade_costs.orders import order_of
from research.index.trading.costs import chained, cost_fraction
from research.index.trading.records import Trade
from research.rulebook.checks import require
from research.rulebook.costs import BPS
from research.typing import FloatArray

SIZES = (1e6, 1e7, 1e8, 1e9)


def turnover_summary(index: IndexRecord) -> pd.Series:
    """One-sided turnover of an index: half of the sum of absolute changes of weight, the stable leg included.

    Returns
    -------
    Series
        annual (all turnover divided by the years), mean and largest (of one trade), trades_per_year; initial (the first
        basket, not in the others). Turnover as shares of the value. NaN where there is no trade, or a single day.
    """
    turnover = np.array([trade.turnover for trade in _rebalances(index)])
    years = _years(index)
    return pd.Series(
        {
            "annual": turnover.sum() / years,
            "mean": turnover.mean() if len(turnover) else np.nan,
            "largest": turnover.max(initial=-np.inf) if len(turnover) else np.nan,
            "trades_per_year": len(turnover) / years,
            "initial": sum(trade.turnover for trade in index.trades if trade.cause == "initial"),
        },
        name=index.methodology.name,
    )


def cost_sensitivity(
    index: IndexRecord, bps: Sequence[float] = (0, 10, 25, 50, 100), *, risk_free: float = 0.0
) -> pd.DataFrame:
    """What is left of the index if every purchase and every sale costs so many basis points.

    The same trades, other costs: decisions do not depend on costs.

    Parameters
    ----------
    bps : sequence of float
        Cost of all that is traded, in basis points of its value.
    risk_free : float
        Annual rate, of the Sharpe ratio.

    Returns
    -------
    DataFrame, indexed by bps
        final_level, cagr, volatility, sharpe, max_drawdown, annual_cost (share of the value
        lost to costs a year). After a total loss growth and drawdown are -1, volatility and sharpe NaN.

    Raises
    ------
    MethodologyError
        If a cost is negative or the whole value.
    """
    bps = numbers("bps", bps)
    for rate in bps:
        require(0 <= rate < BPS, f"bps has {rate}: expected 0 or more, in basis points.")
    return pd.DataFrame(
        [_figures(index, [_flat_cost(trade, rate / BPS) for trade in _rebalances(index)], risk_free) for rate in bps],
        index=pd.Index(bps, name="bps", dtype=float),
    )


def break_even_cost(index: IndexRecord, benchmark: pd.Series) -> float:
    """The cost of trading at which the index grows no faster than its benchmark, in basis points of the value traded.

    Gross active return per value traded, ``ln(growth of the gross level / growth of the benchmark) / sum |dw|``, with
    both purchases and sales (twice the one-sided turnover) in the sum: the number compares with `fee_bps` plus
    `half_spread_bps`. In logs, because costs compound; exact to first order in the cost.

    Parameters
    ----------
    benchmark : Series
        Level or price by day; its values on the first and last day of the index are used.

    Returns
    -------
    float
        Negative if the index is behind before any cost. NaN if it never trades, or has lost everything.

    Raises
    ------
    DataError
        If the benchmark has no value on the first or last day of the index.
    """
    gross = index.gross_level.iloc[[0, -1]]
    if not isinstance(benchmark, pd.Series):
        raise DataError(f"the benchmark is {benchmark!r:.80}: expected a Series of levels by day.")
    ends = benchmark.reindex(gross.index)
    if not (ends > 0).all():
        days = ", ".join(str(day.date()) for day in gross.index[~(ends > 0)])
        raise DataError(
            f"the benchmark has no positive value on {days}, first or last day of {index.methodology.name}. Give one "
            f"that covers {gross.index[0].date()} to {gross.index[1].date()}."
        )
    value_traded = sum(_value_traded(trade) for trade in _rebalances(index))
    if not gross.iloc[1] > 0:
        return float("nan")
    active = np.log(gross.iloc[1] / gross.iloc[0]) - np.log(ends.iloc[1] / ends.iloc[0])
    return float(active / value_traded * BPS) if value_traded > 0 else float("nan")


def checked_participation(value: float) -> float:
    """Share of a daily volume that may be traded; MethodologyError outside (0, 1]."""
    require(0 < number("participation", value) <= 1, f"participation = {value}: expected above 0, at most 1.")
    return float(value)


def checked_sizes(name: str, sizes: Sequence[float]) -> Sequence[float]:
    """Sizes in USD; MethodologyError where one is not positive and finite."""
    sizes = numbers(name, sizes)
    for size in sizes:
        require(size > 0 and np.isfinite(size), f"{name} has {size}: expected positive numbers of USD.")
    return sizes


def capacity(
    index: IndexRecord,
    assets_under_management: Sequence[float] = SIZES,
    *,
    participation: float = 0.05,
    impact_coefficient: float = 1.0,
) -> pd.DataFrame:
    """What size does to an index: cost and days to trade by assets under management.

    Fees and spreads are the rulebook's, market impact follows the square-root law of `costs.cost_terms` on the terms of
    each trade's day. The size is the same at every trade.

    Where the data begin with the index, its first trades come before any asset has prices and volumes on half of 30
    days. They cannot be priced, are counted as `unpriced` and left out of all other figures, of `annual_cost` too.

    Parameters
    ----------
    assets_under_management : sequence of float, USD
    participation : float in (0, 1]
        Share of an asset's median daily volume that the index may trade a day.
    impact_coefficient : float
        Y of the square-root law.

    Returns
    -------
    DataFrame, indexed by assets_under_management
        annual_cost (share of the value lost a year), largest_cost (of one rebalance, share of the value), median_days
        and largest_days (days that the slowest asset of a rebalance takes at the participation rate: median and largest
        over rebalances), share_above (share of all purchases and sales that take more than a day), initial_cost and
        initial_days (the first basket, not in the others; NaN where the data begin too late for it), assumed_share
        (share of purchases and sales whose volume or volatility is not known, charged as the most expensive), unpriced
        (int: rebalances left out, see above). NaN where there is nothing to take a figure from, and costs where impact
        exceeds what the index can pay.

    Raises
    ------
    DataError
        If the market has no volumes at all.
    MethodologyError
        If an argument is out of range.
    """
    participation = checked_participation(participation)
    impact_coefficient = number("impact_coefficient", impact_coefficient)
    assets_under_management = checked_sizes("assets_under_management", assets_under_management)
    if not (index.source.panel("volume") > 0).any():
        raise DataError(
            f"{index.market.manifest.name} has no volume of any asset, so market impact is not known. Use a snapshot "
            "with volumes."
        )
    first, *later = [order_of(index, trade, impact_coefficient) for trade in [index.trades[0], *_rebalances(index)]]
    rebalances = [order for order in later if order is not None]
    assumed = np.concatenate([np.zeros(0), *(order.terms.liquidity_assumed for order in rebalances)])
    rows = []
    for size in assets_under_management:
        costs = np.array([order.cost(size) for order in rebalances])
        days = [order.days(size, participation) for order in rebalances]
        slowest, each = np.array([order.max(initial=0.0) for order in days]), np.concatenate([np.zeros(0), *days])
        rows.append(
            {
                "annual_cost": _annual_cost(index, costs) if len(costs) or not later else np.nan,
                "largest_cost": costs.max() if len(costs) else np.nan,
                "median_days": np.median(slowest) if len(slowest) else np.nan,
                "largest_days": slowest.max() if len(slowest) else np.nan,
                "share_above": (each > 1).mean() if len(each) else np.nan,
                "initial_cost": first.cost(size) if first else np.nan,
                "initial_days": first.days(size, participation).max(initial=0.0) if first else np.nan,
                "assumed_share": assumed.mean() if len(assumed) else np.nan,
                "unpriced": len(later) - len(rebalances),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(assets_under_management, name="assets_under_management", dtype=float))


def _rebalances(index: IndexRecord) -> list[Trade]:
    """All trades but the first purchase, and but conversions: those exchange one name for another, without a market."""
    return [trade for trade in index.trades if trade.cause not in ("initial", "conversion")]


def _years(index: IndexRecord) -> float:
    days = len(index.dates) - 1
    return days / DAYS_PER_YEAR if days else float("nan")


def _value_traded(trade: Trade) -> float:
    """Purchases and sales of one trade as a share of the value."""
    taking = trade.takes_part
    return float(np.abs(trade.after[taking] - trade.before[taking]).sum())


def _flat_cost(trade: Trade, rate: float) -> float:
    taking = trade.takes_part
    return cost_fraction(trade.before[taking], trade.after[taking], rate)


def cost_a_year(index: IndexRecord) -> float:
    """Share of the value lost a year to the costs that the rulebook charges, compounded."""
    return _annual_cost(index, index.trade_costs)


def _annual_cost(index: IndexRecord, costs: Sequence[float] | FloatArray) -> float:
    """Share of the value lost to costs a year, compounded."""
    kept = np.prod(1.0 - np.asarray(costs, dtype=float))
    return float(1.0 - kept ** (1.0 / _years(index)))


def _figures(index: IndexRecord, costs: Sequence[float], risk_free: float) -> dict[str, float]:
    rows = [trade.row - index.base_row for trade in _rebalances(index)]
    level = index.gross_level * chained(1.0 - np.asarray(costs), rows, len(index.dates))
    names = {"annualized_volatility": "volatility", "sharpe_ratio": "sharpe"}
    found = level_figures(level.to_frame("level"), risk_free=risk_free).rename(columns=names).iloc[0]
    shown = {name: float(found[name]) for name in ("cagr", "volatility", "sharpe", "max_drawdown")}
    return {"final_level": float(level.iloc[-1]), **shown, "annual_cost": _annual_cost(index, costs)}
