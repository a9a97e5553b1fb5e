"""Sentences of the signal review. Numbers come in computed."""

from __future__ import annotations

import pandas as pd

from research.index.skill.signal_review import SignalReview
from research.point_in_time.given_tables import SIGNALS
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.texts import markdown_list, under
from research.signals import Recipe


def verdict(review: SignalReview, recipe: Recipe, *, simulated: bool) -> str:
    """The verdict, on which days it rests, and how often was looked."""
    share = format_value(recipe.locked_share, "short percent")
    opened = f"openings on this market so far: {format_value(review.openings, 'count')}."
    locked = f"The locked last part, {share} of the history, is looked at here: {opened}"
    if not review.opened:
        locked = f"The last {share} of the history is locked: {opened}"
    lines = [
        f"Judged on the days up to {format_value(review.until, 'date')}. {locked}",
        f"Configurations tried on this market, by the registry: {format_value(review.configurations, 'count')}.",
    ]
    if simulated:
        lines.append(
            "The market is SIMULATED: drifts that last, slow deaths and a run-up are planted in it, so that trends can "
            "be followed by construction. Whatever is found says nothing about real markets."
        )
    finding = f"{review.verdict[:1].upper()}{review.verdict[1:]}"
    return under(finding, f"**{review.sentence}**\n\n{markdown_list(lines)}")


def feature_words(name: object) -> str:
    """A feature as a reader reads it; the catalogue has its formula under the same words."""
    return str(name).removeprefix("regime: ").replace("_", " ")


def calls(week: pd.DataFrame, market: pd.Series) -> str:
    """How many assets were called what (`SignalHistory.week`), and what moved all alike (`market_parts`)."""
    words = week["signal"].tolist()
    said = ", ".join(f"{format_value(words.count(word), 'count')} {word}" for word in SIGNALS)
    alike = ", ".join(f"{feature_words(name)} {value:+.2f}" for name, value in market.items())
    return under(
        said,
        f"All calls of the week: {said}. What moves all of them alike, in parts of the log odds (0 is a probability of "
        f"50 %): {alike}. The reasons below are what sets an asset apart from the others.",
    )


def luck(review: SignalReview) -> str:
    """Moved signals, replay, deflated Sharpe ratio, over-fitting and power in sentences."""
    over, gap, power = review.overfitting, review.placebos.replay_gap, review.power
    tries, best = format_value(over["trials"], "count"), format_value(over["deflated_sharpe"], "percent")
    weeks, least = format_value(power["periods"], "count"), format_value(power["detectable"], "fine")
    cost = format_value(review.spread.loc["break_even_bps", "value"], "number")
    moved = (
        "The history is too short to put the quarters of its signals in other orders."
        if pd.isna(review.placebos.p_value)
        else "Signals with their quarters in other orders did as well or better in "
        f"{format_value(review.placebos.p_value, 'percent')} of the histories. A small share speaks for skill; a large "
        "one says little where calls follow prices."
    )
    fitted = (
        "No probability of over-fitting: no other recipes were compared."
        if pd.isna(over["overfitting_probability"])
        else "Probability of over-fitting among the recipes compared: "
        f"{format_value(over['overfitting_probability'], 'percent')} "
        f"(p = {format_value(over['overfitting_p_value'], 'fine')} against recipes that are all the same)."
    )
    lines = [
        f"{moved} The replay behind the placebos has a correlation of {format_value(gap['correlation'], 'fine')} with "
        "the engine's own daily returns.",
        f"Deflated Sharpe ratio: {best} is the probability that the true one exceeds what the best of {tries} tries "
        "would show by chance. A market that rose flatters it.",
        fitted,
        f"Power: with {weeks} weeks the smallest mean rank IC found in four of five such histories is {least}.",
        f"Trading may cost {cost} basis points before the spread between the best and the worst fifth is gone.",
    ]
    p_value = review.placebos.p_value
    share = "unknown" if pd.isna(p_value) else format_value(p_value, "percent")
    finding = f"Share of histories with moved signals that did as well or better: {share}; {tries} configurations tried"
    return under(finding, markdown_list(lines))
