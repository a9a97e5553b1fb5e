"""Units and meanings of the columns that an index publishes, and which of them hold raw values of the market."""

from __future__ import annotations

import pandas as pd

DAY, SHARE, TEXT, FLAG, COUNT, USD, POINTS = "day", "fraction", "text", "true or false", "count", "USD", "index points"
_TRADE = {
    "effective_date": (DAY, "Day at whose close was traded, UTC."),
    "determination_date": (DAY, "Day at whose close was decided; missing where no decision called for the trade."),
    "cause": (TEXT, "What called for the trade."),
}
_POSITIONS = _TRADE | {
    "asset_id": (TEXT, "Stable name of the asset; never changes, unlike its ticker."),
    "symbol": (TEXT, "Ticker on the last day of the data."),
    "rank": (COUNT, "Place at the determination, 1 first; missing without one."),
    "target_weight": (SHARE, "Weight decided at the determination."),
    "drifted_weight": (SHARE, "Weight before the trade."),
    "weight": (SHARE, "Weight after the trade."),
    "units": ("units per index level", "How much of the asset is held after the trade for a level of the index."),
    "price": (USD, "Price of the trade: the close, or the last one where the asset has none."),
    "trade": (SHARE, "Weight after the trade less weight before it."),
    "status": (TEXT, "added, kept, removed, frozen or not bought."),
}
COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "levels": {
        "date": (DAY, "Close of this UTC day."),
        "level": (POINTS, "The index, net of trading costs."),
        "gross_level": (POINTS, "The index before trading costs."),
    },
    "weights": {
        "date": (DAY, "After the trade at the close of this UTC day; the last day is that of the data."),
        "asset_id": (TEXT, "Stable name of the asset."),
        "weight": (SHARE, "Share of the index, above zero; between two days units are constant, and weights drift."),
    },
    "members": _POSITIONS,
    "trades": _POSITIONS,
    "rebalances": _TRADE
    | {
        "members": (COUNT, "Members after the trade."),
        "added": (COUNT, "Members that came in."),
        "removed": (COUNT, "Members that went."),
        "turnover": (SHARE, "One-sided: half of what was bought and sold."),
        "cost": (SHARE, "Cost of the trade, of the value traded from."),
        "market_value": (USD, "Sum of the market caps that the index stands for, frozen at the trade."),
        "divisor": ("USD per index point", "Market value over level; missing once the level is zero."),
        "level": (POINTS, "Net level at the close, after all trades of the day."),
        "notes": (TEXT, "What the decision fell back on."),
    },
    "decisions": {
        "determination_date": (DAY, "Day at whose close was decided, UTC. Nothing later was known."),
        "effective_date": (DAY, "Day at whose close the decision is traded."),
        "cause": (TEXT, "What called for the decision."),
        "asset_id": (TEXT, "Stable name of the asset that was looked at."),
        "symbol": (TEXT, "Ticker on the last day of the data."),
        "eligible": (FLAG, "Whether it passed every screen."),
        "rank_value": ("that of the measure", "The measure by which it was ranked."),
        "rank": (COUNT, "Place among the eligible, 1 first; missing without one."),
        "incumbent": (FLAG, "Whether it was a member before."),
        "selected": (FLAG, "Whether it was chosen."),
        "reason": (TEXT, "Why it is in or out."),
    },
    "events": {
        "date": (DAY, "Close of this UTC day."),
        "asset_id": (TEXT, "Stable name of the asset; missing where the event concerns all."),
        "event": (TEXT, "What happened."),
        "detail": (TEXT, "The particulars, in words."),
        "effect_bps": (
            "basis points",
            "What it added to the return of the day; missing where that is nothing.",
        ),
    },
    "signals": {
        "date": (DAY, "Day at whose close the call was made, UTC."),
        "asset_id": (TEXT, "Stable name of the asset."),
        "signal": (TEXT, "bullish, neutral or bearish."),
        "score": (SHARE, "Probability less one half."),
        "probability": (SHARE, "That the return over the span of the label is positive."),
        "missing": (COUNT, "Features that the asset lacked."),
    },
    "metrics": {
        "window": (TEXT, "SI: since inception; 1Y: the 365 days to the last one, where there are as many."),
        "benchmark": (TEXT, "What the figure is against; an empty text for the index's own."),
        "metric": (TEXT, "Name of the figure."),
        "value": ("that of the row", "The figure."),
        "lower": ("that of the row", "Lower end of its interval; missing where there is none."),
        "upper": ("that of the row", "Upper end of its interval; missing where there is none."),
        "unit": (TEXT, "fraction (0.05 is 5 %), ratio or days."),
        "convention": (TEXT, "How the figure is defined."),
        "interval_note": (TEXT, "What lower and upper are where they are no confidence interval; else empty."),
    },
    "calendar": {
        "year": ("year", "Calendar year."),
        "month": ("month", "Calendar month, 1 to 12; 0 is the whole year."),
        "series": (TEXT, "Name of the benchmark; an empty text for the index."),
        "return": (SHARE, "Compounded over the days there are; the month and year of the first day only where whole."),
        "active": (SHARE, "Less the first benchmark's over the same time."),
    },
}
"""Column -> unit and meaning, by table, in the order of the columns. Levels of benchmarks and screens come besides."""

_SCREENS = {
    "_value": ("that of the screen", "What was found."),
    "_limit": ("that of the screen", "What was asked for."),
    "_margin": (SHARE, "How far inside the limit, as a share of it; negative where it failed."),
    "_pass": (FLAG, "Whether the screen was passed."),
}
_RAW = {"price", "units", "market_value", "divisor", "rank_value"}


def described(table: str, column: str) -> tuple[str, str]:
    """Unit and meaning of a column.

    Raises
    ------
    KeyError
        If nobody has described it: no column is published without a unit.
    """
    known = COLUMNS[table].get(column)
    if known is not None:
        return known
    if table == "levels":
        return POINTS, f"The benchmark {column} on the scale of the index: both are equal on the benchmark's first day."
    suffix = next(suffix for suffix in _SCREENS if table == "decisions" and column.endswith(suffix))
    unit, words = _SCREENS[suffix]
    return unit, f"Screen {column.removesuffix(suffix)}. {words}"


def is_raw(table: str, column: str) -> bool:
    """Whether a column holds prices, market caps or volumes of single assets, or gives them back with others."""
    return column in _RAW or (table == "decisions" and column.endswith(("_value", "_margin")))


def type_of(column: pd.Series) -> str:
    """Type of a column in one word: date, boolean, integer, number or text."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"
