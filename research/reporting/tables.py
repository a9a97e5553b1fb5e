"""A frame as a table a reader can use: caption, units, number formats, the same in a notebook and on a page.

`Table` takes any frame; the functions below it know the frames of this package and how their columns read. Nothing is
computed here. `show_table` in `display.py` puts a table on screen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from html import escape
from typing import Any

import pandas as pd

from research.errors import ReportError, suggest
from research.market.manifest import Manifest
from research.reporting.formats import format_value, kind_of
from research.reporting.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE


@dataclass(frozen=True, eq=False)
class Table:
    """A captioned table. As text/plain it is the same words in columns, so that nbval compares every cell.

    Attributes
    ----------
    frame : DataFrame
        Its index becomes the row headers; a plain 0, 1, 2, … index is left out and the first column takes its place.
    caption : str
        What the table shows, with dates and units where they are not in the headers.
    formats : mapping of str to str
        Column -> one of `formats.KINDS`. A column without one is formatted by its dtype.
    row_formats : mapping of str to str
        Row label -> format of the numbers in that row, for tables whose rows have units of their own.
    headers : mapping of str to str
        Column -> what its header says; otherwise its name with spaces for underscores.
    note : str
        A sentence under the table: source, convention, rule of thumb.
    limit : int, optional
        Show the first `limit` rows, and say how many there are.
    """

    frame: pd.DataFrame
    caption: str
    _: KW_ONLY
    formats: Mapping[str, str] = field(default_factory=dict)
    row_formats: Mapping[Any, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in [*self.formats, *self.headers]:
            if name not in self.frame.columns:
                raise ReportError(f"table {self.caption!r} has no column {name!r}: {suggest(name, self.frame.columns)}")

    @property
    def words(self) -> pd.DataFrame:
        """The shown rows as text, the row headers first."""
        shown = self.frame if self.limit is None else self.frame.head(self.limit)
        columns = {str(name): self._column_words(shown[name]) for name in shown.columns}
        if not _is_plain(shown.index):
            label = str(shown.index.name or "\u00a0")
            kind = kind_of(shown.index.to_series())
            columns = {label: [format_value(value, kind) for value in shown.index], **columns}
        words = pd.DataFrame(columns, index=range(len(shown)))
        return words.rename(columns=lambda name: self.headers.get(name, str(name).replace("_", " ")))

    def _column_words(self, column: pd.Series) -> list[str]:
        kind = self.formats.get(str(column.name)) or kind_of(column)
        kinds = [
            self.row_formats.get(row, kind) if isinstance(value, float | int) else kind for row, value in column.items()
        ]
        return [format_value(value, which) for value, which in zip(column, kinds, strict=True)]

    @property
    def footnote(self) -> str:
        """The note, and how many rows there are when not all are shown."""
        total = len(self.frame)
        cut = f"The first {self.limit} of {total:,} rows." if self.limit is not None and total > self.limit else ""
        return " ".join(part for part in (cut, "" if total else "No rows.", self.note) if part)

    def to_html(self) -> str:
        """One `<table>` in a container of its own that scrolls; numbers carry their value for sorting."""
        shown = self.frame if self.limit is None else self.frame.head(self.limit)
        plain = _is_plain(shown.index)
        words = self.words
        values = list(shown.itertuples(index=not plain, name=None))
        head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in words.columns)
        body = "".join(_row(texts, row) for texts, row in zip(words.itertuples(index=False), values, strict=True))
        note = f'<p class="note">{escape(self.footnote)}</p>' if self.footnote else ""
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{escape(self.caption)}"><table>'
            f"<caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            f"{note}"
        )

    def to_text(self) -> str:
        """The same words as plain text."""
        lines = [self.caption, self.words.to_string(index=False) if len(self.frame) else "", self.footnote]
        return "\n".join(line for line in lines if line)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": self.to_text()}


def _is_plain(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) and index.name is None


def _row(texts: tuple[str, ...], values: tuple[Any, ...]) -> str:
    cells = [f'<th scope="row"{_value(values[0])}>{escape(texts[0])}</th>']
    cells += [f"<td{_value(value)}>{escape(text)}</td>" for text, value in zip(texts[1:], values[1:], strict=True)]
    return f"<tr>{''.join(cells)}</tr>"


def _value(value: Any) -> str:
    """Class and sort key of a number's cell."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    return f' class="number" data-value="{value:.10g}"' if is_number else ""


def performance(summary: pd.DataFrame, *, confidence: float = 0.95) -> Table:
    """`performance_summary`: value and interval in the unit of each row, its convention, and the rule of thumb."""
    frame = summary[["value", "lower", "upper"]].assign(
        rule_of_thumb=[RULES_OF_THUMB.get(str(metric), "") for metric in summary.index],
        convention=summary["convention"],
    )
    units = {"percent": "percent", "ratio": "ratio", "days": "count"}
    return Table(
        frame.rename(index=lambda name: str(name).replace("_", " ")),
        f"Performance and risk, with {confidence:.0%} intervals",
        row_formats={str(metric).replace("_", " "): units[unit] for metric, unit in summary["unit"].items()},
        note="lower and upper are the ends of a stationary block bootstrap interval: what a rerun of the same kind of "
        f"history could have shown. A dash marks a figure that describes one path only. {RULES_OF_THUMB_SOURCE}",
    )


def holdings(frame: pd.DataFrame, *, as_of: pd.Timestamp) -> Table:
    """`IndexHistory.holdings`: who is in, how much, since when and why."""
    columns = ["asset_id", "symbol", "rank", "target_weight", "weight", "price", "since", "reason"]
    return Table(
        frame[columns],
        f"Members at the close of {as_of:%Y-%m-%d}",
        formats={"target_weight": "percent", "weight": "percent"},
        headers={
            "asset_id": "asset",
            "target_weight": "target at the last trade",
            "weight": "weight now",
            "price": "price, USD",
        },
    )


def nearest_misses(frame: pd.DataFrame) -> Table:
    """`IndexHistory.nearest_misses`: who was left out most narrowly, and why."""
    return Table(
        frame,
        "The nearest misses at the last choice of members",
        formats={"rank_value": "usd"},
        headers={"asset_id": "asset", "rank_value": "ranked by, USD"},
    )


def trades(constituents: pd.DataFrame) -> Table:
    """The rows of one trade of `IndexHistory.constituents`: weight before and after."""
    columns = ["asset_id", "symbol", "status", "target_weight", "drifted_weight", "weight", "trade", "price"]
    return Table(
        constituents[columns].sort_values("trade", ascending=False, ignore_index=True),
        f"What was traded at the close of {constituents['effective_date'].iloc[0]:%Y-%m-%d}",
        formats={"target_weight": "percent", "drifted_weight": "percent", "weight": "percent", "trade": "change"},
        headers={
            "asset_id": "asset",
            "target_weight": "target",
            "drifted_weight": "before",
            "weight": "after",
            "trade": "traded, % of index",
            "price": "price, USD",
        },
    )


def drawdowns(frame: pd.DataFrame) -> Table:
    """`drawdown_table`: the deepest falls, and how long they took to heal."""
    columns = ["peak", "trough", "to", "depth", "days_to_trough", "days_to_recover"]
    return Table(
        frame[columns],
        "The deepest drawdowns",
        formats={"depth": "percent"},
        headers={"to": "recovered", "days_to_trough": "days to the trough", "days_to_recover": "days to recover"},
        note="A dash under recovered: not yet.",
    )


def trading_by_year(frame: pd.DataFrame) -> Table:
    """Sums of `IndexHistory.rebalances` by year: added, removed, turnover, cost."""
    return Table(
        frame.rename_axis("year"),
        "Trading by year, the first purchase left out",
        formats={"turnover": "percent", "cost": "precise percent"},
        headers={"turnover": "turnover, one-sided", "cost": "cost, % of the level"},
    )


def rolling(frame: pd.DataFrame, *, window_days: int) -> Table:
    """`rolling_summary`, one row per series: what a stay of one window brought, whenever it began."""
    numbers = ["worst", "median", "best"]
    return Table(
        frame.rename_axis("series"),
        f"Every window of {window_days} days",
        formats={"share_positive": "percent", "windows": "count"} | dict.fromkeys(numbers, "change"),
    )


def provenance(manifest: Manifest, given: Mapping[str, Any], commit: str, versions: Mapping[str, str]) -> Table:
    """What a result was made from: data, parameters, code and versions."""
    rows = {
        "snapshot": manifest.name,
        "fingerprint": manifest.fingerprint,
        "source": manifest.source,
        "retrieved": manifest.retrieved_at,
        "licence": manifest.licence,
        "dating": manifest.close_convention,
        "parameters": ", ".join(f"{name} = {value!r}" for name, value in given.items()),
        "code": f"commit {commit}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    return Table(pd.DataFrame({"what": list(rows), "is": list(rows.values())}), "Made from")
