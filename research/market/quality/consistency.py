"""Values that contradict each other on one day: a bar, a cap against price and supply, a cap against what is traded."""

from __future__ import annotations

import bottleneck
import numpy as np

from research.market.quality.prints import Found, Prints, beginnings, places_of, smallest_of_largest, trailing

ROUNDING = 1e-6  # relative: of vendors that print six digits
SUPPLY_TOLERANCE = 0.05  # log
TRADED_PRINTS, FEWEST_TRADED = 30, 10
LARGEST = 50  # assets of the day by cap, among which a cap matters and turnover can be compared
THIN, THIN_BESIDE_PEERS = 0.0001, 0.01  # of the cap, and of the peers' median


def bars(prints: Prints) -> list[Found]:
    """Highs below, or lows above, another price of the bar."""
    found = []
    for side, sign, rule in (("high", 1.0, "high too low"), ("low", -1.0, "low too high")):
        if side not in prints.panels:
            continue
        others = [prints["price"], *(prints[name] for name in ("open", "high", "low") if name in prints.panels)]
        beyond = others[0] * sign
        for panel in others[1:]:
            beyond = np.fmax(beyond, panel * sign)
        edge = prints[side]
        wrong = (beyond - edge * sign) > ROUNDING * np.abs(edge)
        rows, columns = places_of(wrong)
        value, expected = edge[rows, columns], (beyond * sign)[rows, columns]
        found.append(
            Found(
                rule=rule,
                field=side,
                rows=rows,
                columns=columns,
                value=value,
                expected=expected,
                evidence=[
                    f"{side} {v:.6g}, while another price of the day is {e:.6g}"
                    for v, e in zip(value.tolist(), expected.tolist(), strict=True)
                ],
                later=["confirmed"] * len(rows),
                later_rows=rows,
            )
        )
    return found


def caps_against_supply(prints: Prints) -> list[Found]:
    """Caps that are not price times the supply column, by more than 5 %."""
    if "supply" not in prints.panels:
        return []
    cap, product = prints["market_cap"], prints["price"] * prints["supply"]
    product = np.where(product > 0, product, np.nan)
    off = np.log(cap / product)
    wrong = np.abs(off) > SUPPLY_TOLERANCE
    where = places_of(beginnings(wrong, ~np.isnan(off)))
    return [
        Found.stretches(
            "cap is not price x supply",
            "market_cap",
            where,
            ~np.isnan(off) & ~wrong,
            value=cap[where],
            expected=product[where],
            evidence=[f"cap is {np.exp(ratio):.4g} times price x supply" for ratio in off[where].tolist()],
        )
    ]


def thin_caps(prints: Prints) -> list[Found]:
    """Caps among the fifty largest that next to nobody trades in: a supply that is not there.

    The median volume of the last 30 prints is under 0.01 % of the cap (its supply would change hands once in 27 years),
    and under a hundredth of the median of the fifty largest of the day. A stretch ends after 30 prints without.
    """
    cap, volume = prints["market_cap"], prints["volume"]
    traded = trailing(bottleneck.move_median, volume, TRADED_PRINTS, FEWEST_TRADED)
    with np.errstate(invalid="ignore", divide="ignore"):
        turnover = traded / cap
    large = cap >= smallest_of_largest(cap, LARGEST)
    peers = np.where(large, turnover, np.nan)
    usual = bottleneck.nanmedian(peers, axis=1)[:, None]
    known = large & ~np.isnan(turnover)
    thin = known & (turnover < THIN) & (turnover < THIN_BESIDE_PEERS * usual)
    measured = ~np.isnan(turnover)
    thin = trailing(bottleneck.move_max, thin.astype(float), TRADED_PRINTS, 1) > 0
    where = places_of(beginnings(thin, measured))
    return [
        Found.stretches(
            "thin cap",
            "market_cap",
            where,
            measured & ~thin,
            value=cap[where],
            expected=traded[where] / usual[where[0], 0],
            evidence=[
                f"cap {c:,.0f} USD, of which {t:.2g} is traded in a day, where {u:.2g} is usual among the largest: "
                "a supply that is not there?"
                for c, t, u in zip(cap[where], turnover[where], usual[where[0], 0], strict=True)
            ],
        )
    ]
