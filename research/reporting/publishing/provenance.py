"""Which data, code and versions a result was made from. How it is shown is the business of tables and templates."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from research.market.manifest import Manifest
from research.market.snapshots.snapshot import open_snapshot
from research.point_in_time.table_files import fingerprints as fingerprints

_PACKAGES = ("crypto-index-research", "pandas", "numpy", "scipy", "statsmodels", "pyarrow", "matplotlib", "papermill")


def snapshots_of(parameters: Mapping[str, Any]) -> dict[str, Manifest]:
    """The snapshots among a report's parameters, verified: path -> manifest.

    A parameter that is called `snapshot`, or whose name begins with `snapshot_`, is the path of one.

    Raises
    ------
    DataError
        If there is no snapshot at a path, or if it is damaged.
    """
    names = [name for name in parameters if name == "snapshot" or name.startswith("snapshot_")]
    return {parameters[name]: open_snapshot(parameters[name])[1] for name in names}


def tables_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Fingerprints of the table files among a report's parameters, by path: a parameter `table_files` names them.

    Raises
    ------
    DataError
        If a table is not known, or its file is missing.
    """
    files = parameters.get("table_files", {})
    return {str(files[name]): fingerprint for name, fingerprint in fingerprints(files).items()}


@cache
def versions() -> dict[str, str]:
    """Python and the packages that shape a result, with their versions."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


@cache
def git_commit() -> str:
    """The commit of this project's checkout, `-modified` when tracked files differ from it; "unknown" without git."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():  # an installed copy inside somebody else's repository is not that commit
        return "unknown"
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        return f"{commit}-modified" if _git(root, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(root: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True, timeout=10)
    return run.stdout.strip()
