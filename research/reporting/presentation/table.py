"""`Table`: a captioned frame with units and number formats, the same in a notebook and on a page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from research.errors import ReportError, printable, suggest
from research.reporting.presentation.formats import NUMERIC, format_value, kind_of

WITHHELD = "Raw values are left out: the licence of this market forbids passing them on."
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
    finding : str
        What the table shows, in a sentence with computed numbers, as Markdown: a heading above it.
    sortable : bool
        Whether a page lets a reader sort it: where there are many rows, and more than one order that tells.
    foot : int
        How many of the last rows are totals, which stay at the foot however the others are sorted.
    folded : bool
        Whether a page shows the caption alone until a reader opens it: for what most readers do not need.
    raw : tuple of str
        Columns with raw values of a market: left out where its licence forbids passing them on.
    metadata : mapping
        What a program that reads the notebook should know of the table, e.g. which snapshot it names.
    """

    frame: pd.DataFrame
    caption: str
    _: KW_ONLY
    formats: Mapping[str, str] = field(default_factory=dict)
    row_formats: Mapping[Any, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    limit: int | None = None
    finding: str = ""
    sortable: bool = False
    foot: int = 0
    folded: bool = False
    raw: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.frame.index.name is None and not isinstance(self.frame.index, pd.RangeIndex):
            raise ReportError(f"table {self.caption!r}: the index has no name, so its column has no header.")
        known = [*map(str, self.frame.columns), str(self.frame.index.name)]
        for name in [*self.formats, *self.headers, *self.raw]:
            if name not in known:
                raise ReportError(f"table {self.caption!r} has no column {name!r}: {suggest(name, known)}")

    def without_raw(self) -> Table:
        """The same table without its `raw` columns; a note says that they are left out."""
        if not self.raw:
            return self
        formats, headers = (
            {key: value for key, value in named.items() if key not in self.raw}
            for named in (self.formats, self.headers)
        )
        note = f"{self.note} {WITHHELD}".strip()
        return replace(
            self, frame=self.frame.drop(columns=list(self.raw)), raw=(), note=note, formats=formats, headers=headers
        )

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
        return words.rename(columns=lambda name: printable(self.headers.get(name, str(name).replace("_", " "))))

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
        head, *body = (f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
        foot = "".join(body[len(body) - self.foot :])
        kind = ' class="sortable"' if self.sortable else ""
        note = f'<p class="note">{escape(self.footnote)}</p>' if self.footnote else ""
        table = (
            f'<div class="table" role="region" tabindex="0" aria-label="{escape(self.caption)}"><table{kind}>'
            f"<caption>{escape(self.caption)}</caption><thead>{head}</thead>"
            f"<tbody>{''.join(body[: len(body) - self.foot])}</tbody>"
            f"{foot and f'<tfoot>{foot}</tfoot>'}</table></div>{note}"
        )
        return f"<details><summary>{escape(self.caption)}</summary>{table}</details>" if self.folded else table

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
        return {
            "text/html": printable(self.to_html(), keep="\n"),
            "text/plain": printable(self.to_text(), keep="\n"),
        }
