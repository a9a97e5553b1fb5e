"""A market whose every name and text is an attack, published with every notebook: it is shown, and never obeyed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Thread

import pandas as pd
import pyarrow as pa
import pytest

from research.market import load_market, write_snapshot
from research.market.manifest import Manifest
from research.reporting.publishing.build import build
from tests.conftest import ROOT

from .conftest import Project

NOTEBOOKS = (
    "index_factsheet",
    "index_audit",
    "index_evaluation",
    "market_review",
    "methodology_sensitivity",
    "index_comparison",
    "rebalance_review",
)
BENCHMARKS = ("bitcoin", "ethereum")  # these ids stand in the notebooks' own code
ATTACKS = (
    '<meta http-equiv="refresh" content="0;url={evil}refresh">',
    "<style>body{{display:none;background:url({evil}style)}}</style>",
    "<script>document.title='RAN';fetch('{evil}script')</script>",
    "<img src={evil}img onerror=\"document.title='RAN'\">",
    "[HOSTILE-link](javascript:document.title='RAN')",
    "![HOSTILE-picture]({evil}picture)",
    "**HOSTILE-bold** _HOSTILE-emphasis_ `HOSTILE-code`",
    "$HOSTILE_{{formula$ $\\frac$ \\\\(x\\\\)",
    "\n\n# HOSTILE-heading\n\n- HOSTILE-item\n\n",
    "\x1b]0;HOSTILE-terminal\x07\x1b[2J\r\x08",
    "\u202eHOSTILE-reversed\u2066\u200b",
    '"><svg onload="document.title=\'RAN\'">',
    "' autofocus onfocus='document.title=1' tabindex=1 x='",
    "{evil}bare www.evil.example <{evil}angle> a@evil.example",
    "</td></table></main></body><iframe src={evil}frame></iframe>",
    "{{{{ 7 * 7 }}}}{{% raw %}}",
    "_HOSTILE-underscore",
    "&lt;b&gt;HOSTILE-entity&lt;/b&gt;",
    "<!-- HOSTILE-comment --",
    "LONG" * 100,
)


@pytest.fixture(scope="module")
def evil() -> Iterator[tuple[str, list[str]]]:
    """The address of the attacker's server, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()


@pytest.fixture(scope="module")
def attacks(evil: tuple[str, list[str]]) -> list[str]:
    return [attack.format(evil=evil[0]) for attack in ATTACKS]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, attacks: list[str]) -> Project:
    """The notebooks, built on the sample with hostile names and a hostile rulebook."""
    project = Project(tmp_path_factory.mktemp("hostile"))
    hostile = _write_market(project.root / "market", attacks)
    rulebook = project.root / "rules.toml"
    rulebook.write_text(_rulebook(attacks), encoding="utf-8")
    given = {"snapshot": str(project.root / "market")}
    old = load_market(ROOT / "data" / "sample").prices.dropna(axis="columns").columns.difference(BENCHMARKS)
    one, other = (hostile[asset] for asset in old[:2])
    chosen = {
        "index_factsheet": {"rulebook": str(rulebook), "benchmarks": [one, other], "draws": 100},
        "index_audit": {"rulebook": str(rulebook), "benchmark": one, "asset_id": other},
        "index_evaluation": {"rulebook": str(rulebook), "benchmark": one, "draws": 100},
        "market_review": {},
        "methodology_sensitivity": {"rulebook": str(rulebook), "draws": 100, "counts": [10], "lags": [], "schemes": []},
        "index_comparison": {"rulebooks": [str(rulebook)], "benchmarks": [one, other], "base": one, "draws": 100},
        "rebalance_review": {"rulebook": str(rulebook), "date": "2022-06-15"},
    }
    text = ""
    for name in NOTEBOOKS:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", project.root / "notebooks")
        parameters = ", ".join(f"{key} = {json.dumps(value)}" for key, value in (given | chosen[name]).items())
        title = json.dumps("".join(attacks[:4]))
        text += f"[{name.replace('_', '-')}]\ntitle = {title}\n"
        text += f'notebook = "../notebooks/{name}.ipynb"\nparameters = {{ {parameters} }}\n'
    project.config.write_text(text, encoding="utf-8")
    result = build(project.config, project.site, say=lambda line: None)
    assert result.failures == {}
    return project


def _write_market(out: Path, attacks: list[str]) -> dict[str, str]:
    """The sample with another name for each asset, symbol, sector and text; gives old asset id -> new one."""
    market = load_market(ROOT / "data" / "sample")
    turn = cycle(attacks)
    # ids and tags with control characters, or very long ones, are refused before they come as far as a page
    ids = cycle(attack for attack in attacks if len(attack) < 200 and not re.search(r"[\x00-\x1f\x7f]", attack))
    hostile = {asset: f"{next(ids)}{asset}" for asset in market.assets["asset_id"] if asset not in BENCHMARKS}
    sectors = {tag: f"{tag}{next(ids)}" for tag in market.tags["tag"].unique() if str(tag).startswith("sector:")}
    daily = pd.read_parquet(ROOT / "data" / "sample" / "daily.parquet")
    daily["asset_id"] = daily["asset_id"].replace(hostile)
    daily = daily.sort_values(["date", "asset_id"], ignore_index=True)
    assets = market.assets.assign(
        asset_id=market.assets["asset_id"].replace(hostile),
        symbol=[f"{next(turn)}{symbol}" for symbol in market.assets["symbol"]],
        name=[f"{next(turn)}{name}" for name in market.assets["name"]],
    ).sort_values("asset_id")
    tags = market.tags.assign(
        asset_id=market.tags["asset_id"].replace(hostile), tag=market.tags["tag"].replace(sectors), static=True
    )
    ledger = market.ledger.assign(
        asset_id=market.ledger["asset_id"].replace(hostile), rule=[next(turn) for _ in range(len(market.ledger))]
    )
    write_snapshot(
        out,
        daily=pa.Table.from_pandas(daily, preserve_index=False),
        assets=assets,
        tags=tags,
        ledger=ledger,
        manifest=Manifest(
            name="".join(attacks[:12]),
            source="".join(attacks),
            retrieved_at="2025-01-01T00:00:00Z",
            licence="".join(attacks),
            close_convention="".join(attacks),
            caveats=tuple(attacks),
        ),
    )
    return hostile


def _rulebook(attacks: list[str]) -> str:
    text = (ROOT / "research" / "rulebooks" / "large-cap-20-capped.toml").read_text(encoding="utf-8")
    for key in ("name", "description", "source"):
        text = re.sub(f"(?m)^{key} = .*$", lambda _, key=key: f"{key} = {json.dumps(''.join(attacks))}", text, count=1)
    tags = ", ".join(json.dumps(attack) for attack in attacks)
    return text.replace("exclude_tags = [", f"exclude_tags = [{tags}, ")


class Reader(HTMLParser):
    """Every element with its attributes and its text, as a browser would take them."""

    VOID = ("meta", "br", "img", "hr")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs), [""])
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element[2][0] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.fixture(scope="module", params=[*NOTEBOOKS, "index"])
def html(request: pytest.FixtureRequest, project: Project) -> str:
    return (project.site / f"{request.param.replace('_', '-')}.html").read_text(encoding="utf-8")


def test_every_element_of_the_page_is_one_of_our_own(html: str) -> None:
    found = Reader(html).elements
    tags = [tag for tag, _, _ in found]
    ours = (
        "html head meta title style body a aside p strong em header h1 h2 h3 div dl dt dd nav details summary ol ul li "
        "main span pre code figure img figcaption table caption thead tbody tfoot tr th td footer time br script "
        "svg g defs clippath path rect use text tspan pattern"
    )
    assert set(tags) <= set(ours.split())
    assert (tags.count("script"), tags.count("style"), tags.count("meta"), tags.count("body")) == (1, 1, 4, 1)
    assert not Reader(html).comments


OURS = r"#[a-z0-9-]+|(editions/[0-9-]+/)?[a-z0-9-]+\.html(#editions)?|data/index-factsheet/[0-9a-f]{12}/[a-z_]+\.[a-z]+"


def test_nothing_of_the_page_runs_loads_or_leads_away(html: str) -> None:
    for tag, attributes, _ in Reader(html).elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("srcset", "autofocus")]
        if "style" in attributes:  # of shapes and letters of our drawings
            assert tag in ("path", "use", "text", "tspan", "g", "rect")
            for part in str(attributes["style"]).split(";"):
                assert re.fullmatch(r"[a-z-]+:([#\w.,% '-]+|var\(--[a-z0-9-]+\)|url\(#drawing-[\w.-]+\))", part), part
        if "href" in attributes:
            saved = "download" in attributes and re.fullmatch(r"figure-\d+\.csv\.gz", str(attributes["download"]))
            held = saved and re.fullmatch(r"data:application/gzip;base64,[A-Za-z0-9+/]+=*", str(attributes["href"]))
            assert held or re.fullmatch(OURS, str(attributes["href"])), attributes
        if "src" in attributes:
            assert str(attributes["src"]).startswith("data:image/png;base64,"), attributes
        assert tag != "meta" or attributes.get("http-equiv") in (None, "Content-Security-Policy")


def test_no_markup_inside_a_name_takes_effect(html: str) -> None:
    for tag, _, text in Reader(html).elements:
        if tag in ("strong", "em", "code", "a", "h1", "h2", "h3", "h4", "li", "b"):
            assert not text[0].strip().startswith("HOSTILE-"), (tag, text[0][:80])


def test_no_control_character_or_direction_mark_is_left_in_the_page(html: str) -> None:
    assert not re.findall(r"[^\n\t\x20-\x7e\u00a0-\U000e0fff]|[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f]", html)


def test_the_names_are_shown_as_they_are(project: Project, attacks: list[str]) -> None:
    [(_, _, text)] = [
        element
        for element in Reader((project.site / "index-factsheet.html").read_text(encoding="utf-8")).elements
        if element[0] == "main"
    ]
    caveats = text[0].replace("\u00a0", " ")
    for attack in attacks:
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in attack).strip()
        assert caveats.count(shown) >= 2, shown  # in a caveat and in a table


CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not installed here")


def opened(page: Path, profile: Path) -> str:
    """The page as it stands in Chromium after its scripts and two seconds more of its own clock."""
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += f" --disable-component-update --disable-sync --user-data-dir={profile} --virtual-time-budget=2000"
    command = [str(CHROMIUM), *flags.split(), "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@needs_chromium
def test_in_a_browser_nothing_ran_loaded_or_navigated(html: str, evil: tuple[str, list[str]], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    asked = evil[1]
    asked.clear()
    dom = Reader(opened(page, tmp_path / "profile"))
    assert asked == []
    [title] = [text[0] for tag, _, text in dom.elements if tag == "title"]
    assert title == next(text[0] for tag, _, text in Reader(html).elements if tag == "title")
    assert len([tag for tag, _, _ in dom.elements if tag == "h1"]) == 1
    assert len([tag for tag, _, _ in dom.elements if tag == "style"]) == 1


@needs_chromium
def test_the_browser_test_sees_an_attack_that_works(
    evil: tuple[str, list[str]], attacks: list[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<title>fine</title><body>{attacks[3]}{attacks[2]}{attacks[0]}", encoding="utf-8")
    opened(page, tmp_path / "profile")
    assert {"/img", "/script", "/refresh"} <= set(evil[1])
