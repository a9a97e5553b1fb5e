"""Tables of the sensitivity page. Everything shown is computed in `research.index.sweeps.sensitivity`."""

from __future__ import annotations

import pandas as pd

from research.index.sweeps.sensitivity import OUTCOMES, Sensitivity
from research.index.sweeps.sweep import Sweep
from research.reporting.evaluation.comparison_tables import comparison
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table
from research.reporting.sensitivity.wording import FIGURES, choice, settings, value_of_text

_PLACES = {"lowest": "lowest", "lower": "5th percentile", "median": "median", "upper": "95th", "highest": "highest"}
_WITHOUT_GROUP = "interactions"


def standing(found: Sensitivity) -> Table:
    """Where the rulebook stands among the variants."""
    frame = found.standing
    words = pd.DataFrame(
        {
            "rulebook": _figures(frame["own"]),
            "better_than": [format_value(share, "percent") for share in frame["better_than"]],
            **{place: _figures(frame[place]) for place in _PLACES},
        },
        index=pd.Index([FIGURES[str(name)][0] for name in frame.index], name="figure"),
    )
    return Table(
        words,
        "Where the rulebook stands among all variants",
        headers={"better_than": "better than, of the others"} | _PLACES,
        note=f"Of {found.swept.count:,} variants, the rulebook itself among them, after costs, {_days(found.swept)}. "
        "Better is higher growth, a higher Sharpe ratio, a smaller drawdown, and lower volatility, turnover and costs; "
        "variants that are the same count half. A place among the variants of one history, no forecast of the next.",
    )


def effects(found: Sensitivity) -> Table:
    """`main_effects`: which choice matters."""
    frame = found.effects
    named = frame.set_axis([choice(str(key)) for key in frame.index], axis="index").rename_axis("choice")
    ends = [] if found.is_complete else ["alone", "last"]
    named = named.rename(index={_WITHOUT_GROUP: "interplay of choices"})
    columns = ["values", "share", *ends, "lowest", "highest", *OUTCOMES[1:]]
    said = {
        "values": "values tried",
        "share": "of the variance of growth",
        "alone": "counted first",
        "last": "counted last",
        "lowest": "lowest mean growth of a value",
        "highest": "highest",
        **{name: f"of the variance of the {FIGURES[name][0]}" for name in OUTCOMES[1:]},
    }
    convention = (
        "The grid is complete, so this is a plain analysis of variance: squares between the means of a choice's values "
        "over all squares; what the choices leave over is their interplay."
        if found.is_complete
        else "The grid has holes, so choices go together: the share is the mean over all orders in which they can be "
        "counted (Lindeman, Merenda and Gold, 1980); counted first and counted last are its ends."
    )
    return Table(
        named[columns],
        "How much of the spread between variants each choice explains",
        formats=dict.fromkeys(["share", *ends, *OUTCOMES[1:]], "percent")
        | dict.fromkeys(("lowest", "highest"), "change"),
        headers={name: words for name, words in said.items() if name in columns},
        note=f"{convention} It depends on the values that were tried: a wider range of a choice explains more. No "
        "significance is meant; variants of one history are no independent observations.",
    )


def by_value(found: Sensitivity) -> Table:
    """`means_by_value` of growth."""
    frame = found.by_value.reset_index()
    pairs = zip(frame["choice"], frame["value"], strict=True)
    named = frame.assign(value=[value_of_text(key, text) for key, text in pairs], choice=frame["choice"].map(choice))
    return Table(
        named[["choice", "value", "variants", "mean", "lowest", "highest", "own"]],
        "Growth a year by value of each choice, over all variants that have it",
        formats=dict.fromkeys(("mean", "lowest", "highest"), "change"),
        headers={"own": "in the rulebook"},
    )


def leading(found: Sensitivity) -> Table:
    """`compare` of the values of the choice that matters most; no rows where there is nothing to compare."""
    frame, key = found.leading_values, found.leading
    if frame.empty:
        return Table(pd.DataFrame({"against": [], "verdict": []}), "Can the values of a choice be told apart?")
    sides = {side: [value_of_text(key, text) for text in frame[side]] for side in ("first", "second")}
    own = sides["first"][0]
    title = f"Can the values of the {choice(key)} be told apart? Means of all variants with each, against {own};"
    return comparison(frame.assign(**sides), caption=title, own=own)


def tests(found: Sensitivity) -> Table:
    """What a search among so many variants does to its best result."""
    figures, count = found.tests, format_value(found.tests["trials"], "count")
    rows = {
        "Sharpe ratio of the rulebook": format_value(figures["own_sharpe"], "ratio"),
        "highest Sharpe ratio of a variant": format_value(figures["best_sharpe"], "ratio"),
        "spread of the Sharpe ratios (standard deviation)": format_value(figures["trials_sharpe_sd"], "ratio"),
        f"to be expected of the best of {count} without any skill": format_value(figures["lucky_sharpe"], "ratio"),
        "variants with a history of their own": format_value(found.swept.distinct, "count"),
        "different things among them (clusters that correlate above 0.5)": format_value(figures["distinct"], "count"),
        "probability that the best one's true ratio is above zero": _probability(figures["probabilistic"]),
        f"... above what {count} lucky ones would show (deflated)": _probability(figures["deflated"]),
        "the same of the rulebook, if it was chosen among them": _probability(figures["own_deflated"]),
        "probability of over-fitting": _probability(figures["overfitting_probability"]),
        "p of one as low if all variants were equally good": format_value(figures["overfitting_p_value"], "p"),
        "p of “no other variant grows faster than the rulebook”": format_value(figures["none_beats"], "p"),
    }
    counted = "all that the registry has of this market" if found.has_registry else "the variants of this page alone"
    return Table(
        pd.DataFrame({"test": list(rows), "result": list(rows.values())}),
        "What the search does to its best result",
        note=f"Trials counted: {counted}; what was tried elsewhere comes on top. Deflated Sharpe ratio: Bailey and "
        "López de Prado (2014). Probability of over-fitting: share of the splits of the history in halves in which the "
        "best variant of one half was not better than the median on the other (Bailey, Borwein, López de Prado and "
        "Zhu, 2017). Last row: Hansen (2005); among equals in simulated markets one is said to beat the reference in 4 "
        "to 10\u00a0% of histories, not 5. Variants of one index resemble each other, so a high probability in the "
        "deflated row is mostly the market's.",
    )


def variants(swept: Sweep, *, limit: int = 200) -> Table:
    """All variants, the fastest growth first."""
    table = swept.table.assign(rulebook=swept.table.index == swept.reference)
    ordered = table.sort_values("cagr", ascending=False, kind="stable")
    figures = ordered[[*FIGURES]].rename(columns={name: words for name, (words, _) in FIGURES.items()})
    extra = ordered[["rulebook", *(["note"] if (ordered["note"] != "").any() else [])]]
    shown = settings(ordered, swept.keys).join(figures).join(extra).reset_index(drop=True)
    return Table(
        shown,
        f"All variants, the fastest growth first, {_days(swept)}",
        formats=dict(FIGURES.values()),
        headers={"rulebook": "the rulebook"},
        limit=limit,
        folded=True,
    )


def failures(swept: Sweep, *, limit: int = 30) -> Table:
    """Combinations that cannot be, and why."""
    frame = settings(swept.failures, swept.keys).assign(reason=swept.failures["reason"]).reset_index(drop=True)
    return Table(frame, "Combinations that cannot be built on this market, and why", limit=limit)


def _figures(column: pd.Series) -> list[str]:
    return [format_value(number, FIGURES[str(name)][1]) for name, number in column.items()]


def _days(swept: Sweep) -> str:
    first, last = (format_value(day, "date") for day in (swept.start, swept.levels.index[-1]))
    return f"{first} to {last}, the days that all have"


def _probability(share: float) -> str:
    if share > 0.999:
        return "above 99.9\u00a0%"
    return format_value(share, "percent")
