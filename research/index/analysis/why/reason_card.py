"""The reason card of one asset in words, the same in a notebook's cell and on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from research.formats import format_value

SCREENS: Mapping[str, tuple[str, str, str]] = {
    "price_today": ("price on the day, USD", "number", "there"),
    "market_cap_today": ("market cap on the day, USD", "usd", "there"),
    "exclude_tags": ("tag that excludes it", "text", "none of"),
    "include_tags": ("tag that includes it", "text", "one of"),
    "min_history_days": ("days since the first price", "count", "at least"),
    "min_valid_share": ("share of days with data", "percent", "at least"),
    "min_market_cap": ("market cap, USD", "usd", "at least"),
    "min_volume": ("median traded value a day over 30 days, USD", "usd", "at least"),
    "min_turnover": ("traded value a day over market cap", "fine percent", "at least"),
    "max_turnover": ("traded value a day over market cap", "fine percent", "at most"),
    "min_volume_quantile": ("mean traded value a day over 30 days, USD", "usd", "at least"),
    "max_stale_days": ("identical closes in a row", "count", "at most"),
    "max_supply_jump": ("largest change of the log supply in a week", "ratio", "at most"),
    "exclude_pegged": ("distance from a peg, in bounds of the test", "ratio", "at least"),
    "exclude_copies_of": ("distance from the original, in bounds of the test", "ratio", "at least"),
}
"""Each screen of the engine: what it looks at, how that is printed, and how its limit reads."""


_STEPS = {"raw": "by market cap", "tilt": "weighting scheme"}


def screens_in_words(screens: pd.DataFrame) -> pd.DataFrame:
    """`Explanation.screens` as text. Columns: screen, value, limit, margin (str), passed (bool)."""
    rows = [_screen(str(name), row) for name, row in screens.iterrows()]
    return pd.DataFrame(rows, columns=["screen", "value", "limit", "margin", "passed"])


def _screen(name: str, row: pd.Series) -> tuple[str, str, str, str, bool]:
    what, kind, sense = SCREENS.get(name, (name.replace("_", " "), "number", ""))
    if sense == "there":
        return what, format_value(row["value"], kind), sense, format_value(None, kind), row["passed"]
    value = row["value"] if row["value"] != "" else None
    if isinstance(value, float) and math.isinf(value):  # the distance of an asset that has no other to compare with
        return what, "nothing to compare with", "", format_value(None, kind), row["passed"]
    limit = f"{sense} {format_value(row['limit'], kind)}".strip()
    return what, format_value(value, kind), limit, _margin(row["margin"]), row["passed"]


def _margin(share: float) -> str:
    """A share of the limit; a large one as a multiple: millions of per cent cannot be read."""
    large = share >= 10
    return f"{format_value(share, 'count')} times" if large else format_value(share, "change")


def waterfall_in_words(waterfall: pd.Series) -> pd.DataFrame:
    """`Explanation.waterfall` as text. Columns: step, weight: that at the start and the end, changes between."""
    steps = [(str(step), float(share)) for step, share in zip(waterfall.index, waterfall, strict=True)]
    rows = [(_STEPS.get(step, step), _step(step, share)) for step, share in steps]
    return pd.DataFrame(rows, columns=["step", "weight"])


def _step(step: str, share: float) -> str:
    """A weight where the steps begin and end, a change between."""
    return format_value(share, "fine percent" if step in ("raw", "final") else "fine change")
