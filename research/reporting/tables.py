"""A frame as a table a reader can use: caption, units, number formats, the same in a notebook and on a page.

Nothing is computed here. `show_table` in `display.py` puts a table on screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pandas as pd

from research.errors import ReportError, suggest
from research.reporting.formats import format_value, kind_of


@dataclass(frozen=True, kw_only=True, eq=False)
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
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f' class="number" data-value="{value:.10g}"' if is_number else ""
