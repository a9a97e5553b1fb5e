"""What a notebook's kernel writes for other programs, where a build asks for it: tables and facts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from research.index.published import PublishedIndex
from research.reporting.publishing.data_files import FACTS, VARIABLE, as_json

FOR_PEOPLE = ("levels", "weights", "trades")
"""Tables that are also written as CSV; of the decisions, the last choice of members is."""

_FORMULA = re.compile(r"^[=+\-@\t\r]")


def publish_data(published: PublishedIndex, *, sentence: str) -> None:
    """Write the tables and facts of an index where a build asks for them; else do nothing, and work nothing out.

    Parameters
    ----------
    published : PublishedIndex
    sentence : str
        What the index is, in one sentence.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return
    folder = Path(given)
    for name, table in published.tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        if name in FOR_PEOPLE:
            _write_csv(table, folder / f"{name}.csv")
    _write_csv(published.last_choice, folder / "decisions_last.csv")
    _write_json(published.facts | {"sentence": sentence}, folder / FACTS)


def _write_csv(table: pd.DataFrame, file: Path) -> None:
    """For people: ten digits, and no text that a spreadsheet takes for a formula."""
    texts = table.select_dtypes(["object", "string"]).columns
    safe = {name: table[name].str.replace(_FORMULA, lambda found: f"'{found[0]}", regex=True) for name in texts}
    names = [_FORMULA.sub(lambda found: f"'{found[0]}", str(name)) for name in table.columns]
    table.assign(**safe).set_axis(names, axis=1).to_csv(file, index=False, float_format="%.10g")


def _write_json(content: dict[str, Any], file: Path) -> None:
    file.write_text(as_json(content), encoding="utf-8")
