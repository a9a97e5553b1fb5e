"""Series that are dated a day late or early, by their correlation with one that is not, or by closes that are known.

Inside a market a whole file that is dated a day late looks right: there the closes of bitcoin on days of large moves
tell, or a series of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import bottleneck
import numpy as np
import pandas as pd

from research.market.quality.prints import Found, Prints, beginnings, places_of, trailing
from research.typing import BoolArray, FloatArray

BITCOIN, BITCOIN_SYMBOL = "bitcoin", "BTC"
WINDOW, FEWEST = 180, 90  # prints
LEAST_CORRELATION, LEAST_LEAD = 0.5, 0.3  # the second is four standard errors of a correlation over 180 days
LEAST_VARIANCE = 1e-8  # of daily returns: what stands still moves with nothing
SAME_CLOSE = 0.04  # log: what vendors differ by on a day of large moves

# Closes of bitcoin (USD, end of the UTC day) on days on which it moved by more than 15 %, and of the day before.
# Several vendors print them within 4 %; tests hold them against the files of ../shared/market.
KNOWN_CLOSES = {
    "2015-01-14": (178.1, 223.9),
    "2017-09-14": (3_155.0, 3_882.6),
    "2018-02-05": (6_955.3, 8_277.0),
    "2020-03-12": (4_970.8, 7_911.4),
    "2022-06-13": (22_487.4, 26_762.6),
    "2022-11-09": (15_880.8, 18_541.3),
}


def bitcoin_of(assets: pd.DataFrame) -> str | None:
    """The asset_id of bitcoin: `bitcoin`, else the asset with the symbol BTC that was listed first; None without one.

    The first, not the only one: a namesake that is listed later must change nothing that was found before.
    """
    if (assets["asset_id"] == BITCOIN).any():
        return BITCOIN
    named = assets[assets["symbol"].str.upper() == BITCOIN_SYMBOL]
    first = named.loc[named["first_date"] == named["first_date"].min(), "asset_id"]
    return str(first.iloc[0]) if len(first) == 1 else None


def misdated_prices(prints: Prints, reference: pd.Series | None, bitcoin: str | None) -> list[Found]:
    """Assets whose returns are those of bitcoin (or of the reference) a day before or after, not of the day."""
    if reference is None:
        if bitcoin is None:
            return []
        values = prints["price"][:, _column(prints, bitcoin)]
    else:
        values = reference.reindex(prints.dates).to_numpy(dtype=float)
    theirs = _returns(prints, np.where(values > 0, values, np.nan)[:, None])
    ours = _returns(prints, prints["price"])
    words = "the reference" if reference is not None else BITCOIN
    return [_misdated("price", words, prints, ours, np.broadcast_to(theirs, ours.shape))]


def misdated_caps(prints: Prints) -> list[Found]:
    """Assets whose caps move as their prices did a day before or after."""
    ours, theirs = _returns(prints, prints["market_cap"]), _returns(prints, prints["price"])
    return [_misdated("market_cap", "its own price", prints, ours, theirs)]


def known_closes(prints: Prints, bitcoin: str | None) -> list[Found]:
    """Two known closes of bitcoin, before and after a large move, that stand one day later here."""
    if bitcoin is None:
        return []
    column = _column(prints, bitcoin)
    rows, values, closes, evidence = [], [], [], []
    for day, (close, before) in KNOWN_CLOSES.items():
        today, tomorrow = pd.Timestamp(day), pd.Timestamp(day) + pd.Timedelta(days=1)
        places = prints.dates.get_indexer(pd.DatetimeIndex([today, tomorrow]))
        if (places < 0).any():
            continue
        first, second = prints["price"][places, column]
        if abs(np.log(first / before)) < SAME_CLOSE and abs(np.log(second / close)) < SAME_CLOSE:
            rows.append(int(places[1]))
            values.append(float(second))
            closes.append(float(first))
            evidence.append(
                f"bitcoin closed at {before:,.1f} on the day before {day} and at {close:,.1f} on it; here {first:,.1f} "
                f"and {second:,.1f} stand one day later: the market is dated a day late"
            )
    return [
        Found(
            rule="dated a day late",
            field="price",
            rows=np.array(rows, dtype=np.int64),
            columns=np.full(len(rows), column, dtype=np.int64),
            value=np.array(values),
            expected=np.array(closes),
            evidence=evidence,
            later=["confirmed"] * len(rows),
            later_rows=np.array(rows, dtype=np.int64),
        )
    ]


def _misdated(field: str, words: str, prints: Prints, ours: FloatArray, theirs: FloatArray) -> Found:
    same = _correlation(ours, theirs)
    late = _correlation(ours[1:], theirs[:-1])
    early = _correlation(ours[:-1], theirs[1:])
    shifted = [np.vstack([np.full((1, ours.shape[1]), np.nan), part]) for part in (late, early)]
    best = np.fmax(*shifted)
    off = (best > LEAST_CORRELATION) & (best > same + LEAST_LEAD)
    measured = ~np.isnan(same) & ~np.isnan(best)
    where = places_of(beginnings(off, measured))
    is_late = shifted[0][where] >= shifted[1][where]
    return Found.stretches(
        "dated a day off",
        field,
        where,
        measured & ~off,
        value=prints[field][where],
        expected=np.full(len(where[0]), np.nan),
        evidence=list(_words(words, is_late, best[where], same[where])),
    )


def _words(reference: str, late: BoolArray, best: FloatArray, same: FloatArray) -> Iterator[str]:
    for is_late, there, here in zip(late.tolist(), best.tolist(), same.tolist(), strict=True):
        when = "day before" if is_late else "day after"
        yield (
            f"moves as {reference} did the {when} (correlation {there:.2f}, on the same day {here:.2f}): dated a day "
            f"{'late' if is_late else 'early'}"
        )


def _returns(prints: Prints, values: FloatArray) -> FloatArray:
    """Log returns from one day to the next; NaN across gaps."""
    returns = np.full(values.shape, np.nan)
    returns[1:] = np.diff(np.log(values), axis=0)
    returns[1:][np.diff(prints.days) != 1] = np.nan
    clipped: FloatArray = np.clip(returns, -1.0, 1.0)  # one wrong print decides no correlation
    return clipped


def _column(prints: Prints, asset: str) -> int:
    return int(prints.ids.get_indexer(pd.Index([asset]))[0])


def _correlation(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Trailing correlation of two panels, over the days that both have; NaN over fewer than 90 of 180 days."""
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    x, y = np.where(both, ours, 0.0), np.where(both, theirs, 0.0)
    count, sx, sy, sxx, syy, sxy = (
        trailing(bottleneck.move_sum, part, WINDOW, 1) for part in (both.astype(float), x, y, x * x, y * y, x * y)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        vx, vy = sxx / count - (sx / count) ** 2, syy / count - (sy / count) ** 2
        cross = sxy / count - sx * sy / count**2
        found: FloatArray = cross / np.sqrt(vx * vy)
    return np.where((count >= FEWEST) & (np.minimum(vx, vy) > LEAST_VARIANCE), found, np.nan)
