"""Foreign text on its way to a page: escaped where it enters, and sanitised as a whole."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import printable
from research.reporting.presentation.formats import escape_markdown, inert_markdown
from research.reporting.publishing.rendering import _prose
from research.reporting.publishing.sanitising import _folders, sanitised, without_paths
from tests.conftest import ROOT

MARKUP = st.text(alphabet=st.sampled_from("a1 <>[]()!`*_~\\$&#|-+.:/@\"'={}\n\t\x1b\u202ewW%;"), max_size=60)


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(MARKUP)
def test_an_escaped_text_reads_as_it_stands_and_adds_no_element(text: str) -> None:
    html = Elements(_prose(f"- **a** {escape_markdown(text)} **z**"))
    assert html.tags == ["ul", "li", "strong", "strong"]
    shown = " ".join(html.text.split())
    assert shown == " ".join(f"a {printable(text).strip()} z".split())


@given(MARKUP)
def test_an_escaped_text_at_the_start_of_a_line_starts_no_list_heading_or_quotation(text: str) -> None:
    assert set(Elements(_prose(f"{escape_markdown(text)} z")).tags) == {"p"}


@given(MARKUP)
def test_a_text_that_nobody_escaped_brings_no_html_link_picture_or_formula(text: str) -> None:
    html = inert_markdown(f"It holds {text} today.")
    assert not set(Elements(_prose(html)).tags) & {"a", "img", "script", "style", "iframe", "meta", "svg", "math"}
    assert not re.search(r"[<$]", html)


@given(st.text())
def test_a_printable_text_holds_no_character_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<style>*{display:none}</style>",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="https://evil.example">x</a>',
        '<a href="//evil.example">x</a>',
        '<a href="page.html?x=//evil">x</a>',
        '<img src="https://evil.example/x.png">',
        '<img src="data:image/svg+xml;base64,AAAA">',
        "<img src=x onerror=alert(1)>",
        '<div style="position:fixed;inset:0">x</div>',
        '<div class="evil">x</div>',
        '<div id="evil">x</div>',
        "<form action=https://evil.example><input></form>",
        "<iframe src=https://evil.example></iframe>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
        "<!-- evil -->",
        '<base href="https://evil.example">',
        '<link rel=stylesheet href="https://evil.example/x.css">',
        "<p>\x1b[2J\u202e</p>",
    ],
)
def test_what_runs_loads_leads_away_or_hides_is_taken_off_a_page(attack: str) -> None:
    left = sanitised(f"<p>before</p>{attack}<p>after</p>")
    assert not re.search(r"evil|javascript|alert|display|position|onerror|<!--|svg\+xml|\x1b|\u202e", left)
    assert "<p>before</p>" in left
    assert "<p>after</p>" in left


def test_what_our_own_pages_are_made_of_stays() -> None:
    own = (
        '<div class="table" role="region" tabindex="0" aria-label="T"><table><caption>T</caption><thead><tr>'
        '<th scope="col" class="number">n</th></tr></thead><tbody><tr><td class="number" data-value="1">1</td></tr>'
        '</tbody></table></div><p class="note">n</p><a class="skip" href="#main">s</a><a href="large-cap-10.html">l</a>'
        '<img src="data:image/png;base64,AA+/==" alt="two &quot;lines&quot;"><div class="prose" id="section-1">p</div>'
    )
    as_sets = [sorted(re.findall(r"[\w-]+=\"[^\"]*\"|<\w+", text)) for text in (own, sanitised(own))]
    assert as_sets[0] == as_sets[1]


@pytest.fixture
def another_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Home, environment and scratch folder where no checkout lies: a result does not depend on where this one does."""
    monkeypatch.setenv("HOME", "/home/some body")
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    for prefix in ("prefix", "base_prefix"):
        monkeypatch.setattr(sys, prefix, "/opt/an environment")
    _folders.cache_clear()
    yield
    _folders.cache_clear()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{ROOT}/research/cli/data.py", "research/cli/data.py"),
        ("no such file: '/var/data/big table.csv'", "no such file: '…/big table.csv'"),
        ("in /home/some body/x", "in …/x"),
        ("/opt/an environment/lib/python3/site.py", "…/lib/python3/site.py"),
        (f"{ROOT}/.venv/lib/python3/site.py", ".venv/lib/python3/site.py"),  # below the project, like any other file
        ("file:///usr/lib/x.so", "…/x.so"),
        (r"C:\Users\me\prices.csv", "…/prices.csv"),
        ("Error:/usr/lib/x", "Error:…/x"),
        ("https://example.org/usr/lib/x", "https://example.org/usr/lib/x"),
        ("data/usr/lib/x and ../usr/lib", "data/usr/lib/x and ../usr/lib"),
        ("USD /month/ or 3/4", "USD /month/ or 3/4"),
        (f"/{'x' * 5000}/y", f"/{'x' * 5000}/y"),
        (f"{ROOT}er/x/y", "…/y"),
        ({"a": ["/usr/lib/x"], "image/png": "/usr/lib/x"}, {"a": ["…/x"], "image/png": "/usr/lib/x"}),
    ],
)
@pytest.mark.usefixtures("another_machine")
def test_a_path_of_this_machine_is_told_from_the_project_or_by_its_last_part(text: object, left: object) -> None:
    assert without_paths(text) == left


@pytest.mark.parametrize("environment", [f"{ROOT}/.venv", "/opt/an environment"])
def test_the_project_is_left_out_wherever_the_environment_lies(
    environment: str, another_machine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", environment)
    assert without_paths(f"{ROOT}/.venv/lib/x.py") == ".venv/lib/x.py"
    assert without_paths(f"{ROOT}/research/cli/data.py") == "research/cli/data.py"


def test_entities_of_an_escaped_text_are_its_characters_in_plain_text() -> None:
    text = "a_b <c> [d](e) $f$ `g` 1. h"
    assert unescape(escape_markdown(text)) == text
