"""Figures with their digest, tables in words, prose with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research.errors import ReportError
from research.reporting.factsheet import tables as factsheet_tables
from research.reporting.presentation import display, figures, texts
from research.reporting.presentation.formats import MISSING, format_value
from research.reporting.presentation.table import Table

DAYS = pd.date_range("2020-01-01", periods=4, name="date")
LEVELS = pd.DataFrame({"index": [100.0, 120.0, 60.0, 90.0], "bitcoin": [np.nan, 5.0, 10.0, 7.5]}, index=DAYS)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[dict[str, str], dict[str, Any]]]]:
    """What was put on screen: data and metadata of each output."""
    outputs: list[tuple[dict[str, str], dict[str, Any]]] = []
    monkeypatch.setattr(display, "_display", lambda data, metadata=None: outputs.append((data, metadata or {})))
    yield outputs
    plt.close("all")


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (0.12345, "percent", "12.3\u00a0%"),
        (-0.5, "percent", "\u221250.0\u00a0%"),
        (0.12345, "change", "+12.3\u00a0%"),
        (-0.00001, "change", "0.0\u00a0%"),
        (-0.0, "ratio", "0.00"),
        (1.005e9, "usd", "1.0\u00a0bn"),
        (-2.5e6, "usd", "\u22122.5\u00a0m"),
        (12.3, "usd", "12.30"),
        (19579.17, "number", "19,579"),
        (4.70269, "number", "4.7027"),
        (0.00123456, "number", "0.0012346"),
        (2101, "count", "2,101"),
        (pd.Timestamp("2020-02-03"), "date", "2020-02-03"),
        (True, "text", "yes"),
        ("two-fold", "text", "two-fold"),
        (float("nan"), "percent", MISSING),
        (pd.NaT, "date", MISSING),
        (pd.NA, "count", MISSING),
        (None, "text", MISSING),
    ],
)
def test_a_number_reads_as_its_kind_says_and_what_is_missing_is_a_dash(value: Any, kind: str, words: str) -> None:
    assert format_value(value, kind) == words


def test_an_infinite_number_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(ReportError, match="infinite"):
        format_value(float("inf"), "ratio")
    with pytest.raises(ReportError, match="did you mean 'percent'"):
        format_value(1.0, "procent")


def test_the_digest_of_a_figure_is_the_numbers_that_were_plotted() -> None:
    words = " ".join(display.digest(LEVELS).split())
    assert words == "n first last min max mean index 4 100 90 60 120 92.5 bitcoin 3 5 7.5 5 10 7.5"


def test_a_changed_figure_has_another_digest(shown: list[Any]) -> None:
    for frame in (LEVELS, LEVELS * 1.0001):
        display.show_figure(figures.drawdowns(frame / 1000 - 1, source="test"), title="T", caption="C")
    first, second = (data["text/plain"] for data, _ in shown)
    assert first != second


def test_a_figure_is_shown_once_with_caption_and_a_text_alternative_from_its_data(shown: list[Any]) -> None:
    display.show_figure(figures.drawdowns(LEVELS / 100 - 2, source="test"), title="Falls", caption="How far.")
    [(data, metadata)] = shown
    assert data["image/png"].startswith("iVBOR")
    about = metadata["image/png"]
    assert about["alt"].startswith("Falls. Drawdown chart from 2020-01-01 to 2020-01-04. index: first -1, last -1.1")
    assert (about["title"], about["caption"]) == ("Falls", "How far.")
    assert plt.get_fignums() == []


def test_axes_of_unknown_origin_are_refused(shown: list[Any]) -> None:
    with pytest.raises(ReportError, match="not drawn by"):
        display.show_figure(plt.subplots()[1], title="T", caption="C")


def test_levels_meet_on_the_first_day_of_each_series() -> None:
    axes = figures.levels(LEVELS, source="test")
    index, bitcoin = (line.get_ydata() for line in axes.get_lines())
    assert list(index) == [100, 120, 60, 90]
    assert list(bitcoin[1:]) == [120, 240, 180]
    assert axes.get_yscale() == "log"
    plt.close("all")


def test_weights_beyond_the_largest_are_shown_together_and_nothing_is_left_out() -> None:
    weights = pd.DataFrame(np.full((4, 12), 1 / 12), index=DAYS, columns=[f"asset-{n:02d}" for n in range(12)])
    axes = figures.weights(weights, source="test", shown=9)
    _, labels = axes.get_legend_handles_labels()
    assert labels[-1] == "3 others"
    assert figures.PLOTTED[axes][1].sum(axis=1).to_numpy() == pytest.approx(1.0)
    plt.close("all")


def test_every_cell_of_the_heatmap_says_its_number() -> None:
    table = pd.DataFrame({"Jan": [0.1, -0.2], "Feb": [np.nan, 0.0], "Year": [0.5, -0.2]}, index=[2020, 2021])
    axes = figures.monthly_heatmap(table, source="test")
    assert [text.get_text() for text in axes.texts] == ["+10", "+50", "\u221220", "+0", "\u221220"]
    plt.close("all")


def test_every_figure_labels_its_axis_with_a_unit_and_names_its_source() -> None:
    returns = LEVELS.pct_change(fill_method=None)
    drawn = [
        figures.levels(LEVELS, source="the vendor"),
        figures.drawdowns(returns, source="the vendor"),
        figures.rolling_returns(returns, source="the vendor", window_days=2),
        figures.weights(LEVELS.fillna(1.0) / 1000, source="the vendor"),
    ]
    for axes in drawn:
        assert axes.get_ylabel()
        figure = axes.get_figure()
        assert figure is not None
        assert figure.get_supxlabel() == "Source: the vendor"
    assert all("%" in axes.get_ylabel() for axes in drawn[1:])
    plt.close("all")


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


def test_the_performance_table_shows_thresholds_as_rules_of_thumb_and_names_their_source() -> None:
    columns = {"value": 0.9, "lower": -0.1, "upper": 1.8, "unit": "ratio", "convention": "Arithmetic."}
    table = factsheet_tables.performance(pd.DataFrame(columns, index=pd.Index(["sharpe_ratio"], name="metric")))
    assert "Rule of thumb: above 1 good" in table.to_text()
    assert "not a verdict" in table.footnote
    assert list(table.words.iloc[0, :4]) == ["sharpe ratio", "0.90", "\u22120.10", "1.80"]


def test_the_verdict_strip_carries_its_items_for_the_page(shown: list[Any]) -> None:
    display.show_verdict({"Level": "1,000", "As of": "2020-01-04"})
    [(data, metadata)] = shown
    assert metadata["verdict"] == [{"label": "Level", "value": "1,000"}, {"label": "As of", "value": "2020-01-04"}]
    assert "1,000" in data["text/plain"]
    assert "**1,000**" in data["text/markdown"]


def test_a_few_months_are_not_blown_up_to_a_year() -> None:
    periods = pd.Series({"YTD": 0.1, "SI": 0.2})
    for days, growth in ((365, "\u2013"), (366, "+20.0\u00a0%")):
        level = pd.Series(100.0, index=pd.date_range("2020-06-01", periods=days))
        items = texts.verdict(level, periods=periods, growth=0.2, drawdown=0.0, caveats=[])
        assert items["A year (CAGR)"] == growth


def test_a_history_too_short_for_a_figure_says_so_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    day = LEVELS.tail(1)
    drawn = [
        figures.levels(day, source="test"),
        figures.drawdowns(day * np.nan, source="test"),
        figures.rolling_returns(LEVELS * np.nan, source="test", window_days=365),
        figures.weights(day / 1000, source="test"),
        figures.monthly_heatmap(pd.DataFrame(columns=["Jan", "Year"]), source="test"),
    ]
    for axes in drawn:
        assert [text.get_text() for text in axes.texts] == ["Nothing to show: the history is too short."]
        assert "too short" in display.describe("T", *figures.PLOTTED[axes])
        assert display.digest(figures.PLOTTED[axes][1])
    assert not recwarn.list
    plt.close("all")


@pytest.mark.parametrize(
    ("removed", "words"), [(0, "No member was ever removed"), (1, "Once a member was"), (3, "3 times a member was")]
)
def test_what_hangs_on_dead_tokens_is_said(removed: int, words: str) -> None:
    index: Any = SimpleNamespace(
        events=pd.DataFrame({"event": ["carried", *["removed"] * removed]}),
        level_if_removed_at_last_price=pd.Series([100.0, 1234.0]),
        level_if_removed_at_zero=pd.Series([100.0, 1200.0]),
        dead_token_sensitivity=0.0123,
    )
    text = texts.dead_tokens(index)
    assert text.startswith(words)
    assert (
        "**1,234**; written off, it would be **1,200**: a growth rate 1.23 percentage points a year lower" in text
    ) == (removed > 0)


def test_names_in_a_figure_are_drawn_as_they_stand(shown: list[Any]) -> None:
    formula, hidden = r"$\frac{$ a \$", "_hidden" + "x" * 500
    axes = figures.levels(LEVELS.set_axis([formula, hidden], axis="columns"), source="$_{$ & co")
    legend = axes.get_legend()
    assert legend is not None
    first, second = (text.get_text() for text in legend.get_texts())  # an underscore would leave the legend
    assert first == formula
    assert second.strip() == f"{hidden[:59]}…"
    bars = figures.bars(pd.DataFrame({"x": [0.1, -0.1]}, index=[formula, hidden]), source="s", unit="$u_{$")
    for drawn in (axes, bars):
        display.show_figure(drawn, title="$t_{$", caption="C")
    assert all(data["image/png"].startswith("iVBOR") for data, _ in shown)


def test_prose_keeps_its_emphasis_and_nothing_else_takes_effect(shown: list[Any]) -> None:
    display.show_text("**7** days <b>x</b> [y](javascript:z) $1$")
    [(data, _)] = shown
    assert data["text/markdown"].startswith("**7** days &#60;b>x&#60;/b>")
    assert not {"<", "[", "$"} & set(data["text/markdown"])
    assert data["text/plain"] == "**7** days <b>x</b> [y](javascript:z) $1$"


def test_control_characters_are_spelled_out_in_all_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: outputs.append(data | (metadata or {})))
    evil = "\x1b(2J\u202e\r"
    frame = pd.DataFrame({evil: [evil, "a"]}, index=pd.Index([evil, "b"], name=f"x{evil}"))
    display.show_table(Table(frame, evil, note=evil))
    display.show_text(evil)
    display.show_verdict({evil: evil})
    lines = LEVELS.rename(columns={"index": evil}) / 99 - 3
    display.show_figure(figures.drawdowns(lines, source=evil), title=evil, caption=evil)
    texts_shown = [str(text) for output in outputs for kind, text in output.items() if "/" in kind or kind == "verdict"]
    assert len(texts_shown) == 9
    for text in texts_shown:
        assert not re.search("[\x1b\r\u202e]", text)
        assert r"\x1b(2J" in text.replace("\\\\", "\\").replace("&#92;", "\\")
