"""What an index is, in one sentence and a box of facts. The rulebook in full words is in `rulebook_text.py`."""

from __future__ import annotations

import pandas as pd

from research.index import IndexHistory, Methodology
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.table import Table
from research.rulebook import Costs, Schedule, Selection, Weighting

LARGEST = 5
"""Members that the box of facts names."""
_SCHEMES = {
    "market_cap": "by market cap",
    "sqrt_market_cap": "by the square root of market cap",
    "liquidity_mix": "by market cap and traded value",
    "equal": "in equal parts",
    "inverse_volatility": "by inverse volatility",
    "inverse_variance": "by inverse variance",
    "risk_parity": "with equal shares of the risk",
    "sharpe": "by Sharpe ratio",
    "votes": "by votes",
    "signal": "by the score of their signals",
}


def in_one_sentence(rules: Methodology, members: int) -> str:
    """What the index is: who is in, how they are weighted, when that is done anew, and what signals may do."""
    tags = ", ".join(map(escape_markdown, rules.universe.include_tags))
    among = f" tagged {tags}" if tags else ""
    overlay = "; signals may move weight into stablecoins" if rules.overlay and rules.overlay.signals else ""
    return (
        f"**{escape_markdown(rules.name)}** holds {members} assets{among}, {_weights(rules.weighting)}, "
        f"{_often(rules.schedule)}{overlay}."
    )


def facts(index: IndexHistory) -> Table:
    """The box of facts: count, weights, calendar, lag, costs, base and data."""
    rules, manifest = index.methodology, index.market.manifest
    held = index.holdings()
    largest = (f"{row.asset_id} {format_value(row.weight, 'percent')}" for row in held.head(LARGEST).itertuples())
    lines = {
        "Members": f"{format_value(len(held), 'count')} today; {_count(rules.selection)}",
        "Largest": ", ".join(largest),
        "Weights": _weights(rules.weighting),
        "Calendar": _often(rules.schedule),
        "Traded": _lag(rules.schedule),
        "Costs": _costs(rules.costs),
        "Base": f"{rules.base_value:,g} on {format_value(index.dates[0], 'date')}",
        "Data": f"{manifest.name}, to the close of {format_value(index.dates[-1], 'date')} UTC",
    }
    frame = pd.DataFrame({"value": list(lines.values())}, index=pd.Index(lines, name="fact"))
    return Table(frame, "The index in short")


def _count(selection: Selection) -> str:
    if selection.count is not None:
        return f"the rules ask for {selection.count}"
    return "as many as the rules find"


def _weights(weighting: Weighting) -> str:
    words = _SCHEMES[weighting.scheme]
    if weighting.max_weight is not None:
        words += f", at most {format_value(weighting.max_weight, 'short percent')} each"
    if weighting.min_weight is not None:
        words += f", at least {format_value(weighting.min_weight, 'short percent')}"
    return words


def _often(schedule: Schedule) -> str:
    weighed = schedule.rebalance or schedule.reconstitution
    if weighed == schedule.reconstitution:
        return f"chosen and weighted {weighed}"
    return f"chosen {schedule.reconstitution}, weighted {weighed}"


def _lag(schedule: Schedule) -> str:
    if not schedule.lag_days:
        return "at the close of the decision: not investable"
    return f"{schedule.lag_days} day{'s' if schedule.lag_days > 1 else ''} after the decision, at the close"


def _costs(costs: Costs) -> str:
    if costs.is_flat and costs.rate == 0:
        return "none charged"
    spread = costs.half_spread_bps
    half = f"{spread:g} bp" if isinstance(spread, int | float) else spread.replace("_", " ")
    return f"{costs.fee_bps:g} bp of fee, half of the spread ({half}), on all that is traded"
