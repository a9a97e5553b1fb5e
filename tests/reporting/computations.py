"""What counts as a computation in the text of a module or a notebook cell."""

from __future__ import annotations

import ast
from collections.abc import Collection

NAMES = """
sum mean median mode std var sem skew kurt kurtosis quantile nanquantile percentile describe agg aggregate groupby
pivot_table resample rolling expanding ewm corr cov corrwith dot nunique value_counts rank nlargest nsmallest idxmax
idxmin argmax argmin max min nanmax nanmin nanmean nansum ptp prod cumsum cumprod cummax cummin diff pct_change shift
log log10 log1p log2 exp expm1 sqrt power abs add sub mul div divide multiply subtract clip floor ceil average
histogram polyfit interp
"""
STATISTICS = frozenset(NAMES.split())
"""Methods of frames and functions of numpy, math and the builtins that make a number out of others."""

OPERATORS = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
"""Not ast.Add and ast.BitOr, which also join texts, lists and mappings."""


def is_statistic(node: ast.AST, own: Collection[str] = ()) -> bool:
    """Whether a node calls one of `STATISTICS`, other than by a name in `own`: a function or module of the project."""
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in STATISTICS and root_of(node) not in own


def root_of(node: ast.AST) -> str:
    """The name with which a call begins: `evaluation` in `evaluation.beta(…)`; empty where it is no plain name."""
    root = node.func if isinstance(node, ast.Call) else None
    while isinstance(root, ast.Attribute):
        root = root.value
    return root.id if isinstance(root, ast.Name) else ""


def is_arithmetic(node: ast.AST) -> bool:
    """Whether a node subtracts, multiplies, divides or raises to a power."""
    return isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, OPERATORS)
