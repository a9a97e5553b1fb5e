"""Which code and which versions of the libraries a result is made by."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
_PACKAGES = ("crypto-index-research", "pandas", "numpy", "scipy", "statsmodels", "pyarrow", "matplotlib", "papermill")
_SHAPING = {  # those whose version may change what a page shows, as their installed folders are called
    *("arch", "bottleneck", "ipykernel", "ipython", "jinja2", "matplotlib", "nbclient", "nbconvert", "nbformat", "nh3"),
    *("numpy", "pandas", "papermill", "pillow", "pyarrow", "scikit_learn", "scipy", "seaborn", "statsmodels"),
}
_INSTALLED = re.compile(r"(.+)-([^-]+)\.dist-info")


@cache
def versions() -> dict[str, str]:
    """Python and the packages that shape a result, with their versions."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def installed() -> dict[str, str]:
    """Python and the libraries that shape a page, with versions: from names of folders, which takes milliseconds."""
    found = {"python": platform.python_version()}
    for folder in filter(os.path.isdir, reversed(sys.path)):  # the first folder on the path wins
        for name in os.listdir(folder):  # noqa: PTH208 (names are enough)
            match = _INSTALLED.fullmatch(name)
            if match and match[1].lower().replace("-", "_") in _SHAPING:
                found[match[1].lower()] = match[2]
    return dict(sorted(found.items()))


@cache
def git_commit() -> str:
    """The commit of this project's checkout, `-modified` when tracked files differ from it; "unknown" without git."""
    if not (PROJECT / ".git").exists():  # an installed copy inside somebody else's repository is not that commit
        return "unknown"
    try:
        commit = _git(PROJECT, "rev-parse", "--short=12", "HEAD")
        return f"{commit}-modified" if _git(PROJECT, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(root: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True, timeout=10)
    return run.stdout.strip()
