"""What a decision is, and what it is taken from besides the market: the state of the index at that close."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from research.point_in_time.screens import Screen
from research.point_in_time.view import MarketView
from research.typing import BoolArray, FloatArray, IntArray

Cause = Literal["initial", "reconstitution", "rebalance", "drift", "stable switch"]
CHOOSING: tuple[Cause, ...] = ("initial", "reconstitution")
"""The causes on which members are chosen anew."""
STEPS = ("raw", "scheme", "capped", "bounded", "final")
NOBODY: IntArray = np.zeros(0, dtype=np.int64)
NOTHING: FloatArray = np.zeros(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What the index is at a close: its members by the latest decision, what it holds, and that decision.

    `assets` and `weights` are what is held, drifted to this close, or what will be held where a decision waits for its
    effective day; empty before the start, and for rules that never ask (no overlay, no drift). `planned` is the
    turnover that determinations of the last week have planned.
    """

    members: IntArray = field(default_factory=lambda: NOBODY)
    assets: IntArray = field(default_factory=lambda: NOBODY)
    weights: FloatArray = field(default_factory=lambda: NOTHING)
    latest: Decision | None = None
    planned: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """What was decided at the close of one day, and everything it was decided from.

    Arrays of shape (n,) are over the assets looked at: positions in the market's columns in `assets`.

    Attributes
    ----------
    row, effective_row : int
        Determination and effective day, as rows of the market; the latter may lie beyond its end.
    cause : Cause
        What called for it.
    kept : bool
        True when the previous composition is kept, because too few assets were eligible: nothing trades.
    kept_because : str
        Why, where it is not the number of eligible assets.
    chosen : ndarray of int
        Positions of the members of the index. Those among them that cannot be weighted today are `unweighted`: they
        keep the units they have.
    members : ndarray of int, shape (k,)
        What is to be held: the members that have a weight, and the stable leg; with their `member_ranks` (0 for none),
        final `weights`, and `prices` and `market_caps` at the determination.
    steps : ndarray, shape (5, k)
        The weights after each of `STEPS`: in proportion to market cap, by the scheme, capped, floored, and final.
    exposure : float
        What the volatility target leaves to the members.
    turnover : float
        One-sided turnover planned by the overlay, which may be limited; 0 without an overlay.
    stable : int, optional
        A stable switch: position of the stablecoin that takes what the leg holds.
    notes : tuple of str
        Fallbacks and imputations that the decision used.
    """

    view: MarketView
    row: int
    effective_row: int
    cause: Cause
    kept: bool
    kept_because: str = ""
    assets: IntArray
    screens: list[Screen]
    eligible: BoolArray
    rank_value: FloatArray
    rank: IntArray
    incumbent: BoolArray
    selected: BoolArray
    chosen: IntArray
    unweighted: IntArray
    members: IntArray = field(default_factory=lambda: NOBODY)
    member_ranks: IntArray = field(default_factory=lambda: NOBODY)
    weights: FloatArray = field(default_factory=lambda: NOTHING)
    prices: FloatArray = field(default_factory=lambda: NOTHING)
    market_caps: FloatArray = field(default_factory=lambda: NOTHING)
    steps: FloatArray = field(default_factory=lambda: np.zeros((len(STEPS), 0)))
    exposure: float = 1.0
    turnover: float = 0.0
    stable: int | None = None
    notes: tuple[str, ...] = ()
