"""Steps that an asset's own past does not explain: of the price, of the price alone, of the supply.

On its day a jump is a doubt and no more: a wrong print, a redenomination and a crash look alike. The next value says
whether it went back (discarded: it was a spike) or stayed (confirmed: a new level).
"""

from __future__ import annotations

import numpy as np

from research.market.quality.prints import Found, Prints, Steps, last_before, next_true, places_of, taken
from research.typing import BoolArray, FloatArray, IntArray

UNUSUAL = 10.0  # times the usual daily move, times the root of the days in between
LEAST_JUMP = float(np.log(2.0))  # below, whatever is usual, a price does not jump
YOUNG_MOVE = 0.15  # taken to be usual in a day where too few moves are known
CAP_STOOD = 0.3  # log: within it the cap did not move
LEAST_SUPPLY_STEP = 0.2  # log; the largest monthly release of the coins that are members is a tenth
LONGEST = 30.0  # days of a gap that widen the bound


def price_jumps(prints: Prints) -> list[Found]:
    """Prices more than ten usual moves away, and at least twice or half: with the cap, or while the cap stood."""
    steps = prints.price_steps
    jumped = np.abs(steps.size) > np.maximum(LEAST_JUMP, UNUSUAL * _usual(steps, YOUNG_MOVE)) * _root(steps)
    cap_step = _step_beside(prints["market_cap"], prints.before)
    stood = jumped & (np.abs(cap_step) < CAP_STOOD)
    found = []
    for rule, where in (("price jump", jumped & ~stood), ("unit jump", stood)):
        rows, columns = places_of(where)
        values, last = prints["price"][rows, columns], _last(prints["price"], prints.before, rows, columns)
        moved = np.exp(cap_step[rows, columns])
        usual = steps.usual[rows, columns]
        evidence = [
            f"price x{factor:.4g}{_over(days)}{_usual_words(move)}{_cap_words(rule, cap)}"
            for factor, days, move, cap in zip(values / last, steps.elapsed[rows, columns], usual, moved, strict=True)
        ]
        found.append(_judged(rule, "price", prints["price"], rows, columns, values, last, evidence))
    return found


def supply_jumps(prints: Prints) -> list[Found]:
    """Supplies (the column where there is one, else market cap / price) that step by more than a fifth at once.

    Where the cap stood and the price moved, the price is what stepped: that is none.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        implied = prints["market_cap"] / prints["price"]
    supply = prints.panels.get("supply", implied)
    supply = np.where(supply > 0, supply, np.nan)
    steps = Steps.of(supply, prints.days)
    jumped = np.abs(steps.size) > np.maximum(LEAST_SUPPLY_STEP, UNUSUAL * _usual(steps, 0.0)) * _root(steps)
    if "supply" not in prints.panels:
        before = last_before(~np.isnan(supply))
        cap, price = (np.abs(_step_beside(prints[name], before)) for name in ("market_cap", "price"))
        jumped &= (cap > price) | (cap >= CAP_STOOD)
    rows, columns = places_of(jumped)
    last = _last(supply, last_before(~np.isnan(supply)), rows, columns)
    values = supply[rows, columns]
    evidence = [
        f"supply x{factor:.4g}{_over(days)}: {value:,.0f} units, {old:,.0f} before"
        for factor, days, value, old in zip(values / last, steps.elapsed[rows, columns], values, last, strict=True)
    ]
    return [_judged("supply jump", "market_cap", supply, rows, columns, values, last, evidence)]


def _usual(steps: Steps, young: float) -> FloatArray:
    return np.where(np.isnan(steps.usual), young, steps.usual)


def _root(steps: Steps) -> FloatArray:
    return np.sqrt(np.minimum(steps.elapsed, LONGEST))


def _step_beside(values: FloatArray, before: IntArray) -> FloatArray:
    """Log step of `values` between the same two rows; NaN where it is not known on both."""
    logs = np.log(values)
    return logs - taken(logs, before)


def _last(values: FloatArray, before: IntArray, rows: IntArray, columns: IntArray) -> FloatArray:
    last: FloatArray = values[before[rows, columns], columns]
    return last


def _judged(
    rule: str,
    field: str,
    panel: FloatArray,
    rows: IntArray,
    columns: IntArray,
    values: FloatArray,
    last: FloatArray,
    evidence: list[str],
) -> Found:
    """What the next value said: nearer to the new level than to the old one, or back. A step back is no jump itself."""
    judged = next_true(~np.isnan(panel), rows, columns)
    after = panel[np.maximum(judged, 0), columns]
    stayed = np.abs(np.log(after / values)) < np.abs(np.log(after / last))
    later = np.where(judged < 0, "open", np.where(stayed, "confirmed", "discarded"))
    keep = _without_returns(rows, columns, judged, later == "discarded")
    return Found(
        rule=rule,
        field=field,
        rows=rows[keep],
        columns=columns[keep],
        value=values[keep],
        expected=last[keep],
        evidence=[evidence[place] for place in np.flatnonzero(keep).tolist()],
        later=later[keep].tolist(),
        later_rows=judged[keep],
    )


def _without_returns(rows: IntArray, columns: IntArray, judged: IntArray, discarded: BoolArray) -> BoolArray:
    """Which findings are no mere way back from a discarded one: that is known on their own day."""
    keep = np.ones(len(rows), dtype=bool)
    ways_back: set[tuple[int, int]] = set()
    for place in np.lexsort([rows, columns]).tolist():
        if (int(rows[place]), int(columns[place])) in ways_back:
            keep[place] = False
        elif discarded[place]:
            ways_back.add((int(judged[place]), int(columns[place])))
    return keep


def _over(days: float) -> str:
    return "" if days == 1 else f" over {days:.0f} days"


def _usual_words(move: float) -> str:
    return ", with too few moves to say what is usual" if np.isnan(move) else f", where {move:.1%} a day is usual"


def _cap_words(rule: str, cap: float) -> str:
    if np.isnan(cap):
        return "; no cap to tell a new unit from a move"
    if rule == "unit jump":
        return f", cap x{cap:.3g}: a new unit of the asset (see propose_redenominations), or a wrong price"
    return f", cap x{cap:.3g}"
