"""How numbers read."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from research.errors import ReportError
from research.formats import MISSING, format_value


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (0.12345, "percent", "12.3\u00a0%"),
        (0.00125, "basis points", "12.50"),
        (0.0123, "points", "1.23"),
        (0.04, "short percent", "4\u00a0%"),
        (0.123456, "short percent", "12.35\u00a0%"),
        (365, "years", "1 year"),
        (1095, "years", "3 years"),
        (3e-16, "power of ten", "10⁻¹⁵"),
        (-0.5, "percent", "\u221250.0\u00a0%"),
        (0.12345, "change", "+12.3\u00a0%"),
        (-0.00001, "change", "0.0\u00a0%"),
        (-0.0, "ratio", "0.00"),
        (-0.125, "signed ratio", "\u22120.12"),
        (1.5, "signed ratio", "+1.50"),
        (1.005e9, "usd", "1.0\u00a0bn"),
        (-2.5e6, "usd", "\u22122.5\u00a0m"),
        (12.3, "usd", "12.30"),
        (1e5, "short", "100\u00a0k"),
        (2.5e6, "short", "2.5\u00a0m"),
        (0.0000012345, "short", "0.00000123"),
        (0.522, "short points", "52.2"),
        (-866.2, "percent of basis points", "\u22128.66\u00a0%"),
        (19579.17, "number", "19,579"),
        (4.70269, "number", "4.7027"),
        (0.00123456, "number", "0.0012346"),
        (2101, "count", "2,101"),
        (pd.Timestamp("2020-02-03"), "date", "2020-02-03"),
        (True, "text", "yes"),
        ("two-fold", "text", "two-fold"),
        (float("nan"), "percent", MISSING),
        (pd.NaT, "date", MISSING),
        (pd.NA, "count", MISSING),
        (None, "text", MISSING),
    ],
)
def test_a_number_reads_as_its_kind_says_and_what_is_missing_is_a_dash(value: Any, kind: str, words: str) -> None:
    assert format_value(value, kind) == words


def test_an_infinite_number_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(ReportError, match="infinite"):
        format_value(float("inf"), "ratio")
    with pytest.raises(ReportError, match="did you mean 'percent'"):
        format_value(1.0, "procent")
