"""What a page depends on, as one digest for each kind: where they are all as they were, the page is kept as it is.

Reading the package's files takes some hundredths of a second; importing it to see what a notebook uses would take
longer than what is to be avoided. So every file of the package counts, those of the command line apart.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from research.errors import DataError
from research.market.manifest import MANIFEST_FILE
from research.market.snapshots.catalog import find_snapshot
from research.reporting.publishing.notebook_file import NotebookFile
from research.reporting.publishing.placing import digest, digest_of
from research.reporting.publishing.versions import PROJECT, installed
from research.settings import locate

_PACKAGE = PROJECT / "research"
KINDS = {
    "notebook": "the notebook",
    "parameters": "title or parameters",
    "data": "the data",
    "files": "rulebooks, tables or other files that parameters name",
    "tried": "what the registry has as tried",
    "code": "the code",
    "versions": "versions of libraries",
}
"""What a fingerprint has a digest of, with the words for it."""


def fingerprint(title: str, notebook: NotebookFile, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Digest of each of `KINDS` for one report; `parameters` are all of them, defaults included."""
    return {
        "notebook": digest(notebook.content)[:16],
        "parameters": _digest_of_json([title, parameters]),
        "data": _digest_of_json({name: _manifest(parameters[name]) for name in snapshot_names(parameters)}),
        "files": _digest_of_json({text: digest_of(file) for text, file in _files(_without_registry(parameters))}),
        "tried": tried(parameters),
        "code": _code(),
        "versions": _digest_of_json(installed()),
    }


def tried(parameters: Mapping[str, Any]) -> str:
    """Digest of the registry of configurations, which a notebook reads and adds to: to be taken when it has run."""
    return _digest_of_json({text: digest_of(file) for text, file in _files(parameters.get("registry", ""))})


def _without_registry(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "registry"}


def snapshot_names(parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that name a snapshot: `snapshot`, and those whose name begins with `snapshot_`."""
    return [name for name in parameters if name == "snapshot" or name.startswith("snapshot_")]


def _manifest(reference: Any) -> str:
    """Digest of a snapshot's manifest, which holds those of its files; they are verified when a report is built."""
    try:
        return digest_of(find_snapshot(reference) / MANIFEST_FILE)
    except (DataError, OSError, ValueError):  # whoever reads the snapshot says what is wrong
        return ""


def _files(value: Any) -> Iterator[tuple[str, Path]]:
    """Every file that a text inside the parameters is the path of."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _files(part)
    elif isinstance(value, str) and Path(value).suffix and "\0" not in value:
        file = locate(Path(value))
        if os.path.isfile(file):  # noqa: PTH113 (says no to a name that is too long)
            yield value, file


@cache
def _code() -> str:
    digests = {}
    for folder, folders, files in os.walk(_PACKAGE):
        folders[:] = sorted(set(folders) - {"__pycache__", "cli"})
        for name in sorted(files):
            file = Path(folder, name)
            digests[file.relative_to(_PACKAGE).as_posix()] = digest(file.read_bytes())
    return _digest_of_json(digests)


def _digest_of_json(value: Any) -> str:
    return digest(json.dumps(value, sort_keys=True).encode())[:16]
