"""Sentences of the sensitivity page: what was found, in words. Numbers come in computed; nothing is computed here."""

from __future__ import annotations

from research.evaluation.comparisons.main_effects import INTERACTIONS
from research.index.sweeps.sensitivity import Sensitivity
from research.index.sweeps.sweep import Sweep
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import markdown_list, under
from research.reporting.sensitivity.wording import choice, value_of_text, variant

LEVEL = 0.05
"""P-value below which a difference is said to be more than chance."""
ONE = "There is no other variant to compare with"


def strip(found: Sensitivity) -> dict[str, str]:
    """What the verdict strip says besides the index itself."""
    if found.swept.count < 2:
        return {"By growth ahead of": "no other variant"}
    return {"By growth ahead of": f"{format_value(found.standing.loc['cagr', 'better_than'], 'percent')} of variants"}


def answer(found: Sensitivity) -> str:
    """Where the rulebook stands, what matters, and what can be told: the first look."""
    if found.swept.count < 2:
        return under(ONE, failed(found.swept))
    lines = [
        f"**Where it stands.** {_standing(found)}",
        f"**What matters.** {_matters(found)}",
        f"**What can be told.** {_told(found)}",
        f"**What it rests on.** {_rests(found.swept)} {failed(found.swept)}",
    ]
    own = format_value(found.standing.loc["cagr", "own"], "change")
    share = format_value(found.standing.loc["cagr", "better_than"], "percent")
    subject = "Over the days that all variants have it" if found.swept.shortened_by else "It"
    return under(f"{subject} grew {own} a year, more than {share} of the others", markdown_list(lines))


def spread(found: Sensitivity) -> str:
    """Title of the outcomes by choice."""
    if found.swept.count < 2:
        return ONE
    row = found.standing.loc["cagr"]
    low, high, own = (format_value(row[place], "change") for place in ("lowest", "highest", "own"))
    return f"Growth a year from {low} to {high} by choice of rules; as published {own}"


def fan(found: Sensitivity) -> str:
    """Title of the levels of all variants."""
    if found.swept.count < 2:
        return ONE
    row = found.standing.loc["total_return"]
    low, high, own = (format_value(row[place], "growth") for place in ("lowest", "highest", "own"))
    return f"The same idea, {found.swept.count:,} times: total return {low} to {high}; as published {own}"


def matters(found: Sensitivity) -> str:
    """Title of the shares of each choice."""
    if not found.leading:
        return "No choice of this grid moved growth"
    share = format_value(found.effects.loc[found.leading, "share"], "percent")
    return f"The {choice(found.leading)} explains {share} of the spread in growth"


def chance(found: Sensitivity) -> str:
    """Title of the tests: whether any variant is better than the rulebook by more than chance."""
    p_value = found.tests["none_beats"]
    said = format_value(p_value, "p")
    if p_value != p_value:  # NaN
        return "The history is too short, or nothing differs: whether any variant is better cannot be told"
    if p_value < LEVEL:
        return f"At least one variant grew faster by more than chance among so many would give (p = {said})"
    return f"No variant can be told from the rulebook by its growth (p = {said})"


def leading(found: Sensitivity) -> str:
    """Whether the values of the choice that matters most can be told apart."""
    if found.leading_values.empty:
        return under("Nothing to compare", "No choice moved growth, or the rulebook's own value of it was not built.")
    key = found.leading
    told = found.leading_values[found.leading_values["verdict"] != "cannot tell"]
    own = value_of_text(key, str(found.leading_values["first"].iloc[0]))
    if told.empty:
        return under(
            f"The {choice(key)} matters most, and we cannot tell which value of it is better",
            f"Over the mean of all variants that have it, none of the others differs from {escape_markdown(own)} by "
            "more than chance would.",
        )
    said = {
        f"{escape_markdown(value_of_text(key, str(row.second)))} in {_MEASURES[str(row.measure)]} "
        f"({_OPPOSITE[str(row.verdict)]})"
        for row in told.itertuples()
    }
    return under(f"From {escape_markdown(own)} can be told: {'; '.join(sorted(said))}", "Of the rest we cannot tell.")


_MEASURES = {"sharpe_ratio": "Sharpe ratio", "cagr": "growth", "max_drawdown": "maximum drawdown"}
_OPPOSITE = {"better": "worse", "worse": "better"}  # the rulebook's own value comes first in the comparison


def failed(swept: Sweep) -> str:
    """How many combinations cannot be."""
    if swept.failures.empty:
        return "Every combination of the grid could be built."
    count = len(swept.failures)
    reason = escape_markdown(str(swept.failures["reason"].iloc[0]))
    some = "1 combination" if count == 1 else f"{count:,} combinations"
    return f"{some} could not be built (listed below), the first because: {reason}"


def _standing(found: Sensitivity) -> str:
    grown, sharpe, fallen = (found.standing.loc[name] for name in ("cagr", "sharpe_ratio", "max_drawdown"))
    low, high = (format_value(grown[place], "change") for place in ("lower", "upper"))
    return (
        f"Nine in ten of all variants grew between {low} and {high} a year. By Sharpe ratio it is better than "
        f"{format_value(sharpe['better_than'], 'percent')} of the others, by maximum drawdown than "
        f"{format_value(fallen['better_than'], 'percent')}. That is its place in "
        "this one history, and promises none in the next."
    )


def _matters(found: Sensitivity) -> str:
    if not found.leading:
        return "No choice of this grid moved growth."
    shares = found.effects["share"].drop(INTERACTIONS)
    said = [f"the {choice(str(key))} {format_value(share, 'percent')}" for key, share in shares.iloc[1:].items()]
    rest = f"{format_value(found.effects.loc[INTERACTIONS, 'share'], 'percent')} is how they work together"
    return f"{matters(found)}{''.join(f', {words}' for words in said)}; {rest}."


def _told(found: Sensitivity) -> str:
    figures, count = found.tests, format_value(found.tests["trials"], "count")
    if figures["none_beats"] != figures["none_beats"]:  # NaN
        return f"{chance(found)}."
    over = figures["overfitting_probability"]
    second = (
        ""
        if over != over
        else f" Whoever had chosen the best on one half of the days would have been no better than the median on the "
        f"other in {format_value(over, 'percent')} of the splits."
    )
    return (
        f"{chance(found)}.{second} The highest Sharpe ratio is {format_value(figures['best_sharpe'], 'ratio')} "
        f"({escape_markdown(variant(found.swept, found.best))}), to be read as the best of {count}."
    )


def _rests(swept: Sweep) -> str:
    first, start, end = (
        format_value(day, "date") for day in (swept.levels.index[0], swept.start, swept.levels.index[-1])
    )
    days = f"All figures are of {start} to {end}, the days that all variants have"
    if not swept.shortened_by:
        return f"{days}: all begin together."
    late, name = len(swept.shortened_by), escape_markdown(variant(swept, swept.shortened_by[0]))
    others = f", and {late:,} in all," if late > 1 else ""
    return f"{days}; the first begins on {first}, the last ({name}){others} on {start}."
