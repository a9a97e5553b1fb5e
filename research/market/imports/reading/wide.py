"""Tables with one column an asset -> rows: a file of prices, or a file for each of price, cap and volume.

Of one file rows are given out as they are read. Several files are put side by side, which takes the memory of the
panels that the market has in the end.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from research.errors import DataError
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.batches import Tally, choose_all_but, read_batches
from research.market.imports.reading.cells import moments, numbers
from research.market.imports.reading.closes import days_of
from research.market.imports.reading.files import TableFile, readable
from research.market.imports.reading.rows import Rows
from research.market.layout import text_fault
from research.market.limits import refuse_large_panels
from research.typing import FloatArray

CELLS_AT_A_TIME = 1 << 20


@dataclass(frozen=True, eq=False)
class _Panel:
    """Some days of one field: one row a day, one column an asset."""

    file: str
    row: np.ndarray
    days: np.ndarray
    keys: list[str]
    values: FloatArray


def read_wide(
    files: Sequence[TableFile], profile: Profile, words: dict[str, dict[str, int]], tally: Tally
) -> Iterator[Rows]:
    """The rows of wide tables; a cell that is empty in each field is no row."""
    assert profile.wide is not None
    fields = profile.wide.fields
    if not fields:
        for file in files:
            for panel in _panels(file, profile, tally):
                yield from _rows({"price": panel}, words["key"])
        return
    whole = {name: _whole(_file_of(name, pattern, files), profile, tally) for name, pattern in fields.items()}
    yield from _rows(_aligned(whole), words["key"])


def _file_of(field: str, pattern: str, files: Sequence[TableFile]) -> TableFile:
    fitting = [file for file in files if fnmatch.fnmatchcase(file.name, pattern)]
    if len(fitting) != 1:
        found = ", ".join(file.name for file in (fitting or files)[:5])
        raise DataError(
            f"[wide] {field} = {pattern!r} fits {len(fitting)} files, expected one (found {found}). Give all files of "
            "the table, or correct the pattern."
        )
    return fitting[0]


def _panels(file: TableFile, profile: Profile, tally: Tally) -> Iterator[_Panel]:
    assert profile.wide is not None
    date = profile.columns.date
    tally.files += 1
    with readable(file):
        for batch in read_batches(file, profile.files, choose_all_but(profile.wide.skip, date), tally):
            keys = [name for name in batch.table.schema.names if name != date]
            for key in keys:
                fault = text_fault(key)
                if fault:
                    raise DataError(
                        f"{file.label}: the header has {fault}: {key[:30]!r}. Add it to [wide] skip, or name it."
                    )
            days, _ = days_of(batch, *moments(batch, date, profile.dates), profile.dates)
            refuse_large_panels(len(days), len(keys), 1, "Import a part of the table")
            values = np.empty((len(days), len(keys)))
            for place, key in enumerate(keys):
                values[:, place] = numbers(batch, key, profile.numbers)
            yield _Panel(file.label, batch.row, days, keys, values)


def _whole(file: TableFile, profile: Profile, tally: Tally) -> _Panel:
    parts: list[_Panel] = []
    for panel in _panels(file, profile, tally):
        parts.append(panel)
        refuse_large_panels(sum(len(part.days) for part in parts), len(panel.keys), 3, "Import a part of the table")
    if not parts:
        raise DataError(f"{file.label}: the table has no rows. Nothing to import.")
    days = np.concatenate([part.days for part in parts])
    row = np.concatenate([part.row for part in parts])
    order = np.argsort(days, kind="stable")
    twice = order[1:][np.diff(days[order]) == 0]
    if len(twice):
        raise DataError(f"{file.label}: two rows for one day, the second is row {row[twice[0]]}. Remove the wrong one.")
    values = np.concatenate([part.values for part in parts])
    return _Panel(file.label, row[order], days[order], parts[0].keys, values[order])


def _aligned(panels: Mapping[str, _Panel]) -> dict[str, _Panel]:
    """The same days and assets in each field: those of any of them."""
    keys = list(dict.fromkeys(key for panel in panels.values() for key in panel.keys))
    days = np.unique(np.concatenate([panel.days for panel in panels.values()]))
    refuse_large_panels(len(days), len(keys), len(panels), "Import a part of the table")
    first = next(iter(panels.values()))
    places = {key: place for place, key in enumerate(keys)}
    found = {}
    for name, panel in panels.items():
        values = np.full((len(days), len(keys)), np.nan)
        columns = np.array([places[key] for key in panel.keys])
        values[np.ix_(np.searchsorted(days, panel.days), columns)] = panel.values
        found[name] = _Panel(first.file, 1 + np.arange(len(days)), days, keys, values)
    return found


def _rows(fields: Mapping[str, _Panel], words: dict[str, int]) -> Iterator[Rows]:
    first = next(iter(fields.values()))
    codes = np.array([words.setdefault(key.strip(), len(words)) for key in first.keys], dtype=np.int32)
    step = max(1, CELLS_AT_A_TIME // max(1, len(codes)))
    for begin in range(0, len(first.days), step):
        part = slice(begin, begin + step)
        known = np.logical_or.reduce([~np.isnan(panel.values[part]) for panel in fields.values()])
        day, asset = np.nonzero(known)
        yield Rows(
            file=first.file,
            row=first.row[part][day].astype(np.int32),
            days=first.days[part][day].astype(np.int32),
            texts={"key": codes[asset]},
            numbers={name: panel.values[part][known] for name, panel in fields.items()},
        )
