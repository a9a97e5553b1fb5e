"""The page that lists all reports."""

from __future__ import annotations

from research.reporting.publishing.site.index_page import index_page
from research.reporting.publishing.site.manifest import Entry


def test_the_index_page_has_a_column_for_what_half_of_the_reports_show() -> None:
    common = [{"label": "Level", "value": "1,000"}]
    verdicts = {"a": common, "b": common, "c": [*common, {"label": "Red flags", "value": "1"}], "d": []}
    entries = {name: Entry(title=name, verdict=verdict) for name, verdict in verdicts.items()}
    assert "Red flags" not in index_page(entries)
    half = {name: entries[name] for name in ("b", "c", "d")}
    assert ">Red flags</th>" in index_page(half)
