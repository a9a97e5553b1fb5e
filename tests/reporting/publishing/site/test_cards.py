"""The index page as a review: what stands on a card is shown, and nothing is lost that has none."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from research.reporting.publishing import shelf
from research.reporting.publishing.data_files import CARD, CARD_FORMAT
from research.reporting.publishing.placing import digest_of
from research.reporting.publishing.site.cards import cards, days_old
from research.reporting.publishing.site.index_page import FIGURES, Editions, Shown, index_page
from research.reporting.publishing.site.manifest import Entry
from tests.reporting.publishing.conftest import Project, built, entries

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0l9 9"/></svg>'
FIGURE = {"title": "Level", "caption": "c", "alt": "Level. Line.", "drawing": DRAWING}


def row(series: str, kind: str, since: str = "2020-01-01") -> dict[str, object]:
    figures = {name: {"text": f"{series} {name}", "value": 0.5, "less": ""} for name in FIGURES}
    figures["growth"]["less"] = "−1.5"
    return {"series": series, "kind": kind, "since": since, "until": "2024-12-31", "figures": figures}


def card(name: str = "Ten", since: str = "2020-01-01", **changed: object) -> dict[str, object]:
    moved = {"effective_date": "2024-12-02", "cause": "rebalance", "turnover": 0.1, "in": ["newcomer"], "out": []}
    rows = [row(name, "index", since), row("bitcoin", "asset", since), row("Total Market", "rulebook", since)]
    rows.append(row("same rules, equal weights", "variant"))
    flag = {"flag": "Beta drift", "severity": "warning", "evidence": "the beta of it", "since": "2024-01-01"}
    return {
        "format": CARD_FORMAT,
        "benchmark": "bitcoin",
        "rows": rows,
        "flags": [flag],
        "last_rebalance": moved,
        "last_change": moved | {"effective_date": "2024-07-02"},
        "review": False,
        "answers": [{"question": "Is it consistent?", "answer": "It is."}],
        "spark": FIGURE,
        "drawings": [FIGURE] * 3,
    } | changed


def entry(title: str, notebook: str = "index_factsheet.ipynb", **changed: object) -> Entry:
    given = {"last_success": "2025-01-01T00:00:00Z", "data_until": "2024-12-31", "snapshots": {"vendor": "f"}}
    return Entry(title=title, notebook=notebook, **(given | {"parameters": {"rulebook": title}} | changed))


def text_of(html: str) -> str:
    main = html[html.index("<main") : html.index("</main>")]
    words = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", main, flags=re.DOTALL))
    return " ".join(unescape(words).split())


def test_an_index_has_one_row_with_all_of_its_pages_and_other_pages_are_listed_apart() -> None:
    shown = {
        "ten": entry("Ten"),
        "ten-audit": entry("Ten: audit", "index_audit.ipynb", parameters={"rulebook": "Ten"}),
        "market": entry(
            "The market", "market_review.ipynb", parameters={}, verdict=[{"label": "Assets", "value": "80"}]
        ),
    }
    html = index_page(shown, None, Shown(cards={"ten": card()}))
    assert html.count('scope="row"><a href="ten.html">') == 2  # the index, and how its page was made
    assert '<a href="ten.html">Factsheet</a><br>' in html
    assert '<a href="ten-audit.html">Audit</a>' in html
    others = html[html.index("Other pages") : html.index("How the pages of indices")]
    assert "The market" in others
    assert ">Assets</th>" in others
    assert "Ten" not in others


def test_figures_differences_answers_flags_and_moves_of_a_card_are_shown() -> None:
    text = text_of(index_page({"ten": entry("Ten")}, None, Shown(cards={"ten": card()})))
    for words in ("Ten growth", "−1.5 pts", "Is it consistent? It is.", "Beta drift (warning, since 2024-01-01)"):
        assert words in text
    assert "rebalance; in: newcomer; out: none" in text
    assert "Members that came and went last 2024-07-02" in text


def test_references_are_there_once_for_a_market_from_the_index_that_goes_back_most() -> None:
    shown = {"young": entry("Young"), "old": entry("Old")}
    both = {"young": card("Young", "2022-01-01"), "old": card("Old", "2019-01-01")}
    text = text_of(index_page(shown, None, Shown(cards=both)))
    assert text.count("bitcoin reference") == 1
    assert "bitcoin reference, since 2019-01-01" in text
    assert "Total Market reference, since 2019-01-01" in text
    assert "equal weights reference" not in text
    shown["old"] = entry("Old", snapshots={"another": "e"})
    text = text_of(index_page(shown, None, Shown(cards=both)))
    assert "bitcoin reference, vendor, since 2022-01-01" in text
    assert "bitcoin reference, another, since 2019-01-01" in text


def test_a_review_that_is_called_for_and_old_data_and_a_failure_are_plain_to_see() -> None:
    shown = {"ten": entry("Ten", error="the well is dry", last_attempt="2025-02-01T00:00:00Z")}
    html = index_page(shown, None, Shown(cards={"ten": card(review=True)}, days_old={"ten": 31}))
    alerts = html[html.index('<ul class="alerts">') : html.index("</ul>")]
    assert "the well is dry" in alerts
    assert "the last good one" in alerts
    assert "to the close of 2024-12-31, 31 days before" in alerts
    assert '<span class="failed">review</span>' in html
    quiet = index_page({"ten": entry("Ten")}, None, Shown(cards={"ten": card()}))
    assert 'class="alerts"' not in quiet.split("<main")[1]
    assert '<span class="failed">' not in quiet


def test_a_page_that_was_never_made_is_listed_with_its_failure() -> None:
    shown = {
        "ten": entry("Ten"),
        "ten-audit": Entry(title="Ten: audit", error="no", last_attempt="2025-01-01T00:00:00Z"),
    }
    html = index_page(shown, None, Shown(cards={"ten": card()}))
    assert "ten-audit.html" not in html
    assert "Ten: audit failed" in text_of(html)


def test_what_changed_since_the_edition_before_is_shown() -> None:
    change = {"state": "changed", "why": ["data until 2025-01-07"], "figures_changed": 9, "new_flags": ["beta drift"]}
    change["changes"] = [{"what": "Level", "before": "1,000", "after": "1,100"}]
    text = text_of(index_page({"ten": entry("Ten")}, None, Shown(cards={"ten": card()}, changes={"ten": change})))
    assert "9 figures changed (data until 2025-01-07): Level 1,000 → 1,100." in text
    assert "New red flags: beta drift." in text


def test_drawings_are_checked_and_text_of_a_card_is_no_markup() -> None:
    bad = FIGURE | {"drawing": DRAWING.replace("<path", '<script>alert(1)</script><a href="x"/><path'), "alt": '"><b>'}
    html = index_page({"ten": entry("Ten")}, None, Shown(cards={"ten": card("<b>Ten", drawings=[bad])}))
    assert html.count("<svg") == 2
    assert "alert(1)" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;Ten year_to_date" in html


@pytest.mark.parametrize("published", ["", "2025-01-01T00:00:00Z"])
def test_the_list_of_editions_has_its_anchor_also_where_there_is_none(published: str) -> None:
    assert '<h2 id="editions">' in index_page({}, Editions(published=published))


def test_data_are_old_after_the_stated_days_and_those_of_a_simulated_market_never() -> None:
    today = dt.date(2025, 1, 10)
    assert days_old(entry("Ten"), today, 10) == 0
    assert days_old(entry("Ten"), today, 9) == 10
    assert days_old(entry("Ten", simulated=True), today, 9) == 0
    assert days_old(entry("Ten", data_until=""), today, 9) == 0


def test_a_card_of_another_format_is_left_and_its_page_is_listed_as_others_are(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / CARD).write_text(json.dumps(card(format=CARD_FORMAT + 1)))
    assert cards(tmp_path, described(tmp_path)) == {}
    (tmp_path / "data" / CARD).write_text(json.dumps(card()))
    assert list(cards(tmp_path, described(tmp_path))) == ["ten"]


def described(site: Path) -> dict[str, Entry]:
    """An entry that names the card in `site` as it is now."""
    return {"ten": entry("Ten", data="data", files={CARD: digest_of(site / "data" / CARD)})}


@pytest.mark.parametrize("part", ["rows", "spark", "last_change"])
def test_a_card_that_lacks_a_part_is_left_out_and_the_index_page_says_so(tmp_path: Path, part: str) -> None:
    (tmp_path / "data").mkdir()
    content = card()
    del content[part]
    (tmp_path / "data" / CARD).write_text(json.dumps(content))
    found = cards(tmp_path, described(tmp_path))
    assert found == {}
    assert "Ten: numbers missing" in text_of(index_page(described(tmp_path), None, Shown(cards=found)))
    assert "numbers missing" not in index_page(described(tmp_path), None, Shown(cards={"ten": card()}))


HARM = {
    "lost": lambda file: file.unlink(),
    "cut": lambda file: file.write_text(file.read_text()[:20]),
    "no text": lambda file: file.write_bytes(b"\xff\xfe"),
    "a list": lambda file: file.write_text("[]"),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_damaged_card_stops_no_build_and_its_report_is_built_again(
    project: Project, harm: Callable[[Path], object]
) -> None:
    project.notebook("walk", f"CARD = {card()!r}", WRITES)
    project.notebook("other", "1")
    project.reports(walk="", other="")
    built(project)
    file = project.site / str(entries(project.site)["walk"]["data"]) / CARD
    whole = file.read_bytes()
    file.chmod(0o644)
    harm(file)
    result = built(project, only=["other"])
    assert result.failures == {}
    page = text_of((project.site / "index.html").read_text())
    assert "walk: numbers missing" in page.lower()
    assert built(project).built == ["walk"]
    assert file.read_bytes() == whole
    assert "numbers missing" not in (project.site / "index.html").read_text()


WRITES = f"""
import json, os, pathlib
pathlib.Path(os.environ["RESEARCH_PUBLISH_DATA_TO"], "{CARD}").write_text(json.dumps(CARD))
print(days)
"""


def test_a_build_shows_what_changed_between_editions_and_the_edition_keeps_saying_it(project: Project) -> None:
    strip = 'display({}, metadata={"verdict": [{"label": "Days", "value": str(days)}]}, raw=True)'
    project.notebook("walk", f"CARD = {card()!r}", WRITES, f"from IPython.display import display\n{strip}")
    project.reports(walk="")
    built(project)
    assert "Since the edition before" not in (project.site / "index.html").read_text()
    project.reports(walk="{ days = 4 }")
    built(project)
    [first, second] = sorted(path.name for path in (project.site / "editions").iterdir())
    for page in (project.site / "index.html", project.site / "editions" / second / "index.html"):
        text = text_of(page.read_text())
        assert "1 figure changed (parameter days: 3 -> 4): Days 3 → 4." in text
    assert "Since the edition before" not in (project.site / "editions" / first / "index.html").read_text()
    before = (project.site / "index.html").stat().st_mtime_ns
    built(project)
    assert (project.site / "index.html").stat().st_mtime_ns == before


def test_the_index_page_is_made_again_when_data_have_become_old(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:

    project.notebook("walk", "days")
    project.reports(walk="")
    built(project)
    assert entries(project.site)["walk"]["error"] is None
    monkeypatch.setattr(shelf, "days_old", lambda *_: 40)
    result = built(project)
    assert result.built == []
    assert "old data" in (project.site / "index.html").read_text()
