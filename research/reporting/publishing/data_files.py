"""The numbers behind a page as files: their names, what a set of them is called, and how it comes from a kernel.

A build tells the kernel by an environment variable where to write (`data_writing.py`); a notebook that somebody runs by
hand has none, and writes nothing. Where the files are put is in `site/data_folders.py`; reports/README.md has the
format.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from research.reporting.publishing.placing import digest
from research.reporting.publishing.sanitising import without_paths

VARIABLE = "RESEARCH_PUBLISH_DATA_TO"
"""Environment variable of a kernel whose notebook publishes its data: the folder to write them into."""

FACTS, CARD, FOLDER = "facts.json", "review.json", "data"
CARD_FORMAT = 1
"""Of what the index page shows of an index: a page that was made by code of another format is listed without it."""
_NAME = re.compile(r"[a-z_]+\.(parquet|csv|json)")


def read_files(folder: Path) -> dict[str, bytes]:
    """The files that a notebook wrote, by name; texts without paths of this machine."""
    found = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if _NAME.fullmatch(file.name)}
    for name in found:
        if name.endswith(".json"):
            found[name] = as_json(without_paths(json.loads(found[name]))).encode()
    return found


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Digest of each file."""
    return {name: digest(content) for name, content in sorted(files.items())}


def folder_of(report: str, files: dict[str, str]) -> str:
    """Where the files of a report lie, below the site: a name that other content cannot have."""
    return f"{FOLDER}/{report}/{digest(json.dumps(files, sort_keys=True).encode())[:12]}"


def as_json(content: dict[str, Any]) -> str:
    """As JSON, with null for what is missing."""
    return json.dumps(_without_nan(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _without_nan(value: Any) -> Any:
    """The same with null for NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
