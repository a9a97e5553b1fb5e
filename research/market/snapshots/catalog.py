"""Snapshots by name and date: they live at `data/snapshots/NAME/DATE`, DATE being the UTC day of their retrieval.

A reference is what a person writes: `NAME` or `NAME@latest` (the newest), `NAME@2026-11-01` (the newest that was
retrieved on that day or before: the data as known then), `NAME@2026-11-01.2` (the second one of that day), or a path.
A name is never silently taken for a path, nor a path for a name: see `find_snapshot`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path

from research.errors import DataError, shown, suggest
from research.market.manifest import MANIFEST_FILE, instant
from research.market.snapshots.placing import bring_back, tidy_up

VARIABLE = "RESEARCH_SNAPSHOTS"
PROJECT = Path(__file__).resolve().parents[3]
LATEST = "latest"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.([2-9]|[1-9]\d{1,3}))?")
_SCRATCH = re.compile(rf"\.({_DATED.pattern})\.partial-.*")
_FORMS = f"NAME, NAME@{LATEST}, NAME@YYYY-MM-DD, or the path of a folder"


def catalog_root() -> Path:
    """`data/snapshots` of the project, or the folder that the environment variable RESEARCH_SNAPSHOTS names."""
    return Path(os.environ.get(VARIABLE) or PROJECT / "data" / "snapshots")


def snapshot_folder(name: str, retrieved_at: str, *, root: Path | None = None, replace: bool = False) -> Path:
    """The folder in which a snapshot of this name and retrieval is to be written: one that is not there yet.

    A second retrieval on a day gets `DATE.2`, the next `DATE.3`; with `replace`, the newest of the day is meant, where
    there is one. What killed writers of this name left is removed.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and single hyphens.
    retrieved_at : str
        ISO 8601 instant, as in the manifest.
    root : path, optional
        Default: `catalog_root()`.
    replace : bool
        Whether the new one takes the place of the newest one of its day.

    Raises
    ------
    DataError
        If the name cannot be one, `retrieved_at` is no instant, or the folder of the name is itself a snapshot.
    """
    if not NAME.fullmatch(name) or len(name) > 100:
        raise DataError(
            f"{shown(name)} cannot be the name of a snapshot. Use lower-case letters, digits and single hyphens, "
            "e.g. coinmetrics-top-25."
        )
    holder = (root or catalog_root()) / name
    if (holder / MANIFEST_FILE).exists():
        raise DataError(
            f"{holder} is itself a snapshot, so no dated ones can lie in it. Choose another name, or move it into "
            f"{holder / 'YYYY-MM-DD'} (the day of its retrieval)."
        )
    for scratch in _scratch_folders(holder):
        tidy_up(scratch)
    day = instant(retrieved_at).date().isoformat()
    taken = [number for found, number in _entries(holder) if found == day]
    newest = max(taken, default=0)
    return holder / _folder_name(day, max(newest, 1) if replace else newest + 1)


def find_snapshot(reference: str | Path, *, root: Path | None = None) -> Path:
    """The folder of the snapshot that a reference means.

    A `Path`, and a text with a slash, is a path: tried against the current directory, then against the project's root
    (a notebook runs in its own folder). A text with an @ is a name and a date. Another text may be either: where
    both a snapshot lies in a folder of that name and the catalog has the name, it is an error that says what to write.

    Raises
    ------
    DataError
        If there is no such snapshot (the message lists what there is), or if the reference is ambiguous.
    """
    if not isinstance(reference, (str, os.PathLike)):
        raise DataError(f"a snapshot: found {shown(reference)}, expected {_FORMS}, e.g. 'data/sample'.")
    root = root or catalog_root()
    if not isinstance(reference, str) or "/" in reference:
        return _at_path(Path(reference), root)
    name, at, when = reference.partition("@")
    if at:
        return _of_name(name, when, root)
    held = NAME.fullmatch(name) is not None and bool(_entries(root / name))
    here = next((place for place in _places(Path(name)) if _is_snapshot(place)), None)
    if held and here:
        raise DataError(
            f"{name!r} may mean two snapshots: the folder {here}, or the newest in {root / name}. Write "
            f"./{name} for the folder, {name}@{LATEST} for the other."
        )
    return _of_name(name, LATEST, root) if held else _at_path(Path(name), root)


def names(root: Path | None = None) -> list[str]:
    """Every name in the catalog that has a snapshot, sorted."""
    root = root or catalog_root()
    found = root.iterdir() if root.is_dir() else ()
    return sorted(path.name for path in found if NAME.fullmatch(path.name) and _entries(path))


def dated_folders(name: str, root: Path | None = None) -> list[Path]:
    """The snapshots of a name, in order of their retrieval."""
    holder = (root or catalog_root()) / name
    return [holder / _folder_name(day, number) for day, number in _entries(holder)]


def name_of(folder: Path, *, root: Path | None = None) -> str | None:
    """The name under which a dated folder stands in the catalog, also by a symbolic link; None where it lies elsewhere.

    Where links give a folder several names, it is that by which the folder is called here.
    """
    root = root or catalog_root()
    for place in (Path.cwd() / folder, folder.resolve()):
        found = [name for name in names(root) if (root / name).resolve() == place.parent.resolve()]
        if found and _DATED.fullmatch(place.name):
            return place.parent.name if place.parent.name in found else found[0]
    return None


def _of_name(name: str, when: str, root: Path) -> Path:
    entries = _entries(root / name) if NAME.fullmatch(name) else []
    if not entries:
        raise DataError(
            f"no snapshot called {name!r} in {root}: {suggest(name, names(root)) if names(root) else 'it has none'}. "
            f"A snapshot is written as {_FORMS}."
        )
    dated = _DATED.fullmatch(when)
    if when == LATEST:
        chosen = entries
    elif dated and _is_day(dated[1]):
        until = (dated[1], int(dated[2])) if dated[2] else (dated[1], float("inf"))
        chosen = [entry for entry in entries if (entry == until if dated[2] else entry <= until)]
    else:
        raise DataError(f"{name}@{when}: {when!r} is no date. A snapshot is written as {_FORMS}.")
    if not chosen:
        listed = [_folder_name(*entry) for entry in entries]
        few = listed if len(listed) <= 6 else [*listed[:3], "…", *listed[-3:]]
        raise DataError(
            f"{name}@{when}: no snapshot of {name!r} was retrieved {'as that' if dated and dated[2] else 'by then'}. "
            f"There are: {', '.join(few)}."
        )
    return root / name / _folder_name(*chosen[-1])


def _at_path(path: Path, root: Path) -> Path:
    places = _places(path)
    for place in places:
        if not place.exists():
            bring_back(place)
        if _is_snapshot(place):
            return place
    holder = next((place for place in places if _entries(place)), None)
    if holder is not None:
        newest = _folder_name(*_entries(holder)[-1])
        raise DataError(
            f"{path} holds snapshots by date and is none itself. The newest is {holder / newest}: name one."
        )
    seen = "; ".join(
        f"{place} ({'no manifest.json in it' if place.is_dir() else 'no such folder'})" for place in places
    )
    known = names(root)
    raise DataError(
        f"no snapshot at {path}. Looked at: {seen}. Names in {root}: "
        f"{suggest(path.name, known) if known else 'none'}. "
        "Make one with `research data import TABLE --profile NAME --out FOLDER`, or use data/sample."
    )


def _places(path: Path) -> list[Path]:
    return [path] if path.is_absolute() else list(dict.fromkeys([Path.cwd() / path, PROJECT / path]))


def _is_snapshot(folder: Path) -> bool:
    return (folder / MANIFEST_FILE).is_file()


def _entries(holder: Path) -> list[tuple[str, int]]:
    """Day and number of each dated snapshot in a folder, in order; one that a killed writer hides is shown again."""
    for hidden in _scratch_folders(holder):
        bring_back(hidden)
    found = holder.iterdir() if holder.is_dir() else ()
    dated = [(match, path) for path in found if (match := _DATED.fullmatch(path.name)) and _is_snapshot(path)]
    return sorted((match[1], int(match[2] or 1)) for match, _ in dated)


def _scratch_folders(holder: Path) -> list[Path]:
    """The dated folders that writers were at work on, or still are."""
    found = holder.iterdir() if holder.is_dir() else ()
    return sorted({holder / match[1] for path in found if (match := _SCRATCH.fullmatch(path.name))})


def _folder_name(day: str, number: int) -> str:
    return day if number == 1 else f"{day}.{number}"


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
