"""Markets on which weights have closed forms, and the sizes that a scheme gives on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.linalg import hadamard

from research.index.weighting import Sizes, member_sizes
from research.market import MarketData
from research.point_in_time.view import PointInTime
from research.rulebook import Weighting

DAYS = 81
FIRST = pd.Timestamp("2021-01-01")


def panel(rows: int, columns: dict[str, np.ndarray | float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.date_range(FIRST, periods=rows))


def patterned(volatility: list[float], mean: float = 0.0) -> np.ndarray:
    """80 returns per asset, uncorrelated in the sample: each of mean `mean` and of the sample deviation asked for."""
    signs = np.tile(hadamard(8)[1 : len(volatility) + 1].T, (10, 1))
    return mean + signs * np.array(volatility) * np.sqrt(79 / 80)


def prices_of(returns: np.ndarray) -> np.ndarray:
    return 100 * np.vstack([np.ones(returns.shape[1]), np.cumprod(1 + returns, axis=0)])


def market_of(prices: np.ndarray, caps: list[float] | None = None, **more: pd.DataFrame) -> MarketData:
    names = [f"asset-{number}" for number in range(prices.shape[1])]
    index = pd.date_range(FIRST, periods=len(prices))
    frame = pd.DataFrame(prices, index, names)
    cap = frame if caps is None else pd.DataFrame(np.tile(caps, (len(prices), 1)), index, names)
    return MarketData.from_panels(frame, cap, more.pop("volumes", frame), **more)  # type: ignore[arg-type]


def sizes_of(market: MarketData, row: int = -1, **rule: object) -> Sizes:
    source = PointInTime(market, signals=rule.pop("signals", None))  # type: ignore[arg-type]
    view = source.at(range(len(source.dates))[row])
    votes = rule.pop("votes", None)
    return member_sizes(view, Weighting(**rule), np.arange(len(view.assets)), votes=votes)  # type: ignore[arg-type]


def shares(sizes: Sizes) -> np.ndarray:
    values = np.asarray(sizes.values)
    return values / values.sum()


RISKY = [0.01, 0.01, 0.02, 0.04]  # the two lowest are equal, so the floor (their level) changes nothing
