"""Tables of the signal review: how the columns of its frames read. Nothing is computed here."""

from __future__ import annotations

import pandas as pd

from research.index.skill.signal_review import SignalReview
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.names import INTERVAL
from research.reporting.presentation.table import Table

WORDS = {
    "score-weighted": "assets scored higher less those scored lower, a week",
    "exposure-matched": "index less its basket at the average share, a year",
}
PARTS = {
    "selection": "selection: whom the calls left and whom they kept",
    "weighting": "weighting among those kept",
    "timing": "timing: the share in stablecoins",
    "cost": "cost of trading",
    "haircuts": "dead assets written off",
    "total": "difference",
}


def calls(members: pd.DataFrame, *, date: pd.Timestamp) -> Table:
    """`calls_on_members`: this week's calls, and what moved each away from the others."""
    return Table(
        members.assign(reasons=members["reasons"].str.replace("_", " ")),
        f"Calls on the members at the close of {date:%Y-%m-%d}, the most probable first",
        sortable=True,
        formats={"probability": "percent", "missing": "count"},
        headers={"asset_id": "asset", "before": "a week before", "missing": "features missing"},
        note="Reasons are parts of the log odds in which the asset differs most from the mean of all: a positive one "
        "speaks for a rise. All parts of a call, which add up to its log odds: index.signals.explain(asset).",
        limit=40,
    )


def exits(frame: pd.DataFrame) -> Table:
    """`signal_exits`: who was left because of a bearish call."""
    known = frame["return_while_out"].dropna()
    fell = format_value(len(known[known < 0]), "count")
    return Table(
        frame,
        "Members sold on a bearish call, the latest first",
        finding=f"{format_value(len(frame), 'count')} times a member was sold on a bearish call; {fell} of "
        f"{format_value(len(known), 'count')} fell while they were out",
        formats={"weight_before": "percent", "return_while_out": "change"},
        headers={
            "asset_id": "asset",
            "back": "held again",
            "weight_before": "weight before",
            "return_while_out": "return while it was out",
        },
        note="A dash under held again: it is still out, or is no candidate any more. A fall while it was out was "
        "avoided, a rise missed; costs are not in it.",
        limit=20,
    )


def importance(frame: pd.DataFrame, features: pd.DataFrame) -> Table:
    """`feature_importance`: which features move the score, and whether they always did so in one direction.

    `features` is the catalogue of them: group and formula by name.
    """
    before = features["formula"].str.replace(r"_(\w+)", "(\u2212\\1)", regex=True)  # P_3, the price three days ago
    shown = frame.assign(formula=before, group=features["group"])[["formula", "group", "share", "last", "same_sign"]]
    shown = shown.set_axis(shown.index.str.replace("_", " "), axis="index")
    finding = "No feature moves the score"
    if len(frame):
        name, formula, share = shown.index[0], shown["formula"].iloc[0], format_value(shown["share"].iloc[0], "percent")
        finding = f"The score hangs most on {name} ({formula}), with {share} of all coefficients"
    return Table(
        shown.rename_axis("feature"),
        "Features that matter most",
        finding=finding,
        formats={"share": "percent", "last": "fine", "same_sign": "percent"},
        headers={
            "formula": "what it is",
            "share": "share of all coefficients",
            "last": "coefficient of the last fit",
            "same_sign": "fits with that sign",
        },
        note="Features are standardised, so sizes can be compared. One that changes its sign between fits was noise at "
        "least once. P is the price, V volume, M market cap, S supply, O H L C open to close, r the daily log return, "
        "ROC that of some days; P(\u22123) is P three days before.",
        limit=15,
    )


def tests(review: SignalReview) -> Table:
    """What the verdict rests on."""
    frame = review.tests.rename(index=WORDS).rename_axis("mean")
    return Table(
        frame[["value", "t_statistic", "periods", "p_value", "p_adjusted"]],
        "What the verdict rests on",
        formats={
            "value": "fine change",
            "t_statistic": "ratio",
            "periods": "count",
            "p_value": "fine",
            "p_adjusted": "fine",
        },
        headers={
            "t_statistic": "t",
            "periods": "weeks or days",
            "p_value": "p, one-sided",
            "p_adjusted": "p, corrected",
        },
        note="Before costs; Newey-West. Corrected by Holm for two tests, and by Bonferroni for every configuration "
        f"tried on this market: {format_value(review.configurations, 'count')}. The rule was written down before any "
        "result; how often it errs was measured on simulated markets (research/evaluation/CONVENTIONS.md).",
    )


def skill(review: SignalReview) -> Table:
    """Figures of the calls, each with its interval and verdict."""
    ic, hits, brier, spread = review.ic_summary, review.hits, review.brier, review.spread
    rows = {
        "rank IC, mean of the weeks": (ic["mean"], ic["lower"], ic["upper"], ic["p_value"], ""),
        "hit rate of bullish and bearish calls less chance": (
            hits["above_chance"],
            hits["above_chance_lower"],
            hits["above_chance_upper"],
            hits["p_value"],
            hits["verdict"],
        ),
        "Brier score better than chance by": (
            brier["above_chance"],
            brier["above_chance_lower"],
            brier["above_chance_upper"],
            brier["p_value"],
            brier["verdict"],
        ),
        **{
            f"best less worst fifth, {name}, a week": (
                spread.loc[name, "value"],
                spread.loc[name, "lower"],
                spread.loc[name, "upper"],
                spread.loc[name, "p_value"],
                spread.loc[name, "verdict"],
            )
            for name in ("gross", "net")
        },
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "lower", "upper", "p", "says"])
    low, chance, high = (format_value(hits[f"above_chance{end}"], "signed points") for end in ("_lower", "", "_upper"))
    return Table(
        frame.rename_axis("figure"),
        "The calls themselves, each figure with its 95 % interval",
        finding=f"Bullish and bearish calls were right {chance} points more often than chance (95\u00a0% interval "
        f"{low} to {high})",
        formats={"value": "fine", "lower": "fine", "upper": "fine", "p": "fine"},
        headers=INTERVAL | {"p": "p, two-sided"},
        note="Each figure alone, not corrected for there being several. A rank IC above zero is no money: where "
        "volatilities differ, calm assets rank above volatile ones most weeks without earning more.",
    )


def by_label(frame: pd.DataFrame, what: str) -> Table:
    """`ic_by_label`: the rank IC in years or regimes."""
    told = frame["verdict"]
    return Table(
        frame[["mean", "lower", "upper", "p_holm", "periods", "verdict"]].rename(index=str),  # a year is no count
        f"Mean rank IC by {what}",
        finding=f"In {len(told[told == 'skill']) or 'none'} of {len(told)} parts by {what} the calls show skill",
        formats={"mean": "fine", "lower": "fine", "upper": "fine", "p_holm": "fine", "periods": "count"},
        headers=INTERVAL | {"p_holm": "p (Holm)", "periods": "weeks"},
    )


def rivals(review: SignalReview, *, risk_free: float) -> Table:
    """Index, twin and simple rules; Sharpe ratios over an annual rate."""
    growth, falls = review.rivals["growth"], review.rivals["max_drawdown"]
    return Table(
        review.rivals,
        f"Beside simple rules, net of costs, up to {review.until:%Y-%m-%d}",
        finding=f"Grew {format_value(growth.iloc[0], 'change')} a year, without its signals "
        f"{format_value(growth.iloc[1], 'change')}; at worst {format_value(falls.iloc[0], 'percent')} below its high "
        f"against {format_value(falls.iloc[1], 'percent')}",
        formats={"growth": "change", "volatility": "percent", "sharpe": "ratio", "max_drawdown": "percent"},
        headers={
            "growth": "growth a year, those days",
            "volatility": "volatility a year, those days",
            "sharpe": "Sharpe ratio, those days",
            "max_drawdown": "maximum drawdown, those days",
        },
        note=f"Sharpe ratio over {format_value(risk_free, 'short percent')} a year.",
    )


def attribution(review: SignalReview) -> Table:
    """What made the difference to the twin, and to Bitcoin."""
    frame = review.attribution.rename(index=PARTS)
    return Table(
        frame,
        f"What made the difference in total return, points, up to {review.until:%Y-%m-%d}",
        formats=dict.fromkeys(frame.columns, "signed points"),
        note="In points of total return; the parts add up to the difference exactly (Carino's linking).",
    )


def matched(review: SignalReview) -> Table:
    """The index beside the basket with a constant share."""
    frame = review.placebos.exposure_matched[["value", "lower", "upper", "p_value"]]
    return Table(
        frame.rename_axis("difference"),
        "Index less its basket with the average invested share all the time, points a year",
        formats=dict.fromkeys(("value", "lower", "upper"), "signed points") | {"p_value": "fine"},
        headers=INTERVAL | {"p_value": "p, two-sided"},
    )
