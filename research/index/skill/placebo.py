"""Would other signals with the same habits have done as well? The index beside placebos that cannot know anything.

Two of them: the same basket with the average invested share all the time, and the index's own signals moved in time.

They are moved in blocks, in random order, and not shifted as a whole: the delays that are long enough are neighbours of
one another, a few independent histories in truth, and the p-value would be too small (measured on calls that last for
weeks: 13 % of markets without any skill fell below 5 %). For calls that were not made from prices, orders of blocks
give 5 %. Calls made from past prices know something of what came in any order but their own (an asset that rose over
the whole history is often called bullish in it), so for those the p-value is too large: small ones can be believed,
large ones say little. The verdict of `signal_review.py` rests on the basket with the average share instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, MethodologyError
from research.evaluation import annualized_volatility, mean_test, returns_from_levels
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.history import IndexHistory
from research.index.skill.replay import Replayed, Timeline, replay, returns_of, timeline
from research.point_in_time.given_tables import SIGNALS
from research.rulebook import Overlay
from research.typing import FloatArray, IntArray

BLOCK = 13
"""Rebalances that are moved together, a quarter of a year: calls within it keep their order."""
FEWEST_BLOCKS = 6
"""With fewer, the orders that there are say nothing at the 5 % level."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Placebos:
    """The index beside its placebos, from the base date to `until`.

    Attributes
    ----------
    levels : DataFrame, days x (index, replay, exposure-matched)
        Net of costs, 1 at the base date: of the engine, of the replay of the true signals, and of the basket with the
        average invested share all the time.
    replay_gap : Series
        How far the replay of the true signals is from the engine: correlation (of daily returns), tracking_error (a
        year) and growth_difference (a year, replay less engine).
    invested_share : float
        Average share of the members.
    exposure_matched : DataFrame, rows gross and net
        `mean_test` of the daily return of the index less that of the basket, before and after the costs of both; value,
        standard_error, lower and upper are for a year (times 365).
    statistic : float
        Information ratio (daily mean / sd) of the index's gross return less that of its own exposure-matched basket.
    moved : ndarray, shape (draws,)
        The same of the index with its signals in other orders.
    p_value : float
        (1 + number of orders that did as well or better) / (1 + draws); NaN with fewer than 6 blocks.
    moved_levels : ndarray, shape (draws, days)
        Net levels with the moved signals.
    moved_turnover : float
        Mean turnover with the moved signals over that with the true ones.
    """

    levels: pd.DataFrame
    replay_gap: pd.Series
    invested_share: float
    exposure_matched: pd.DataFrame
    statistic: float
    moved: FloatArray
    p_value: float
    moved_levels: FloatArray
    moved_turnover: float

    @property
    def moved_ratios(self) -> pd.Series:
        """`moved`, one line for each order."""
        return pd.Series(self.moved, name="information ratio")


def placebos(index: IndexHistory, *, draws: int = 1000, seed: int = 0, until: pd.Timestamp | None = None) -> Placebos:
    """The index's own calls with their quarters in other orders, and a constant share of the same basket.

    A moved history has the same calls on the same assets, and nearly the same turnover: only where two quarters meet is
    there a change that was not. Members without a call on the day that theirs is taken from count as neutral, so each
    history is compared with the basket at its own average invested share, and by an information ratio, before costs.
    What is moved are the calls that scale weights; weights that are themselves made from scores stay as they are.

    Parameters
    ----------
    draws : int
        Orders drawn, each with the same chance.
    until : Timestamp, optional
        Last day looked at: neither prices nor calls after it count.

    Raises
    ------
    MethodologyError
        If the rulebook's overlay follows no signals.
    DataError
        For impossible arguments.
    """
    check_number("draws", draws, DataError, whole=True, at_least=20, at_most=100_000)
    check_number("seed", seed, DataError, whole=True, at_least=0)
    overlay = index.methodology.overlay
    if overlay is None or not overlay.signals or index.source.signals is None:
        raise MethodologyError(f"{index.methodology.name} follows no signals: there is nothing to be judged.")
    line = timeline(index, until=until)
    multiples = _multiples(line, overlay)
    moved, ratios = in_other_orders(line, overlay, multiples, draws=draws, seed=seed)
    share = float(moved.invested[0].mean())
    constant = replay(line, lambda number: (share * line.base[number] / line.base[number].sum())[None])
    levels = pd.DataFrame(
        {
            "index": (index.level / index.level.iloc[0]).reindex(line.dates),
            "replay": moved.net[0],
            "exposure-matched": constant.net[0],
        }
    )
    returns = returns_from_levels(levels)
    before = returns_from_levels(
        pd.DataFrame({"index": index.gross_level.reindex(line.dates), "exposure-matched": constant.gross[0]})
    )
    pairs = {"gross": before, "net": returns}
    tests = pd.DataFrame({name: mean_test(pair["index"] - pair["exposure-matched"]) for name, pair in pairs.items()}).T
    tests[["value", "standard_error", "lower", "upper"]] *= DAYS_PER_YEAR
    others = ratios[1:]
    p_value = (1 + int((others >= ratios[0]).sum())) / (1 + draws)
    return Placebos(
        levels=levels,
        replay_gap=_gap(returns),
        invested_share=share,
        exposure_matched=tests,
        statistic=float(ratios[0]),
        moved=others,
        p_value=p_value if line.trades // BLOCK >= FEWEST_BLOCKS else float("nan"),
        moved_levels=moved.net[1:],
        moved_turnover=float(moved.turnover[1:].mean() / moved.turnover[0]) if moved.turnover[0] > 0 else float("nan"),
    )


def in_other_orders(
    line: Timeline, overlay: Overlay, multiples: FloatArray, *, draws: int, seed: int
) -> tuple[Replayed, FloatArray]:
    """Replays of `multiples` (shape (K, n)) as they are and in other orders, and the information ratio of each."""
    moved = _replayed(line, overlay, _orders(line.trades, draws, seed), multiples)
    basket = _replayed(line, overlay, np.arange(line.trades)[None], np.ones_like(multiples))
    return moved, _information_ratios(line, moved, basket)


def _orders(trades: int, draws: int, seed: int) -> IntArray:
    """From which rebalance each takes its calls, the true order first; shape (1 + draws, trades)."""
    rng = np.random.default_rng(seed)
    blocks = np.array_split(np.arange(trades), max(trades // BLOCK, 1))
    drawn = [np.concatenate([blocks[place] for place in rng.permutation(len(blocks))]) for _ in range(draws)]
    return np.array([np.arange(trades), *drawn])


def _multiples(line: Timeline, overlay: Overlay) -> FloatArray:
    """What the latest fresh signal makes of each asset's weight at each determination, shape (K, n)."""
    words = np.array([d.view.latest_signals(overlay.max_signal_age_days + 1)[line.assets] for d in line.decisions])
    sizes = np.array([getattr(overlay, name) for name in SIGNALS])
    return np.where(words >= 0, sizes[words], overlay.neutral)


def _replayed(line: Timeline, overlay: Overlay, orders: IntArray, multiples: FloatArray) -> Replayed:
    spread = overlay.mode == "fully_invested"

    def targets(number: int) -> FloatArray:
        base = line.base[number]
        scaled = base * multiples[orders[:, number]]
        if spread:
            left = scaled.sum(axis=1, keepdims=True)
            scaled = np.where(left > 0, scaled / np.where(left > 0, left, 1.0) * base.sum(), scaled)
        return np.asarray(scaled * line.exposure[number])

    return replay(line, targets, min_trade=overlay.min_trade, max_turnover=overlay.max_turnover)


def _information_ratios(line: Timeline, moved: Replayed, basket: Replayed) -> FloatArray:
    own, whole, leg = returns_of(moved.gross), returns_of(basket.gross), returns_of(line.leg[None])
    share = moved.invested.mean(axis=1, keepdims=True) / basket.invested.mean()
    active = own - share * whole - (1.0 - share) * leg
    deviation = active.std(axis=1, ddof=1)
    return np.where(deviation > 0, active.mean(axis=1) / np.where(deviation > 0, deviation, 1.0), 0.0)


def _gap(returns: pd.DataFrame) -> pd.Series:
    difference = returns["replay"] - returns["index"]
    years = len(returns) / DAYS_PER_YEAR
    growth = np.log1p(returns[["replay", "index"]]).sum() / years
    return pd.Series(
        {
            "correlation": returns["replay"].corr(returns["index"]),
            "tracking_error": annualized_volatility(difference),
            "growth_difference": float(np.expm1(growth["replay"]) - np.expm1(growth["index"])),
        }
    )
