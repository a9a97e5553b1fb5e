"""What a notebook's kernel writes for other programs, where a build asks for it: tables and facts."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from research.csv_tables import write_csv
from research.index import IndexHistory
from research.index.published.publication import PublishedIndex
from research.index.published.quarterly_review import quarterly_review
from research.reporting.factsheet.facts import in_one_sentence
from research.reporting.publishing.data_files import CARD, CARD_FORMAT, FACTS, VARIABLE, as_json
from research.reporting.review.card import card

FOR_PEOPLE = ("levels", "weights", "trades")
"""Tables that are also written as CSV; of the decisions, the last choice of members is."""

DIGITS = 10  # of a number in these


def publish_data(
    index: IndexHistory,
    levels: pd.DataFrame,
    summary: pd.DataFrame,
    *,
    assets: Sequence[str],
    risk_free: float,
    draws: int,
) -> None:
    """Write what an index publishes (`PublishedIndex`) where a build asks for it; else do nothing, and compute nothing.

    Parameters
    ----------
    index : IndexHistory
    levels, summary, assets, risk_free, draws
        As `PublishedIndex` takes them.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return
    folder = Path(given)
    published = PublishedIndex(
        index=index, levels=levels, summary=summary, assets=assets, risk_free=risk_free, draws=draws
    )
    for name, table in published.tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        if name in FOR_PEOPLE:
            write_csv(table, folder / f"{name}.csv", digits=DIGITS)
    write_csv(published.last_choice, folder / "decisions_last.csv", digits=DIGITS)
    review = quarterly_review(index, levels, risk_free=risk_free)
    _write_json({"format": CARD_FORMAT} | card(published, review), folder / CARD)
    sentence = in_one_sentence(index.methodology, len(index.holdings()))
    _write_json(published.facts | {"sentence": html.unescape(sentence).replace("**", "")}, folder / FACTS)


def _write_json(content: dict[str, Any], file: Path) -> None:
    file.write_text(as_json(content), encoding="utf-8")
