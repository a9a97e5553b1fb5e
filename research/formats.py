"""How a value reads: the one place where values become words. A missing value is a dash, never a zero.

Changing the unit of a number (0.05 into 5 %, days into years, USD into millions) is part of how it reads and done here.
Lies at the bottom of the house, so that a card in a notebook and a published page say the same words.

Names and texts of a market or a rulebook are foreign: `_text` shows them as they are, whatever is in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from research.errors import ReportError, printable, suggest

MISSING = "–"
_MINUS, _SPACE = "\u2212", "\u00a0"
_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def _percent(value: float) -> str:
    return f"{100 * value:,.1f}{_SPACE}%"


def _fine_percent(value: float) -> str:
    return f"{100 * value:,.2f}{_SPACE}%"


def _short_percent(value: float) -> str:
    """As many digits as it takes, four at most: for limits and rates that someone chose."""
    return f"{100 * value:.4g}{_SPACE}%"


def _points(value: float) -> str:
    return f"{100 * value:,.2f}"


def _signed_points(value: float) -> str:
    return f"{100 * value:+,.1f}"


def _fine_points(value: float) -> str:
    return f"{100 * value:+,.2f}"


def _short_points(value: float) -> str:
    return f"{100 * value:,.1f}"


def _basis_points(value: float) -> str:
    return f"{1e4 * value:,.2f}"


def _from_basis_points(value: float) -> str:
    return f"{value / 100:,.2f}{_SPACE}%"


def _change(value: float) -> str:
    return f"{100 * value:+,.1f}{_SPACE}%"


def _growth(value: float) -> str:
    return f"×{1 + value:,.1f}" if value >= 10 else _change(value)


def _whole_change(value: float) -> str:
    return f"{100 * value:+,.0f}{_SPACE}%"


def _fine_change(value: float) -> str:
    return f"{100 * value:+,.2f}{_SPACE}%"


def _ratio(value: float) -> str:
    return f"{value:,.2f}"


def _signed_ratio(value: float) -> str:
    return f"{value:+,.2f}"


def _fine(value: float) -> str:
    return f"{value:,.4f}"


def _p_value(value: float) -> str:
    return "below 0.01" if value < 0.01 else f"{value:.2f}"


def _number(value: float) -> str:
    """Five significant digits, whole numbers from a thousand on."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 4 - math.floor(math.log10(abs(value))))}f}"


def _usd(value: float) -> str:
    size, word = _size_of(value)
    return f"{value / size:,.1f}{_SPACE}{word}" if word else f"{value:,.2f}"


def _short(value: float) -> str:
    """Three significant digits at most, never in powers of ten: for ticks and round amounts of any size."""
    size, word = _size_of(value)
    return f"{np.format_float_positional(value / size, 3, fractional=False, trim='-')}{_SPACE}{word}".rstrip()


def _size_of(value: float) -> tuple[float, str]:
    for size, word in ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return size, word
    return 1.0, ""


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _years(days: float) -> str:
    return f"{days / 365:g} year{'s' if days > 365 else ''}"


def _power_of_ten(value: float) -> str:
    """The power of ten above a size: the last digits of a rounding error are no result."""
    power = math.floor(math.log10(value)) + 1
    return f"10{str(power).translate(_RAISED)}"


def _date(value: Any) -> str:
    return f"{pd.Timestamp(value):%Y-%m-%d}"


def _text(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return printable(str(value))


KINDS: dict[str, Callable[[Any], str]] = {
    "percent": _percent,
    "fine percent": _fine_percent,
    "short percent": _short_percent,
    "points": _points,
    "signed points": _signed_points,
    "fine points": _fine_points,
    "growth": _growth,
    "short points": _short_points,
    "basis points": _basis_points,
    "percent of basis points": _from_basis_points,
    "change": _change,
    "whole change": _whole_change,
    "fine change": _fine_change,
    "ratio": _ratio,
    "signed ratio": _signed_ratio,
    "fine": _fine,
    "p": _p_value,
    "number": _number,
    "usd": _usd,
    "short": _short,
    "count": _count,
    "years": _years,
    "power of ten": _power_of_ten,
    "date": _date,
    "text": _text,
}
NUMERIC = frozenset(KINDS) - {"date", "text"}


def format_value(value: Any, kind: str) -> str:
    """`value` in words, as one of `KINDS`: percent (0.1234 -> 12.3 %), change (signed), ratio, usd (1.2 bn), …

    "points", "signed points", "fine points" and "short points" are percentage points, "growth" is a return, from
    1,000 % on as what one unit became, "p" is the p-value of a test, "years" takes days of which 365 make a year,
    "power of ten" a size above zero, "percent of basis points" a number of them.

    Missing values (None, NaN, NaT) read as a dash.

    Raises
    ------
    ReportError
        If `kind` is unknown, or the value is infinite: a figure that cannot be believed is not printed.
    """
    if kind not in KINDS:
        raise ReportError(f"unknown number format {kind!r}: {suggest(kind, KINDS)}")
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return MISSING
    if isinstance(value, float | np.floating) and math.isinf(value):
        raise ReportError(f"cannot print {value} as {kind}: find out where the infinite value comes from.")
    words = KINDS[kind](value)
    return _signed(words) if kind in NUMERIC else words


def _signed(words: str) -> str:
    """A typographic minus, and none before a number that rounds to zero."""
    zero = words[:1] in "-+" and not any(digit in words for digit in "123456789")
    return words[1:] if zero else words.replace("-", _MINUS)


def kind_of(column: pd.Series) -> str:
    """The format of a column for which none was named, by its dtype."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return "text"
    return "count" if pd.api.types.is_integer_dtype(column) else "number"
