"""`explore`: a live page in JupyterLab. Turn the rules of an index, and see its level, members and costs anew.

What is computed is computed by the rooms below; here are the controls, and what is shown when one of them is turned.
"""

from __future__ import annotations

import base64
import os
import warnings
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from research.cards import Card
from research.errors import ResearchError, ResearchWarning, printable
from research.evaluation import headline_figures, rebased
from research.formats import format_value
from research.index import IndexHistory, Methodology, build_index
from research.index.analysis.forms.index_card import headline_in_words
from research.index.analysis.trade_costs.capacity import cost_a_year, turnover_summary
from research.index.given import given_market, given_rules
from research.index.sweeps.grid import rules_with, value_of
from research.market import MarketData
from research.reporting.presentation import figures
from research.reporting.presentation.display import picture
from research.rulebook.schedule import FREQUENCIES
from research.rulebook.weighting import RISK_SCHEMES, SIZE_SCHEMES

SCHEMES = (*SIZE_SCHEMES, "equal", *RISK_SCHEMES)
"""The schemes that need no table of votes or signals."""
NO_CAP = 1.0
MOST_MEMBERS, KEPT = 100, 32
AS_PUBLISHED = "as given"
STILL = "RESEARCH_STILL"
"""Environment variable: the page is stored in a notebook, where no kernel turns it, so it shows as text alone."""


class Explorer:
    """Controls of count, weighting, cap and calendar beside what the index becomes; made by `explore`.

    Attributes
    ----------
    rules : Methodology
        The rulebook that the controls say; the last one that could be read, where they contradict each other.
    index : IndexHistory or None
        The index by these rules; None where it cannot be built, and `error` says why.
    error : str
        What is shown in the place of results; empty where there are some.
    """

    def __init__(self, market: MarketData, rules: Methodology) -> None:
        self.market, self.given = market, rules
        self.published = build_index(market, rules)
        self.rules, self.error = rules, ""
        self.index: IndexHistory | None = self.published
        self._seen: dict[Methodology, tuple[IndexHistory, list[str]]] = {rules: (self.published, [])}
        self.count, self.scheme, self.cap, self.frequency = _controls(rules)
        self._message, self._figure, self._words = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._redraw()
        for control in self._turned:
            control.observe(lambda _: self._redraw(), "value")

    @property
    def _turned(self) -> tuple[Any, ...]:
        return (self.count, self.scheme, self.cap, self.frequency)

    def _redraw(self) -> None:
        try:
            self.rules, self.error = self._asked(), ""
            self.index, warned = self._built(self.rules)
            self._message.value = "".join(f"<p>{_safe(line)}</p>" for line in warned)
            self._show(self.index)
        except ResearchError as reason:
            self.index, self.error = None, str(reason)
            self._message.value = f'<p role="alert"><strong>Cannot be built.</strong> {_safe(self.error)}</p>'
            self._figure.value = self._words.value = ""  # nothing that belongs to other rules stays

    def _asked(self) -> Methodology:
        """The rulebook that the controls say."""
        asked = {
            "selection.count": None if self.count.disabled else self.count.value,
            "weighting.scheme": self.scheme.value,
            "weighting.max_weight": None if self.cap.value >= NO_CAP else self.cap.value,
            "schedule.reconstitution": self.frequency.value,
        }
        return rules_with(
            self.given, {key: value for key, value in asked.items() if value != value_of(self.given, key)}
        )

    def _built(self, rules: Methodology) -> tuple[IndexHistory, list[str]]:
        """The index by these rules and what it warned of; one that was looked at lately is at hand."""
        if rules not in self._seen:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ResearchWarning)
                made = build_index(self.market, rules, **self.published.inputs)
            if len(self._seen) >= KEPT:
                self._seen.pop([*self._seen][1])  # the first is the one as given
            self._seen[rules] = made, [str(line.message) for line in caught]
        return self._seen[rules]

    def _show(self, index: IndexHistory) -> None:
        levels = pd.DataFrame({"with these rules": index.level, AS_PUBLISHED: self.published.level}).dropna()
        axes = figures.levels(rebased(levels), source=f"{self.market.manifest.name}; net of costs")
        drawn, alt = picture(axes, title="Level with these rules, and as given")
        encoded = base64.b64encode(drawn).decode("ascii")
        self._figure.value = f'<img alt="{_safe(alt)}" style="max-width:100%" src="data:image/png;base64,{encoded}">'
        self._words.value = self._card(index).to_html()

    def _card(self, index: IndexHistory) -> Card:
        """Figures of the index beside those of the rulebook as given, and its members."""
        columns = {"with these rules": _figures(index), AS_PUBLISHED: _figures(self.published)}
        held = index.holdings()
        members = pd.DataFrame(
            {"asset": held["asset_id"], "weight": [format_value(weight, "percent") for weight in held["weight"]]}
        )
        day = format_value(index.dates[-1], "date")
        return Card(
            title=f"{self.given.name}{'' if self.rules == self.given else ', with other rules'}",
            tables={
                "Net of costs": pd.DataFrame(columns).rename_axis("figure").reset_index(),
                f"Members at the close of {day}": members,
            },
            numbers=(*columns, "weight"),
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The page; beside it the card as text and HTML, for who reads the notebook where no kernel runs."""
        still = self._card(self.index) if self.index else Card(title="Cannot be built", sentences=[self.error])
        live = {} if os.environ.get(STILL) else self._page(**options)
        return {"text/plain": still.to_text(), "text/html": still.to_html()} | live

    def _page(self, **options: Any) -> dict[str, Any]:
        controls = widgets.VBox([*self._turned, self._message], layout={"flex": "0 0 25em", "width": "25em"})
        results = widgets.VBox([self._figure, self._words], layout={"flex": "1 1 24em", "width": "24em"})
        page = widgets.HBox([controls, results], layout={"flex_flow": "row wrap"})
        bundle: dict[str, Any] = page._repr_mimebundle_(**options)
        return {kind: part for kind, part in bundle.items() if kind.startswith("application/")}


def explore(market: MarketData | str | Path, methodology: Methodology | str | Path) -> Explorer:
    """A live page on one index: turn its rules, and its level, members and costs are drawn anew.

    Choices that contradict each other show the reason in the place of results. `explorer.rules` is the rulebook as
    turned (`explorer.rules.to_toml()` its file), `explorer.index` the index by it.

    Parameters
    ----------
    market : MarketData, str or path
        A market, or the path or catalog name of a snapshot. A shorter one (`market.since`) is redrawn faster.
    methodology : Methodology, str or path
        The rulebook to begin with: its name, its path, or read already. Signals of a recipe are made once.

    Returns
    -------
    Explorer
        Shown where it is the last line of a cell.

    Raises
    ------
    DataError, MethodologyError
        As `build_index` raises them, of the rulebook to begin with.
    """
    return Explorer(given_market(market), given_rules(methodology))


def _positions(rules: Methodology) -> list[Any]:
    """Where the controls stand for a rulebook as given: count, scheme, cap, frequency."""
    cap = rules.weighting.max_weight
    return [
        rules.selection.count or 1,
        rules.weighting.scheme,
        NO_CAP if cap is None else cap,
        rules.schedule.reconstitution,
    ]


def _controls(rules: Methodology) -> tuple[Any, Any, Any, Any]:
    count, scheme, cap, frequency = _positions(rules)
    late = {"continuous_update": False, "style": {"description_width": "6em"}}
    schemes = [*SCHEMES] + ([scheme] if scheme not in SCHEMES else [])
    fixed = rules.selection.count is None
    return (
        widgets.IntSlider(count, 1, max(MOST_MEMBERS, count), description="Members", disabled=fixed, **late),
        widgets.Dropdown(
            options=[(name.replace("_", " "), name) for name in schemes],
            value=scheme,
            description="Weights",
            style=late["style"],
        ),
        widgets.FloatSlider(cap, min=0.01, max=NO_CAP, step=0.01, readout_format=".0%", description="Cap", **late),
        widgets.Dropdown(
            options=FREQUENCIES[:-1] if frequency != "never" else FREQUENCIES,
            value=frequency,
            description="Calendar",
            style=late["style"],
        ),
    )


def _figures(index: IndexHistory) -> dict[str, str]:
    facts, turnover = headline_in_words(headline_figures(index.level), []), turnover_summary(index)
    return {name: facts[name] for name in ("Inception", "Level", "A year (CAGR)", "Drawdown now")} | {
        "Turnover a year": format_value(turnover["annual"], "percent"),
        "Trades a year": format_value(turnover["trades_per_year"], "ratio"),
        "Cost a year": format_value(cost_a_year(index), "fine percent"),
    }


def _safe(text: str) -> str:
    return escape(printable(text))
