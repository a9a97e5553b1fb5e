"""Prose of the factsheet with computed numbers, as Markdown. The rulebook in words is in `rulebook_text.py`."""

from __future__ import annotations

import pandas as pd

from research.reporting.presentation.formats import escape_markdown, format_value


def concentration(today: pd.Series, explained: float, benchmark: str) -> str:
    """The last row of `IndexHistory.concentration`, and the share of variance that a benchmark explains."""
    return (
        f"Today the largest weight is **{format_value(today['largest_weight'], 'percent')}**, and the weights are as "
        f"concentrated as **{format_value(today['effective_number'], 'ratio')}** equal members would be (Herfindahl "
        f"index {format_value(today['herfindahl'], 'ratio')}). Over the whole history "
        f"**{escape_markdown(benchmark)} explains {format_value(explained, 'percent')}** of the variance of "
        "daily returns."
    )
