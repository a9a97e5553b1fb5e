"""Prose of the rebalance review with computed numbers, as Markdown. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from research.index.rebalance.rebalance_review import RebalanceReview
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import under
from research.reporting.rebalance.tables import POINTS

NAMED = 5  # assets that a sentence names
WATERFALL: Mapping[str, str] = {
    "title": "From market cap to the final weight",
    "caption": "Grey is the weight by market cap, colours what each step added or (hatched) took; the mark is the end.",
}
TRADED: Mapping[str, str] = {
    "title": "How much of a day's volume each order is",
    "caption": "The 20 orders that take longest, at the size given; 100\u00a0% is all that is usually traded in a day.",
}
"""Titles and captions: keywords of `show_figure`."""


INDEX = ("Level", "As of", "Inception", "Drawdown now", "Caveats")
"""Items of an index's `verdict` that stand beside those of its rebalance."""


def strip(verdict: Mapping[str, str], review: RebalanceReview) -> dict[str, str]:
    """The verdict strip: where the index stands, and which rebalance this is."""
    status = {"made": "traded", "announced": "decided", "pro forma": "pro forma"}[review.status]
    return {label: verdict[label] for label in INDEX} | {
        "Rebalance": f"{review.effective_date:%Y-%m-%d}, {status}",
        "In": format_value(len(review.moved("added")), "count"),
        "Out": format_value(len(review.moved("removed")), "count"),
        "Turnover": format_value(review.turnover, "percent"),
        "To look at": format_value(len(review.points), "count"),
    }


def standing(review: RebalanceReview) -> str:
    """Which rebalance this is, and what it knows."""
    decided, effective = (f"{day:%Y-%m-%d}" for day in (review.determination_date, review.effective_date))
    known, priced = (f"{day:%Y-%m-%d}" for day in (review.decided_on, review.priced_on))
    if review.status == "made":
        return f"**The {review.cause} decided at the close of {decided} and traded at the close of {effective}.**"
    if review.status == "announced":
        return (
            f"**The next {review.cause} was decided at the close of {decided} and is traded at the close of "
            f"{effective}.** The decision stands; its trade is shown at the prices of {priced}, the last there are."
        )
    return (
        f"**Pro forma at the close of {known}; the real determination is on {decided}, its trade at the close of "
        f"{effective}.** Decided by the rules as if {known} were the determination day, and traded at its prices: "
        "until then prices, caps and ranks will move, and so will this."
    )


def what_changes(review: RebalanceReview) -> str:
    """Who comes and goes, how much moves, and how that compares with earlier rebalances."""
    if review.kept:
        reason = escape_markdown(f"{review.kept[:1].upper()}{review.kept[1:]}")
        return under("The composition is kept and nothing is traded", f"{reason}.")
    added, removed = review.moved("added"), review.moved("removed")
    who = f"{_listed(added)} in, {_listed(removed)} out" if added or removed else "Nobody comes in and nobody leaves"
    past = (
        f"; {format_value(review.smaller, 'count')} of {format_value(review.earlier, 'count')} earlier rebalances "
        "moved less"
        if review.earlier
        else ""
    )
    return under(
        f"{who}; {format_value(review.turnover, 'percent')} of the index moves (one-sided){past}",
        f"By the rulebook it costs {format_value(review.cost, 'basis points')} basis points.",
    )


def why(review: RebalanceReview) -> str:
    """Which cause moved most weight since the rebalance before."""
    if review.causes is None:
        return under("Nothing is traded" if review.kept else "There is no earlier rebalance to compare with")
    cause, size = review.causes.largest
    return under(f"Most weight was moved by {cause}: {format_value(size, 'fine percent')} of the index (one-sided)")


def capacity(review: RebalanceReview, *, assets_under_management: float) -> str:
    """Whether the orders can be traded in a day at the size given."""
    size = f"USD {format_value(assets_under_management, 'short')}"
    if review.orders.empty:
        return under("There is nothing to trade")
    slowest = review.orders.iloc[0]
    name, days = escape_markdown(slowest["asset_id"]), format_value(slowest["days"], "short")
    if slowest["days"] > 1:
        return under(f"With {size} not all can be traded in a day: {name} takes {days} days")
    if slowest["days"] <= 1:
        return under(f"With {size} every order can be traded in a day; {name} takes longest, {days} days")
    return under("No volume is known, so it cannot be told how long the orders take")


def to_look_at(review: RebalanceReview) -> str:
    """How many points there are of which kind."""
    if not review.counts:
        return under("Nothing of what is looked for was found")
    kinds = "; ".join(f"{POINTS[point]}: {format_value(count, 'count')}" for point, count in review.counts.items())
    return under(f"Points to look at: {format_value(len(review.points), 'count')}", f"{kinds[:1].upper()}{kinds[1:]}.")


def _listed(assets: Sequence[str]) -> str:
    """How many, and the first of them by name."""
    if not assets:
        return "0"
    names = ", ".join(map(escape_markdown, assets[:NAMED]))
    more = ", …" if len(assets) > NAMED else ""
    return f"{format_value(len(assets), 'count')} ({names}{more})"
