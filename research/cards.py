"""`Card`: what an object says of itself, as HTML in a notebook and as plain text in a terminal.

A card is made of words that are computed already. It has no colours and asks for no file: it follows the light or dark
theme that it is shown in. Names of a market are foreign, and shown as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from research.errors import printable

_CELL = "vertical-align:top;padding:0.2em 0.6em"
_LEFT = f' style="text-align:left;{_CELL}"'
_RIGHT = f' style="text-align:right;{_CELL}"'
_CAPTION = ' style="text-align:left;white-space:nowrap"'


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """What is shown of one object.

    Attributes
    ----------
    title : str
    sentences : sequence of str
        Prose under the title, a paragraph each; empty ones are left out.
    facts : mapping of str to str
        Label -> value in words, in order.
    tables : mapping of str to DataFrame
        Caption -> cells in words; the first column names the rows.
    numbers : collection of str
        Columns of the tables that are aligned to the right.
    next_steps : str
        What to ask next, as code.
    """

    title: str
    sentences: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    numbers: Sequence[str] = ()
    next_steps: str = ""

    def to_html(self) -> str:
        """One labelled group of paragraphs and tables, everything in it escaped."""
        parts = [f"<p><strong>{_shown(self.title)}</strong></p>"]
        parts += [f"<p>{_shown(sentence)}</p>" for sentence in self.sentences if sentence]
        if self.facts:
            rows = "".join(
                f'<tr><th scope="row"{_LEFT}>{_shown(label)}</th><td{_LEFT}>{_shown(value)}</td></tr>'
                for label, value in self.facts.items()
            )
            parts.append(f"<table><tbody>{rows}</tbody></table>")
        parts += [self._table(caption, cells) for caption, cells in self.tables.items()]
        if self.next_steps:
            parts.append(f"<p><code>{_shown(self.next_steps)}</code></p>")
        return f'<div role="group" style="line-height:1.4" aria-label="{_shown(self.title)}">{"".join(parts)}</div>'

    def _table(self, caption: str, cells: pd.DataFrame) -> str:
        styles = [_RIGHT if str(name) in self.numbers else _LEFT for name in cells.columns]
        head = "".join(
            f'<th scope="col"{style}>{_shown(str(name))}</th>'
            for name, style in zip(cells.columns, styles, strict=True)
        )
        rows = []
        for first, *others in cells.itertuples(index=False):
            row = [f'<th scope="row"{styles[0]}>{_shown(str(first))}</th>']
            row += [f"<td{style}>{_shown(str(cell))}</td>" for cell, style in zip(others, styles[1:], strict=True)]
            rows.append(f"<tr>{''.join(row)}</tr>")
        return (
            f"<table><caption{_CAPTION}>{_shown(caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )

    def to_text(self) -> str:
        """The same words in lines and columns."""
        width = max(map(len, self.facts), default=0)
        lines = [self.title, *filter(None, self.sentences)]
        lines += [f"{label:<{width}}  {value}" for label, value in self.facts.items()]
        for caption, cells in self.tables.items():
            lines += ["", f"{caption}:", cells.to_string(index=False) if len(cells) else "none"]
        lines += ["", self.next_steps] if self.next_steps else []
        return printable("\n".join(lines), keep="\n")


def _shown(text: str) -> str:
    return escape(printable(text, keep="\n"))


class Carded:
    """What shows a card where a notebook cell ends with it."""

    @property
    def _card(self) -> Card:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self._card.to_html()
