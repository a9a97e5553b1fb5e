"""What goes wrong on purpose in the simulated market: deaths, gaps, stale prices, a redenomination, a lost peg.

Each function takes the panels by name (arrays of shape (days, assets)) and changes one asset's columns in place; who
suffers what is decided in `universe.py`, and data/README.md lists it for the reader.
"""

from __future__ import annotations

import numpy as np

from research.simulation import universe

Panels = dict[str, np.ndarray]
CANDLE = ("price", "open", "high", "low")

CRASH_LAYER_1 = 0.622  # share of the sample gone by, here and below
CRASH_LAYER_1_FALLS = (-0.12, -0.18, -0.38, -0.93, -0.985, -0.70, 0.60, -0.45)  # simple returns, day by day
CRASH_LAYER_1_ISSUE = (1.0, 1.0, 1.02, 4.0, 700.0, 6.0, 1.0, 1.0)  # supply against the day before
CRASH_LAYER_1_LAST_DAYS = 5  # prints after the crash, then none
CRASH_EXCHANGE = 0.694
CRASH_EXCHANGE_FALLS = (-0.06, -0.24, -0.74, -0.35, 0.22, -0.31, -0.12)
CRASH_EXCHANGE_LAST_DAYS = 280
FADES = (0.13, 0.18, 0.29, 0.50, 0.57, 0.74, 0.83, 0.90)  # one for each asset of universe.FADED
FADE_DAYS, FADE_PER_DAY, FADE_STALE_DAYS = 120, -0.030, 6
REDENOMINATION, RATIO = 0.53, 100.0
LOST_PEG = 0.741
LOST_PEG_LEVELS = (0.968, 0.874, 0.891, 0.943, 0.972, 0.985, 0.996)  # closes in USD, day by day
STALES = (0.24, 0.44, 0.67)  # one for each asset of universe.STALE
STALE_DAYS = 9
SHORT_GAPS_EACH, LONG_GAP_DAYS = 3, (24, 47)
MISPRINTS_EACH = 3
LOST_CAP_DAYS = 20  # the vendor has a price and no cap


def plant(panels: Panels, ids: list[str], rng: np.random.Generator) -> None:
    """Plant all defects, in an order in which none undoes another."""
    days = len(panels["price"])
    column = {asset_id: i for i, asset_id in enumerate(ids)}
    _crash(
        panels,
        column[universe.CRASHED_LAYER_1],
        int(CRASH_LAYER_1 * days),
        CRASH_LAYER_1_FALLS,
        CRASH_LAYER_1_LAST_DAYS,
    )
    _issue(panels, column[universe.CRASHED_LAYER_1], int(CRASH_LAYER_1 * days), CRASH_LAYER_1_ISSUE)
    _crash(
        panels,
        column[universe.CRASHED_EXCHANGE],
        int(CRASH_EXCHANGE * days),
        CRASH_EXCHANGE_FALLS,
        CRASH_EXCHANGE_LAST_DAYS,
    )
    for asset_id, share in zip(universe.FADED, FADES, strict=True):
        _fade(panels, column[asset_id], int(share * days))
    _lose_peg(panels, column[universe.DEPEGGED], int(LOST_PEG * days))
    _redenominate(panels, column[universe.REDENOMINATED], int(REDENOMINATION * days))
    for asset_id, share in zip(universe.STALE, STALES, strict=True):
        _repeat(panels, column[asset_id], int(share * days), STALE_DAYS)
    for asset_id in universe.GAPPED_SHORT:
        for _ in range(SHORT_GAPS_EACH):
            _drop(panels, column[asset_id], int(rng.integers(int(0.8 * days), days - 30)), int(rng.integers(1, 4)))
    for asset_id, length in zip(universe.GAPPED_LONG, LONG_GAP_DAYS, strict=True):
        _drop(panels, column[asset_id], int(rng.integers(int(0.3 * days), int(0.6 * days))), length)
    lost = int(rng.integers(int(0.3 * days), int(0.8 * days)))
    panels["market_cap"][lost : lost + LOST_CAP_DAYS, column[universe.LOST_CAP]] = np.nan


def misprint(panels: Panels, ids: list[str], rng: np.random.Generator) -> None:
    """Zeros where a price or a cap should be: what a vendor prints, and an import quarantines."""
    for name, sufferers in (("price", universe.ZERO_PRICES), ("market_cap", universe.ZERO_CAPS)):
        for asset_id in sufferers:
            column = ids.index(asset_id)
            days = rng.choice(np.flatnonzero(~np.isnan(panels["price"][:, column])), size=MISPRINTS_EACH, replace=False)
            panels[name][days, column] = 0.0


def _scale(panels: Panels, column: int, begin: int, factor: np.ndarray | float, names: tuple[str, ...]) -> None:
    for name in names:
        panels[name][begin:, column] *= factor


def _crash(panels: Panels, column: int, begin: int, falls: tuple[float, ...], last_days: int) -> None:
    """Replace the returns from `begin` by `falls`; rows stop `last_days` after them. Panic keeps volume up."""
    price = panels["price"]
    wanted = price[begin - 1, column] * np.cumprod(1 + np.array(falls))
    rows = slice(begin, begin + len(falls))
    factor = np.ones(len(price) - begin)
    factor[: len(falls)] = wanted / price[rows, column]
    factor[len(falls) :] = factor[len(falls) - 1]
    _scale(panels, column, begin, factor, (*CANDLE, "market_cap"))
    _scale(panels, column, begin, np.sqrt(factor), ("volume",))
    opens = price[begin - 1 : begin + len(falls) - 1, column]
    panels["open"][rows, column] = opens
    panels["high"][rows, column] = np.maximum(panels["high"][rows, column], np.maximum(opens, price[rows, column]))
    panels["low"][rows, column] = np.minimum(panels["low"][rows, column], np.minimum(opens, price[rows, column]))
    _drop(panels, column, begin + len(falls) + last_days, len(price))


def _issue(panels: Panels, column: int, begin: int, steps: tuple[float, ...]) -> None:
    """New supply, day by day; it stays."""
    factor = np.full(len(panels["supply"]) - begin, np.prod(steps))
    factor[: len(steps)] = np.cumprod(steps)
    _scale(panels, column, begin, factor, ("supply", "market_cap"))


def _fade(panels: Panels, column: int, begin: int) -> None:
    """Interest dies: the price falls day by day and volume dries up, the last prints are stale, then the rows stop."""
    factor = np.exp(FADE_PER_DAY * np.arange(1, len(panels["price"]) - begin + 1))
    _scale(panels, column, begin, factor, (*CANDLE, "market_cap"))
    _scale(panels, column, begin, np.square(factor), ("volume",))
    _repeat(panels, column, begin + FADE_DAYS, FADE_STALE_DAYS)
    _drop(panels, column, begin + FADE_DAYS + FADE_STALE_DAYS, len(panels["price"]))


def _lose_peg(panels: Panels, column: int, begin: int) -> None:
    rows = slice(begin, begin + len(LOST_PEG_LEVELS))
    levels = np.array(LOST_PEG_LEVELS)
    opens = np.append(panels["price"][begin - 1, column], levels[:-1])
    panels["market_cap"][rows, column] *= levels / panels["price"][rows, column]
    panels["volume"][rows, column] *= 5
    panels["price"][rows, column], panels["open"][rows, column] = levels, opens
    panels["high"][rows, column] = np.maximum(opens, levels) * 1.004
    panels["low"][rows, column] = np.minimum(opens, levels) * 0.992


def _redenominate(panels: Panels, column: int, begin: int) -> None:
    """A hundred old units become one new one, under the same id: price and supply jump, the cap does not."""
    _scale(panels, column, begin, RATIO, CANDLE)
    _scale(panels, column, begin, 1 / RATIO, ("supply",))


def _repeat(panels: Panels, column: int, begin: int, length: int) -> None:
    """The vendor repeats the last row it had."""
    for name, panel in panels.items():
        panel[begin : begin + length, column] = panels["price" if name in CANDLE else name][begin - 1, column]


def _drop(panels: Panels, column: int, begin: int, length: int) -> None:
    for panel in panels.values():
        panel[begin : begin + length, column] = np.nan
