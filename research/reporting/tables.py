"""A frame as a table a reader can use: caption, units, number formats, the same in a notebook and on a page.

`Table` takes any frame; the functions below it know the frames of this package and how their columns read. Nothing is
computed here. `show_table` in `display.py` puts a table on screen.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from research.errors import ReportError, suggest
from research.market.manifest import Manifest
from research.reporting.formats import NUMERIC, format_value, kind_of
from research.reporting.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE

_LONG = 40
"""Characters from which a column of text gets room for sentences."""


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
        if self.frame.index.name is None and not isinstance(self.frame.index, pd.RangeIndex):
            raise ReportError(f"table {self.caption!r}: the index has no name, so its column has no header.")
        known = [*map(str, self.frame.columns), str(self.frame.index.name)]
        for name in [*self.formats, *self.headers]:
            if name not in known:
                raise ReportError(f"table {self.caption!r} has no column {name!r}: {suggest(name, known)}")

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The rows that are shown, the row headers as the first column."""
        frame = self.frame if self.limit is None else self.frame.head(self.limit)
        if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
            frame = frame.reset_index()
        return frame

    @cached_property
    def words(self) -> pd.DataFrame:
        """The shown rows as text, with the headers a reader sees."""
        shown = self.shown
        words = pd.DataFrame(
            {
                name: [format_value(value, self._kind(name, row)) for row, value in enumerate(shown[name])]
                for name in shown.columns
            },
            index=shown.index,
            dtype=object,
        )
        return words.rename(columns=lambda name: self.headers.get(name, str(name).replace("_", " ")))

    def _kind(self, name: Hashable, row: int | None = None) -> str:
        """The format of a column, or of one cell: numbers in a row that has a unit of its own are in that unit."""
        kind = self.formats.get(str(name)) or kind_of(self.shown[name])
        if row is None or kind not in NUMERIC:
            return kind
        return self.row_formats.get(self.shown.iloc[row, 0], kind)

    @property
    def footnote(self) -> str:
        """The note, and how many rows there are when not all are shown."""
        total = len(self.frame)
        cut = f"The first {self.limit} of {total:,} rows." if self.limit is not None and total > self.limit else ""
        return " ".join(part for part in (cut, "" if total else "No rows.", self.note) if part)

    def to_html(self) -> str:
        """One `<table>` in a container of its own that scrolls; numbers carry their value for sorting."""
        columns = [self._column_html(position) for position in range(self.shown.shape[1])]
        head, *body = ("".join(cells) for cells in zip(*columns, strict=True))
        note = f'<p class="note">{escape(self.footnote)}</p>' if self.footnote else ""
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{escape(self.caption)}"><table>'
            f"<caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(f'<tr>{row}</tr>' for row in body)}</tbody></table></div>{note}"
        )

    def _column_html(self, position: int) -> list[str]:
        """The header and the cells of one column."""
        values, words = self.shown.iloc[:, position], self.words.iloc[:, position]
        kind = self._kind(values.name)
        style = "number" if kind in NUMERIC else "date" if kind == "date" else ""
        style = "long" if kind == "text" and words.str.len().max() > _LONG else style
        style = f' class="{style}"' if style else ""
        tag, scope = ("td", "") if position else ("th", ' scope="row"')
        keys = [
            f' data-value="{float(value):.10g}"' if kind in NUMERIC and not pd.isna(value) else "" for value in values
        ]
        return [f'<th scope="col"{style}>{escape(str(words.name))}</th>'] + [
            f"<{tag}{scope}{style}{key}>{escape(text)}</{tag}>" for text, key in zip(words, keys, strict=True)
        ]

    def to_text(self) -> str:
        """The same words as plain text."""
        lines = [self.caption, self.words.to_string(index=False) if len(self.frame) else "", self.footnote]
        return "\n".join(line for line in lines if line)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": self.to_text()}


def performance(summary: pd.DataFrame, *, confidence: float = 0.95) -> Table:
    """`performance_summary`: value and interval in the unit of each row, its convention, and the rule of thumb."""
    thumb = RULES_OF_THUMB
    notes = [
        f"{text} Rule of thumb: {thumb[str(metric)]}." if metric in thumb else text
        for metric, text in summary["convention"].items()
    ]
    frame = summary[["value", "lower", "upper"]].assign(convention=notes)
    units = {"fraction": "percent", "ratio": "ratio", "days": "count"}
    return Table(
        frame.rename(index=lambda name: str(name).replace("_", " ")),
        f"Performance and risk, with {100 * confidence:g}\u00a0% intervals",
        row_formats={str(metric).replace("_", " "): units[unit] for metric, unit in summary["unit"].items()},
        note="lower and upper are the ends of a stationary block bootstrap interval: what a rerun of the same kind of "
        f"history could have shown. A dash marks a figure that describes one path only. {RULES_OF_THUMB_SOURCE}",
    )


def holdings(frame: pd.DataFrame, *, as_of: pd.Timestamp) -> Table:
    """`IndexHistory.holdings`: who is in, how much, since when and why."""
    columns = ["asset_id", "symbol", "target_weight", "weight", "price", "since", "reason"]
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
        formats=dict.fromkeys(("target_weight", "drifted_weight", "weight"), "fine percent") | {"trade": "fine change"},
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
        frame.set_axis(frame.index.astype(str).rename("year")),
        "Trading by year, the first purchase left out",
        formats={"turnover": "percent", "cost": "fine percent"},
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


def events(frame: pd.DataFrame, *, limit: int = 15) -> Table:
    """`IndexHistory.events`, the latest first."""
    return Table(
        frame.iloc[::-1].reset_index(drop=True),
        "Events, the latest first",
        formats={"effect_bps": "ratio"},
        headers={"asset_id": "asset", "effect_bps": "effect on the level, basis points"},
        limit=limit,
    )
