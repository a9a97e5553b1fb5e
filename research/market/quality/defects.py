"""Every rule asked, and one table of what they found: see `find_defects`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from research.market.data import MarketData
from research.market.quality.consistency import bars, caps_against_supply, thin_caps
from research.market.quality.coverage import missing_days, missing_prices, outages, repeated_values
from research.market.quality.dating import bitcoin_of, known_closes, misdated_caps, misdated_prices
from research.market.quality.jumps import price_jumps, supply_jumps
from research.market.quality.prints import Found, Prints
from research.market.tables import DAY, empty_table

MARKET: Final = "*"  # the asset_id of a finding on all assets at once
FINDING_TYPES: Final = {
    "date": DAY,
    "asset_id": "str",
    "field": "str",
    "rule": "str",
    "value": "float64",
    "expected": "float64",
    "evidence": "str",
    "action": "str",
    "later": "str",
    "later_date": DAY,
}


def find_defects(market: MarketData, *, reference: pd.Series | None = None) -> pd.DataFrame:
    """What is doubtful in a market, by rules that look backwards alone.

    The findings of `market.until(t)` are those dated t or earlier; `later` and `later_date` are then what was known
    at t. Nothing is changed in the market.

    Parameters
    ----------
    reference : Series, optional
        Daily closes of a series whose dating is right, to hold all assets against; bitcoin of the market itself
        otherwise (the asset_id `bitcoin`, else the first listed with the symbol BTC).

    Returns
    -------
    DataFrame, by date, asset_id and rule
        date (the day on which it could be known), asset_id ("*": the whole market), field, rule (str);
        value, expected (float: what is there and what was expected, NaN where there is none); evidence (str);
        action ("noted"); later (str: "confirmed" where the next value stayed or nothing can undo it, "discarded" where
        it went back, "ended" where a stretch of days is over, "open" until then) and later_date (the day that said so,
        NaT while open).
    """
    prints = Prints.of(market)
    if not len(prints.days):
        return empty_table(FINDING_TYPES)
    bitcoin = bitcoin_of(market.assets)
    found = [
        *price_jumps(prints),
        *supply_jumps(prints),
        *repeated_values(prints),
        *missing_prices(prints),
        *missing_days(prints),
        *outages(prints),
        *bars(prints),
        *caps_against_supply(prints),
        *thin_caps(prints),
        *misdated_prices(prints, reference, bitcoin),
        *misdated_caps(prints),
        *known_closes(prints, bitcoin),
    ]
    parts = [_table(part, prints) for part in found if len(part.rows)]
    table = pd.concat([empty_table(FINDING_TYPES), *parts], ignore_index=True) if parts else empty_table(FINDING_TYPES)
    return table.sort_values(["date", "asset_id", "rule", "field"], ignore_index=True)


def _table(found: Found, prints: Prints) -> pd.DataFrame:
    ids = np.append(prints.ids.to_numpy(dtype=object), MARKET)
    days = np.append(prints.dates.to_numpy(), np.datetime64("NaT"))
    columns = {
        "date": days[found.rows],
        "asset_id": ids[found.columns],
        "field": found.field,
        "rule": found.rule,
        "value": found.value,
        "expected": found.expected,
        "evidence": found.evidence,
        "action": "noted",
        "later": found.later,
        "later_date": days[found.later_rows],
    }
    return pd.DataFrame(columns).astype(FINDING_TYPES)
