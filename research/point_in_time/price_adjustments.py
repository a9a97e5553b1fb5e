"""Adjusted prices: redenominations and migrations applied, redenominations proposed, outlier prints held back.

Prices are kept in the unit in which an asset was first listed. From the day of a redenomination or migration on they
are multiplied by its ratio (new units per old one), so that a unit of the index stays what it was. Rows before the day
are not touched: nothing is known before it happens. What is less than evident is only proposed; a person confirms.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData
from research.market.imports.cleaning.identities import COLUMNS
from research.market.quality import HeldBack, quarantine
from research.point_in_time.corporate_actions import MIGRATION_COLUMNS, NOT_LISTED, Conversion
from research.point_in_time.evident_redenominations import JUMP, evident_redenominations
from research.typing import FloatArray

PRICES = ("price", "open", "high", "low")
CAP_BAND = (0.5, 2.0)
VOLUME_BAND = (0.1, 10.0)


def adjusted_panels(
    market: MarketData, conversions: list[Conversion], outlier_jump: float | None
) -> tuple[dict[str, FloatArray], list[HeldBack]]:
    """Every panel of the market by name, with conversions applied and outlier prints held back; and those prints.

    A cap follows its price: it was made from the print that is doubted, and would rank and weigh by it.
    """
    panels = convert_panels({name: panel.to_numpy() for name, panel in market.panels.items()}, conversions)
    if outlier_jump is None:
        return panels, []
    prices, held_back = quarantine(panels["price"], outlier_jump)
    if not held_back:
        return panels, []
    rows, assets = (np.array([getattr(print_, name) for print_ in held_back]) for name in ("row", "asset"))
    caps = panels["market_cap"].copy()
    caps[rows, assets] = np.nan
    return panels | {"price": prices, "market_cap": caps}, held_back


def convert_panels(panels: dict[str, FloatArray], conversions: list[Conversion]) -> dict[str, FloatArray]:
    """The panels with every conversion applied from its row on; panels that do not change are not copied.

    Prices (price, open, high, low) are continued in the old unit; caps and volumes of a new id become those of the
    old one. The new id's own columns end with the day of the migration: both legs are one asset afterwards.
    """
    if not conversions:
        return panels
    moves = any(step.new != step.old for step in conversions)
    result = {name: panel.copy() if moves or name in PRICES else panel for name, panel in panels.items()}
    unit = np.ones(next(iter(panels.values())).shape[1])  # units quoted now per unit at listing, by asset
    for conversion in conversions:
        row, old, new = conversion.row, conversion.old, conversion.new
        unit[old] *= conversion.ratio
        for name, panel in result.items():
            is_price = name in PRICES
            if new == old:
                if is_price:
                    panel[row:, old] *= conversion.ratio
            elif new == NOT_LISTED:
                panel[row:, old] = np.nan
            else:
                whole = unit[old] if is_price else 1.0
                panel[row:, old] = panels[name][row:, new] * whole
                printed = panels[name][: row + 1, new]
                if name == "price" and np.isnan(printed[-1]) and not np.isnan(printed).all():
                    # the exchange is by the ratio: without a price of the new id today, at its last one
                    panel[row, old] = printed[~np.isnan(printed)][-1] * whole
                panel[row + 1 :, new] = np.nan
    return result


def propose_unit_decisions(market: MarketData) -> pd.DataFrame:
    """What `propose_redenominations` finds, as lines of a table of identities (`imports/cleaning/identities.py`)."""
    lines = [
        {
            "from": f"{line.date:%Y-%m-%d}",
            "asset_id": line.asset_id,
            "ratio": line.ratio,
            "kind": "redenomination",
            "note": f"price x{line.jump:.4g}, {line.evidence}"
            + (": evident, taken up by default" if line.evident else ""),
        }
        for line in propose_redenominations(market).itertuples(index=False)
    ]
    return pd.DataFrame(lines, columns=COLUMNS).fillna("")


def propose_redenominations(market: MarketData) -> pd.DataFrame:
    """Days on which a price jumped by a factor of 5 or more while the market cap did not: ratios to be confirmed.

    Where there is no market cap, USD volume takes its place, compared with its median of 30 days, within a factor of
    10: a weaker sign, for trading often stops and comes back with a rush. Nothing is applied here; those that are
    `evident` are by default, when an index is built.

    Returns
    -------
    DataFrame
        date, asset_id, new_asset_id, ratio (new units per old: the inverse of the jump), jump (price today over the
        last one), evidence (what stayed in place, and how it moved), evident (bool): the columns that `migrations`
        takes, and more.
    """
    evident = {(step.row, step.old) for step in evident_redenominations(market, [])}
    prices = market.prices.ffill()
    jump = (prices / prices.shift()).where(market.prices.notna())
    factors = jump.to_numpy()
    proposals = []
    for row, column in np.argwhere((factors >= JUMP) | (factors <= 1 / JUMP)).tolist():
        asset = str(prices.columns[column])
        for panel, word in ((market.market_caps, "market cap"), (market.volumes, "volume")):
            values = panel[asset]
            before, after = values.iloc[max(0, row - 30) : row].dropna(), values.iloc[row : row + 1].dropna()
            if len(before) and len(after):
                reference = before.iloc[-1] if word == "market cap" else before.median()
                change = after.iloc[0] / reference
                low, high = CAP_BAND if word == "market cap" else VOLUME_BAND
                if low <= change <= high:
                    factor = float(factors[row, column])
                    proposals.append(
                        {
                            "date": market.dates[row],
                            "asset_id": asset,
                            "new_asset_id": asset,
                            "ratio": 1.0 / factor,
                            "jump": factor,
                            "evidence": f"{word} x{change:.2f}",
                            "evident": (row, column) in evident,
                        }
                    )
                break
    return pd.DataFrame(proposals, columns=[*MIGRATION_COLUMNS, "jump", "evidence", "evident"])
