"""What is put on screen: figures with their digest and text alternative, the verdict strip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research.errors import ReportError
from research.reporting.presentation import display, figures, for_a_page
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
    about = metadata["figure"]
    assert about["alt"].startswith("Falls. Drawdown chart from 2020-01-01 to 2020-01-04. index: first -1, last -1.1")
    assert (about["title"], about["caption"]) == ("Falls", "How far.")
    assert plt.get_fignums() == []


def test_axes_of_unknown_origin_are_refused(shown: list[Any]) -> None:
    with pytest.raises(ReportError, match="not drawn by"):
        display.show_figure(plt.subplots()[1], title="T", caption="C")


def test_the_verdict_strip_carries_its_items_for_the_page(shown: list[Any]) -> None:
    display.show_verdict({"Level": "1,000", "As of": "2020-01-04"})
    [(data, metadata)] = shown
    assert metadata["verdict"] == [{"label": "Level", "value": "1,000"}, {"label": "As of", "value": "2020-01-04"}]
    assert "1,000" in data["text/plain"]
    assert "**1,000**" in data["text/markdown"]


def test_a_figure_without_a_single_day_has_a_text_alternative_too(shown: list[Any]) -> None:
    """As of an index whose history is too short for one forecast."""
    nothing = pd.DataFrame({"level": []}, index=pd.DatetimeIndex([]), dtype=float)
    display.show_figure(figures.rolling(nothing, source="test", unit="level"), title="T", caption="C")
    [(_, metadata)] = shown
    assert metadata["figure"]["alt"].startswith("T. Empty figure, the history is too short. level: first nan")


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
    texts_shown = [str(text) for output in outputs for kind, text in output.items() if kind != "image/png"]
    assert len(texts_shown) == 9
    for text in texts_shown:
        assert not re.search("[\x1b\r\u202e]", text)
        assert r"\x1b(2J" in text.replace("\\\\", "\\").replace("&#92;", "\\")


def test_for_a_page_a_figure_is_two_drawings_and_no_picture(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(for_a_page.VARIABLE, "1")
    display.show_figure(figures.drawdowns(LEVELS / 100 - 2, source="test"), title="T", caption="C")
    [(data, metadata)] = shown
    assert set(data) == {"text/plain"}
    assert metadata["figure"]["wide"].startswith("<svg")
    assert metadata["figure"]["narrow"].startswith("<svg")


def test_raw_values_of_a_market_that_may_not_be_passed_on_are_in_no_figure_and_no_table(
    shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(for_a_page.VARIABLE, "1")
    frame = pd.DataFrame({"asset": ["a"], "weight": [0.25], "price": [1234.5]})
    table = Table(frame, "Members", headers={"price": "price, USD"}, formats={"price": "usd"}, raw=("price",))
    for withheld in ("", "1"):
        monkeypatch.setenv(for_a_page.WITHHOLDS, withheld)
        display.show_figure(figures.drawdowns(LEVELS / 100 - 2, source="test"), title="T", caption="C")
        display.show_table(table)
    free_figure, free_table, figure, told = shown
    assert "csv" in free_figure[1]["figure"]
    assert 'data-value="1234.5"' in free_table[0]["text/html"]
    assert "csv" not in figure[1]["figure"]
    assert "digest" in figure[1]["figure"]
    for text in told[0].values():
        assert "price" not in text
        assert "1234.5" not in text
        assert "0.25" in text
        assert "Raw values are left out" in text
