"""What a build did, for mail, chat and programs."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

from research.reporting.publishing.build import BuildResult
from research.reporting.publishing.site.manifest import Entry
from research.reporting.publishing.summary import as_text, summary

from .conftest import Project, built

TODAY = dt.date(2024, 1, 20)
GOOD = Entry(title="Good", last_success="x", data_until="2024-01-19", fingerprint={"code": "1"})


def test_each_report_has_its_state_and_old_data_are_named_unless_they_were_simulated(tmp_path: Path) -> None:
    after = {
        "good": GOOD,
        "old": replace(GOOD, data_until="2024-01-05"),
        "simulated": replace(GOOD, data_until="2020-01-01", simulated=True),
        "bad": replace(GOOD, error="the well is dry"),
        "strange": replace(GOOD, impossible="no tag"),
        "waiting": Entry(title="Waiting"),
    }
    failures = {"bad": "/home/me: the well is dry"}
    before = {"good": replace(GOOD, fingerprint={"code": "0"})}
    result = BuildResult(out=tmp_path, failures=failures, built=["good"], before=before, after=after)
    content = summary(result, stale_after_days=9, today=TODAY)
    states = {report["name"]: report["state"] for report in content["reports"]}
    assert states == {
        "good": "published", "old": "unchanged", "simulated": "unchanged", "bad": "failed", "strange": "not possible",
        "waiting": "not built",
    }  # fmt: skip
    assert {report["name"]: report["days_old"] for report in content["reports"] if report["days_old"]} == {"old": 15}
    assert content["reports"][0]["why"] == ["the code changed"]
    text = as_text(content, "markdown")
    assert "- **Good** published (the code changed)\n" in text
    assert "- **Good** failed: the well is dry\n" in text
    assert "data end on 2024-01-05, 15 days ago" in text
    assert "/home" not in text
    assert json.loads(as_text(content, "json")) == content


def test_nothing_in_a_name_or_message_is_obeyed_where_markdown_is_shown(tmp_path: Path) -> None:
    hostile = replace(GOOD, title="[a](b) **x** <img> @all \x1b[2J", error="`rm`\n# head")
    result = BuildResult(out=tmp_path, failures={}, after={"bad": hostile})
    text = as_text(summary(result, stale_after_days=9, today=TODAY), "markdown")
    assert r"\[a\](b) \*\*x\*\* \<img\> \@all \\x1b\[2J** failed: \`rm\` \# head" in text
    assert "\x1b" not in text


FLAGGED = """
import pandas as pd
from research.reporting.presentation.display import show_table, show_verdict
from research.reporting.presentation.table import Table

show_verdict({"Level": str(LEVEL)})
flags = pd.DataFrame({"found": ["FLAG"]}, index=pd.Index(["beta drift"], name="flag"))
show_table(Table(flags, "Red flags, found or not"))
"""


def test_what_changed_since_the_edition_before_and_new_flags_are_told(project: Project) -> None:
    project.notebook("walk", FLAGGED.replace("LEVEL", "100").replace("FLAG", "no"))
    project.reports(walk="")
    first = built(project)
    content = summary(first, stale_after_days=9, today=TODAY)
    assert (content["reports"][0]["why"], content["reports"][0]["changes"]) == (["new"], [])
    project.notebook("walk", FLAGGED.replace("LEVEL", "110").replace("FLAG", "serious"))
    second = built(project)
    assert second.edition == f"{first.edition}-2"
    [report] = summary(second, stale_after_days=9, today=TODAY)["reports"]
    assert report["why"] == ["the notebook changed"]
    assert report["changes"] == [
        {"what": "Level", "before": "100", "after": "110"},
        {"what": "Red flags, found or not, beta drift, found", "before": "no", "after": "serious"},
    ]
    assert report["new_flags"] == ["beta drift"]
