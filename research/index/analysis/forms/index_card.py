"""What an index says of itself in a notebook: where its level stands, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from research.cards import Card
from research.evaluation.overview import Headline, headline_figures
from research.formats import format_value
from research.index.analysis.record import IndexRecord
from research.index.analysis.why.audit_tables import calendar_table
from research.index.analysis.why.explanation import holdings_table

LARGEST = 5


def headline_in_words(headline: Headline, caveats: Sequence[str]) -> dict[str, str]:
    """`headline_figures` and how many caveats there are, as the strip of a page says them."""
    return {
        "Level": format_value(headline.level, "number"),
        "As of": format_value(headline.as_of, "date"),
        "Inception": format_value(headline.inception, "date"),
        "Year to date": format_value(headline.year_to_date, "growth"),
        "Since inception": format_value(headline.since_inception, "growth"),
        "A year (CAGR)": format_value(headline.growth, "change"),
        "Drawdown now": format_value(headline.drawdown, "percent"),
        "Caveats": format_value(len(caveats), "count"),
    }


def index_card(index: IndexRecord, caveats: Sequence[str]) -> Card:
    """The strip of its pages, the last and the next trade, and the five largest members."""
    held = holdings_table(index, None)
    last, ahead = index.trades[-1], calendar_table(index, 1)
    facts = headline_in_words(headline_figures(index.level), caveats) | {
        "Members": format_value(len(held), "count"),
        "Last trade": f"{format_value(index.source.dates[last.row], 'date')}, {last.cause}",
    }
    if len(ahead):
        facts["Next trade"] = format_value(ahead["effective_date"].iloc[0], "date")
    return Card(
        title=index.methodology.name,
        sentences=(
            f"Built on {index.market.manifest.name}, net of costs.",
            "" if index.investable else "Not investable: it decides and trades at one close, or at carried prices.",
        ),
        facts=facts,
        tables={f"The {min(LARGEST, len(held))} largest members": _largest(held)},
        numbers=("weight",),
        next_steps="index.holdings()  index.explain(asset_id)  index.plot()  index.caveats  index.to_csv(folder)",
    )


def _largest(held: pd.DataFrame) -> pd.DataFrame:
    largest = held.head(LARGEST)
    return pd.DataFrame(
        {
            "asset": largest["asset_id"],
            "weight": [format_value(weight, "percent") for weight in largest["weight"]],
            "since": [format_value(day, "date") for day in largest["since"]],
        }
    )
