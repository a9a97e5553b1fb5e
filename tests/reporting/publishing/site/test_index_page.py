"""The page that lists all reports."""

from __future__ import annotations

from research.reporting.publishing.site.index_page import index_page
from research.reporting.publishing.site.manifest import Entry


def test_the_index_page_has_a_column_for_what_more_than_half_of_the_reports_show() -> None:
    common = [{"label": "Level", "value": "1,000"}]
    verdicts = {"a": common, "b": common, "c": [*common, {"label": "Red flags", "value": "1"}], "d": []}
    entries = {name: Entry(title=name, verdict=verdict) for name, verdict in verdicts.items()}
    assert "Red flags" not in index_page(entries)
    half = {name: entries[name] for name in ("b", "c", "d")}  # d shows none
    assert "Red flags" not in index_page(half)
    most = {"c": entries["c"], "d": entries["d"]}
    assert ">Red flags</th>" in index_page(most)


def test_the_index_page_says_simulated_on_each_sheet_of_paper_if_any_report_is() -> None:
    real, simulated = Entry(title="real"), Entry(title="made up", simulated=True)
    assert '@top-right { content: "SIMULATED' in index_page({"real": real, "made-up": simulated})
    assert "@top-right" not in index_page({"real": real})
