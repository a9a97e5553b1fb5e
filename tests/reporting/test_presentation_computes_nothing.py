"""A module of `reporting` formats, selects, orders and draws; what it shows was computed below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reporting.computations import is_arithmetic, is_statistic, root_of

REPORTING = ROOT / "research" / "reporting"
PAGES = [
    path for path in sorted(REPORTING.rglob("*.py")) if "publishing" not in path.relative_to(REPORTING).parts
]  # it shows no results

COMPUTING = ("research.evaluation", "research.index", "research.market", "research.point_in_time")
"""Packages whose functions compute: a page takes their results and types, and calls none of them."""

ALLOWED: Mapping[str, str] = {
    "presentation/formats.py:*": "a pattern's `sub` takes nothing away: it writes letters as entities",
    "presentation/texts.py:verdict": "words alone: those of the index's own card",
    "audit/tables.py:reason_card": "words alone: those of the reason's own card",
    "presentation/display.py:_marks": "the digest of what was plotted, for nbval and the text alternative",
    "presentation/display.py:show_verdict": "the width of the widest label",
    "presentation/display.py:describe": "how many series are not named",
    "presentation/display.py:series": "how many values a series has, for the digest",
    "presentation/table.py:_column_html": "whether a column has texts long enough to need room",
    "presentation/table.py:to_html": "how many of the rows are no totals",
    "presentation/canvas.py:too_short": "whether there is a line to draw",
    "presentation/canvas.py:log_axis": "ticks by the span of what is drawn",
    "presentation/canvas.py:line_chart": "whether the names need more rows",
    "presentation/canvas.py:lines": "colours by turns, and the order of the lines",
    "presentation/canvas.py:shade": "colours by turns",
    "presentation/canvas.py:name_ends": "where a name stands beside its line",
    "presentation/canvas.py:thinned": "how many points a screen can show",
    "presentation/svg.py:*": "how a drawing is written: sizes, and paths in steps",
    "presentation/canvas.py:panels": "rows of a grid, and its height",
    "presentation/figures_review.py:months": "room beside the first and the last bar",
    "presentation/figures.py:rolling_returns": "1 + r, for a logarithmic axis",
    "presentation/figures.py:forecasts": "1 + r, for a logarithmic axis",
    "presentation/figures.py:monthly_heatmap": "height, the number in a cell, and the limits of the colours",
    "presentation/figures.py:waterfall": "height, and where each bar begins",
    "presentation/figures.py:bars": "height",
    "presentation/figures_sensitivity.py:strip": "height",
    "sensitivity/wording.py:value": "words alone: those of the sweep's own names",
    "factsheet/rulebook_text.py:_weighted": "what is left of a share that the rulebook states",
    "factsheet/rulebook_costs.py:carried": "what is left of a share that the rulebook states",
}
"""Module and function (* for all of them) -> why it may."""


def name_of(path: Path) -> str:
    return path.relative_to(REPORTING).as_posix()


def computing_names(tree: ast.Module) -> set[str]:
    """Functions and modules that were imported from a package that computes; classes and constants are results."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        if f"{imported(node, alias)}.".startswith(tuple(f"{name}." for name in COMPUTING))
        if (alias.asname or alias.name).islower()
    }


def imported(node: ast.ImportFrom | ast.Import, alias: ast.alias) -> str:
    return f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name


def statistics(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """Function, line and text of each computation in a module."""
    computing = computing_names(tree)
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for where, node in walk(tree, "module"):
        if is_statistic(node, own) or is_arithmetic(node) or root_of(node) in computing:
            yield where, getattr(node, "lineno", 0), ast.unparse(node)


def walk(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """All nodes below one, each with the outermost function that it stands in; methods by their own name."""
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) and where == "module" else where
        yield inside, child
        yield from walk(child, inside)


def forbidden(path: Path, source: str) -> list[str]:
    return [
        f"{name_of(path)}:{line} in {function}: {text}"
        for function, line, text in statistics(ast.parse(source))
        if not ALLOWED.keys() & {f"{name_of(path)}:{function}", f"{name_of(path)}:*"}
    ]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_module_of_the_pages_computes_nothing(path: Path) -> None:
    assert forbidden(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "share = frame['weight'].sum()",
        "best = frame['return'].idxmax()",
        "by_year = frame.groupby('year')",
        "years = days / 365",
        "figure = evaluation.sharpe_ratio(returns)",
        "table = tail_table(returns)",
        "size = np.sqrt(variance)",
        "total = sum(values)",
        "total -= first",
    ],
)
def test_a_planted_computation_is_found(line: str) -> None:
    path = REPORTING / "audit" / "tables.py"
    imports = "from research import evaluation\nfrom research.evaluation import tail_table\n"
    planted = f"{path.read_text(encoding='utf-8')}\n{imports}\n\ndef planted():\n    {line}\n"
    assert any("in planted" in found for found in forbidden(path, planted))


def test_every_exception_is_still_needed() -> None:
    found = {
        f"{name_of(path)}:{function}"
        for path in PAGES
        for function, _, _ in statistics(ast.parse(path.read_text(encoding="utf-8")))
    }
    modules = {name.partition(":")[0] for name in found}
    unused = [
        name
        for name in ALLOWED
        if name not in found and not (name.endswith(":*") and name.partition(":")[0] in modules)
    ]
    assert unused == []
