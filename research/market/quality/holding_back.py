"""Values set missing because a rule doubts them: what a profile or a researcher asks for, never the default.

A value is held back on what its own day shows, whatever later days say of it: a price that turns out to be right is
missing on its first day and there from the second on. What is held back is a line of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from research.errors import DataError, suggest
from research.market.data import MarketData
from research.market.quality.consistency import bars, caps_against_supply
from research.market.quality.coverage import repeated_values
from research.market.quality.jumps import price_jumps, supply_jumps
from research.market.quality.prints import Found, Prints
from research.market.tables import DAY, LEDGER_TYPES
from research.typing import BoolArray

# What is missing then. A cap follows its price: nothing is left to check it against. Rules that look at several assets
# at once are left to the screens of an index: an import reads some assets at a time.
HOLDABLE = {
    "price jump": ("price", "market_cap"),
    "unit jump": ("price", "market_cap"),
    "supply jump": ("market_cap",),
    "repeated row": ("price", "market_cap", "volume"),
    "stale price": ("price", "market_cap"),
    "high too low": ("high",),
    "low too high": ("low",),
    "cap is not price x supply": ("market_cap",),
}
_FINDERS: dict[Callable[[Prints], list[Found]], tuple[str, ...]] = {
    price_jumps: ("price jump", "unit jump"),
    supply_jumps: ("supply jump",),
    repeated_values: ("repeated row", "stale price"),
    bars: ("high too low", "low too high"),
    caps_against_supply: ("cap is not price x supply",),
}


def check_holdable(rules: Sequence[str], where: str) -> None:
    """DataError if a name is no rule whose values can be held back."""
    for rule in rules:
        if rule not in HOLDABLE:
            raise DataError(f"{where}: {rule!r} is no rule that can hold a value back: {suggest(rule, HOLDABLE)}")


def held_values(prints: Prints, rules: Sequence[str]) -> Iterator[tuple[str, str, BoolArray]]:
    """Rule, field and where, shape (days, assets), of every value that these rules hold back.

    A stretch of days (repeated rows, say) is held back to its end: each of its days shows it.
    """
    for finder, names in _FINDERS.items():
        if set(names) & set(rules):
            for found in finder(prints):
                if found.rule in rules:
                    mask = _days_of(found, prints)
                    yield from (
                        (found.rule, field, mask & ~np.isnan(prints[field]))
                        for field in HOLDABLE[found.rule]
                        if field in prints.panels
                    )


def _days_of(found: Found, prints: Prints) -> BoolArray:
    """The day of each finding; of a stretch all days before the one on which it is over."""
    mask = np.zeros(prints.priced.shape, dtype=bool)
    ends = {"ended": found.later_rows, "open": np.full(len(found.rows), len(mask))}  # an open jump is the last print
    for place, (row, column, later) in enumerate(zip(found.rows, found.columns, found.later, strict=True)):
        mask[row : ends[later][place] if later in ends else row + 1, column] = True
    return mask


def hold_back(market: MarketData, rules: Sequence[str]) -> MarketData:
    """The market without the values that these rules doubt, which become lines of its ledger.

    Parameters
    ----------
    rules : sequence of str
        Of `HOLDABLE`.

    Raises
    ------
    DataError
        If a name is none of them.
    """
    check_holdable(rules, "hold_back")
    prints = Prints.of(market)
    panels = {name: panel.copy() for name, panel in prints.panels.items()}
    lines = []
    for rule, field, mask in held_values(prints, rules):
        rows, columns = np.nonzero(mask & ~np.isnan(panels[field]))
        lines.append(
            pd.DataFrame(
                {
                    "date": prints.dates[rows],
                    "asset_id": prints.ids[columns],
                    "field": field,
                    "rule": f"held back: {rule}",
                    "old": [repr(value) for value in panels[field][rows, columns].tolist()],
                    "new": None,
                }
            ).astype(LEDGER_TYPES)
        )
        panels[field][mask] = np.nan
    frames = {
        name: pd.DataFrame(values, prints.dates, prints.ids).reindex(market.dates) for name, values in panels.items()
    }
    prices = frames.pop("price")
    last = prices.notna().iloc[::-1].idxmax().where(prices.notna().any()).reset_index(drop=True)
    return replace(
        market,
        prices=prices,
        market_caps=frames.pop("market_cap"),
        volumes=frames.pop("volume"),
        extra=frames,
        assets=market.assets.assign(last_date=last.fillna(market.assets["last_date"]).astype(DAY)),
        ledger=pd.concat([market.ledger, *lines]).sort_values(["date", "asset_id"], kind="stable", ignore_index=True),
    )
