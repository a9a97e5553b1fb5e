"""What a market says of itself in a notebook."""

from __future__ import annotations

import pandas as pd

from research.cards import Card
from research.formats import format_value
from research.market.manifest import Manifest


def market_card(
    prices: pd.DataFrame, assets: pd.DataFrame, manifest: Manifest, *, panels: list[str], ledger: int
) -> Card:
    """Name, span, size and origin of a market; `ledger` is how many values the import changed or refused."""
    alive = int(prices.iloc[-1].notna().sum())
    last = prices.index[-1]
    return Card(
        title=manifest.name,
        sentences=manifest.caveats,
        facts={
            "Days": f"{format_value(prices.index[0], 'date')} to {format_value(last, 'date')} UTC, "
            f"{format_value(len(prices), 'count')} days",
            "Assets": f"{format_value(len(assets), 'count')}, of which {format_value(alive, 'count')} have a price on "
            "the last day",
            "Panels": ", ".join(panels),
            "Ledger": f"{format_value(ledger, 'count')} values changed or refused on import",
            "Source": manifest.source,
            "Dating": manifest.close_convention,
            "Licence": manifest.licence,
            "Retrieved": manifest.retrieved_at or "not stated",
            "Fingerprint": manifest.fingerprint if manifest.sha256 else "none: made in memory",
        },
        next_steps='market.price("bitcoin")  market.assets  market.tags  market.until("2023-06-30")',
    )
