"""How often the printed 95 % intervals held the truth in simulated markets, and what a page says of those that did not.

The whole table, by market, is in CONVENTIONS.md; `python -m tests.evaluation.measure` prints it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

LENGTHS = (250, 1000, 2500)  # periods of the simulated histories
ENOUGH = 92.0  # per cent: three points below what the interval says
LOWEST: Mapping[str, tuple[float, float, float]] = {
    "total_return": (91.8, 92.5, 90.0),
    "cagr": (92.2, 93.2, 91.0),
    "annualized_volatility": (90.5, 91.2, 94.5),
    "downside_deviation": (93.0, 92.2, 93.8),
    "max_drawdown": (89.5, 91.2, 91.8),
    "ulcer_index": (89.2, 90.0, 91.2),
    "sharpe_ratio": (92.2, 93.2, 90.8),
    "cagr_to_volatility": (92.2, 92.5, 91.5),
    "adjusted_sharpe_ratio": (95.5, 93.5, 91.5),
    "sortino_ratio": (91.8, 92.8, 91.0),
    "calmar_ratio": (90.8, 93.2, 90.5),
    "martin_ratio": (90.8, 92.2, 91.0),
    "omega_ratio": (92.2, 93.2, 91.5),
    "skewness": (90.8, 92.0, 93.8),
    "value_at_risk": (93.5, 92.8, 94.2),
    "expected_shortfall": (88.8, 90.0, 93.2),
    "beta": (93.8, 93.2, 92.8),
    "correlation": (91.2, 92.0, 92.8),
    "jensen_alpha": (92.0, 94.0, 94.0),
    "active_return": (92.0, 90.0, 92.2),
    "tracking_error": (90.0, 92.0, 94.5),
    "information_ratio": (92.0, 90.0, 92.2),
    "up_capture": (94.0, 93.8, 94.2),
    "down_capture": (94.0, 93.8, 93.5),
    "batting_average": (93.0, 92.8, 92.0),
}
"""Per cent of the histories of each length in which the interval held, in the market in which it held least often."""


def coverage_note(name: str, count: int) -> str:
    """A sentence for an interval that held less often than it says at about this length; empty for the others.

    Read off the simulated histories whose length is nearest by ratio; the sentence names it.

    >>> coverage_note("batting_average", 400)
    ''
    """
    place = sum(length * longer <= count**2 for length, longer in pairwise(LENGTHS))
    share = LOWEST[name][place]
    if share >= ENOUGH:
        return ""
    return (
        f"Too narrow: in the worst of six simulated markets {share:.0f} % of such 95 % intervals held, with "
        f"{LENGTHS[place]:,} periods."
    )
