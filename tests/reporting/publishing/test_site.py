"""The page that lists all reports."""

from __future__ import annotations

from pathlib import Path

from research.reporting.publishing.site import Entry, write_index


def test_the_index_page_has_a_column_for_what_half_of_the_reports_show(tmp_path: Path) -> None:
    common = [{"label": "Level", "value": "1,000"}]
    verdicts = {"a": common, "b": common, "c": [*common, {"label": "Red flags", "value": "1"}], "d": []}
    entries = {name: Entry(title=name, verdict=verdict) for name, verdict in verdicts.items()}
    assert "Red flags" not in write_index(tmp_path, entries).read_text(encoding="utf-8")
    half = {name: entries[name] for name in ("b", "c", "d")}
    assert ">Red flags</th>" in write_index(tmp_path, half).read_text(encoding="utf-8")
