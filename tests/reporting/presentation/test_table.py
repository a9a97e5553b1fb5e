"""A table is the same words as text and as HTML."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import ReportError
from research.reporting.presentation import display
from research.reporting.presentation.table import Table

FRAME = pd.DataFrame({"share": [0.5, np.nan], "note": ["a & b", "c"]}, index=pd.Index(["x", "y"], name="asset_id"))


def test_a_table_says_the_same_words_as_text_and_as_html() -> None:
    table = Table(FRAME, "Shares", formats={"share": "percent"}, headers={"asset_id": "asset"}, note="Source: none.")
    assert " ".join(table.to_text().split()) == "Shares asset share note x 50.0 % a & b y – c Source: none."
    html = table.to_html()
    assert '<th scope="col">asset</th><th scope="col" class="number">share</th>' in html
    assert '<th scope="row">x</th><td class="number" data-value="0.5">50.0\u00a0%</td><td>a &amp; b</td>' in html
    assert '<td class="number">–</td>' in html


def test_rows_with_units_of_their_own_are_formatted_by_row() -> None:
    frame = pd.DataFrame({"value": [0.5, 0.5]}, index=pd.Index(["cagr", "beta"], name="metric"))
    words = Table(frame, "T", row_formats={"cagr": "percent", "beta": "ratio"}).words
    assert list(words["value"]) == ["50.0\u00a0%", "0.50"]


def test_a_table_that_is_cut_says_so_and_an_empty_one_too() -> None:
    assert Table(FRAME, "T", limit=1).footnote == "The first 1 of 2 rows."
    assert len(Table(FRAME, "T", limit=1).words) == 1
    assert Table(FRAME.head(0), "T").footnote == "No rows."
    assert "<tbody></tbody>" in Table(FRAME.head(0), "T").to_html()


def test_a_table_refuses_a_format_for_a_column_that_is_not_there_and_an_index_without_a_name() -> None:
    with pytest.raises(ReportError, match="no column 'shere': did you mean 'share'"):
        Table(FRAME, "T", formats={"shere": "percent"})
    with pytest.raises(ReportError, match="the index has no name"):
        Table(FRAME.rename_axis(None), "T")


def test_totals_stand_in_a_foot_of_their_own_and_a_finding_is_shown_before_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table(FRAME, "T", foot=1, sortable=True, finding="y is *the* total")
    head, _, foot = table.to_html().partition("</tbody>")
    assert '<table class="sortable">' in head
    assert '<th scope="row">x</th>' in head
    assert foot.startswith('<tfoot><tr><th scope="row">y</th>')
    assert "<tfoot>" not in Table(FRAME, "T").to_html()
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(display, "_display", lambda data, metadata=None: shown.append(data))
    display.show_table(table)
    assert shown[0]["text/markdown"] == "### y is *the* total"
    assert "text/html" in shown[1]
