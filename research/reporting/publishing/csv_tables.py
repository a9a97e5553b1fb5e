"""Tables as CSV, which a spreadsheet may open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import pandas as pd

_FORMULA = re.compile(r"^[=+\-@\t\r]")


def write_csv(table: pd.DataFrame, target: Path | BinaryIO, *, digits: int | None = None) -> None:
    """Write a table with so many digits, by default all, and without a text that a spreadsheet takes for a formula."""
    texts = table.select_dtypes(["object", "string"]).columns
    safe = {name: table[name].str.replace(_FORMULA, lambda found: f"'{found[0]}", regex=True) for name in texts}
    names = [_FORMULA.sub(lambda found: f"'{found[0]}", str(name)) for name in table.columns]
    precision = f"%.{digits}g" if digits else None
    table.assign(**safe).set_axis(names, axis=1).to_csv(target, index=False, float_format=precision)
