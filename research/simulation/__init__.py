"""A seeded market that never existed, with the properties and the defects of real ones.

`universe.py` says who trades, `paths.py` draws prices, `defects.py` breaks them on purpose; here the parts become a
`MarketData` and the committed snapshot data/sample. Everything made from it says SIMULATED.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from research.market.data import MarketData, days_between
from research.market.imports.cleaning import checks
from research.market.imports.cleaning.clean_rows import written
from research.market.manifest import Manifest
from research.market.snapshots.load import write_market
from research.market.tables import LEDGER_TYPES, TAG_TYPES
from research.simulation import universe
from research.simulation.defects import misprint, plant
from research.simulation.paths import simulate_paths
from research.simulation.universe import Asset, simulated_assets

__all__ = ["simulate_market", "write_sample"]

SEED = 33
START, END = pd.Timestamp("2018-01-01"), pd.Timestamp("2024-12-31")
DIGITS = 20  # binary digits kept of every value: six decimal ones

MANIFEST = Manifest(
    name="SIMULATED sample market",
    source="research.simulation: drawn by a random number generator; no price in it was ever paid",
    retrieved_at="2025-01-01T00:00:00Z",
    licence="that of this project",
    close_convention="a price dated D is the close of UTC day D; nothing was shifted",
    simulated=True,
    caveats=(
        "SIMULATED: bitcoin, ethereum and the like stand for the roles that these tokens play, not for their history.",
        "Defects are planted on purpose; data/README.md lists them.",
        "Trends are planted too: drifts last for months, eight assets die slowly, one runs up. A rule that follows "
        "them succeeds here by construction, which says nothing about real markets.",
    ),
)


def simulate_market(*, seed: int = SEED) -> MarketData:
    """Draw a market of about 100 assets from 2018-01-01 to 2024-12-31.

    Parameters
    ----------
    seed : int
        Seeds every random stream; the same seed gives the same market.

    Returns
    -------
    MarketData
        Prices, caps (USD) and volumes (USD per day), with the extra panels open, high, low (USD) and supply (units).
        Values carry 20 binary digits (six decimal ones).
    """
    everyone = simulated_assets()
    days = days_between(START, END)
    panels = _panels(everyone, len(days), seed)
    columns = pd.Index([asset.asset_id for asset in everyone], name="asset_id")
    frames = {name: pd.DataFrame(_rounded(values), days, columns).sort_index(axis=1) for name, values in panels.items()}
    ledger = _quarantine(frames)
    assets = _assets(everyone, frames["price"])
    return MarketData(
        prices=frames.pop("price"),
        market_caps=frames.pop("market_cap"),
        volumes=frames.pop("volume"),
        extra=frames,
        assets=assets,
        tags=_tags(everyone, assets),
        ledger=ledger,
        manifest=MANIFEST,
    )


def write_sample(out: str | Path, *, replace: bool = False) -> Manifest:
    """Write the committed sample, `simulate_market()`, as a snapshot in the folder `out`: all of it, or nothing.

    Raises
    ------
    DataError
        If `out` is there and no snapshot, or is one and `replace` is not said.
    """
    return write_market(simulate_market(), out, replace=replace)


def _panels(everyone: list[Asset], days: int, seed: int) -> dict[str, np.ndarray]:
    paths = simulate_paths(everyone, days, seed)
    panels = {
        "price": paths.close,
        "open": paths.open,
        "high": paths.high,
        "low": paths.low,
        "market_cap": paths.close * paths.supply,
        "volume": paths.volume,
        "supply": paths.supply,
    }
    for panel in panels.values():
        panel[~paths.listed] = np.nan
    ids = [asset.asset_id for asset in everyone]
    plant(panels, ids, np.random.default_rng([seed, 1]))
    misprint(panels, ids, np.random.default_rng([seed, 2]))
    return panels


def _quarantine(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Do with the misprints what an import does (`market/imports/cleaning/checks.py`), in place; return the ledger."""
    suspects = (frames["price"] <= 0) | (frames["market_cap"] <= 0)
    rows, columns = np.nonzero(suspects.to_numpy())
    cells = {name: frames[name].to_numpy()[rows, columns] for name in ("price", "market_cap", "volume")}
    lines = [
        pd.DataFrame(
            {
                "date": suspects.index[rows[note.rows]],
                "asset_id": suspects.columns[columns[note.rows]],
                "field": note.field,
                "rule": note.rule,
                "old": written(note.old).to_pylist(),
                "new": None,
            }
        )
        for note in checks.set_impossible_values_missing(cells, np.ones(len(rows), dtype=bool))
    ]
    for name, checked in cells.items():
        values = frames[name].to_numpy(copy=True)
        values[rows, columns] = checked
        frames[name] = pd.DataFrame(values, suspects.index, suspects.columns)
    ledger = pd.concat(lines).astype(LEDGER_TYPES)
    return ledger.sort_values(["date", "asset_id", "field"]).reset_index(drop=True)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Keep `DIGITS` of each value: what a vendor's figure is worth, and what compresses well."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, DIGITS)), exponent - DIGITS))


def _assets(everyone: list[Asset], prices: pd.DataFrame) -> pd.DataFrame:
    known = prices.notna()
    by_id = {asset.asset_id: asset for asset in everyone}
    return pd.DataFrame(
        {
            "asset_id": prices.columns,
            "symbol": [by_id[asset_id].symbol for asset_id in prices.columns],
            "name": [by_id[asset_id].name for asset_id in prices.columns],
            "first_date": known.idxmax().to_numpy(),
            "last_date": known.iloc[::-1].idxmax().to_numpy(),
        }
    )


def _tags(everyone: list[Asset], assets: pd.DataFrame) -> pd.DataFrame:
    """Tags are known from the listing on, except where the story says otherwise."""
    first = assets.set_index("asset_id")["first_date"]
    rows = []
    for asset in sorted(everyone, key=lambda asset: asset.asset_id):
        static = asset.tag in universe.STATIC_TAGS
        known_from = (
            universe.AI_NARRATIVE if asset.asset_id == universe.RETAGGED_AS_AI else str(first[asset.asset_id].date())
        )
        rows.append((asset.asset_id, asset.tag, pd.NaT if static else pd.Timestamp(known_from), static))
    return pd.DataFrame(rows, columns=list(TAG_TYPES)).astype(TAG_TYPES)


def __dir__() -> list[str]:
    return __all__
