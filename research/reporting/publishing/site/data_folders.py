"""Folders of published data, `data/REPORT/DIGEST`: named by their content, put in place by one rename, never changed.

So whoever reads the manifest first finds the files that belong to it, whatever a build does meanwhile: the folder that
the present manifest names, the one before it, and those that editions name stay.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from research.reporting.publishing.data_files import FOLDER
from research.reporting.publishing.placing import beside, digest_of

_DIGEST = re.compile(r"\.?[0-9a-f]{12}(\.part)?")


def place(site: Path, folder: str, contents: Mapping[str, bytes], digests: Mapping[str, str]) -> None:
    """Put files into a folder of the site in one step; where they are there already, nothing is written."""
    target = site / folder
    if not differing(site, folder, digests):
        return
    scratch = beside(target)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        for name, content in contents.items():
            with (scratch / name).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        if target.exists():  # somebody changed it
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def differing(site: Path, folder: str, digests: Mapping[str, str]) -> list[str]:
    """Files of a folder that are lost, or not as they were published."""
    return [f"{folder}/{name}" for name, digest in digests.items() if digest_of(site / folder / name) != digest]


def sweep(site: Path, kept: Collection[str]) -> None:
    """Remove the folders that builds made and nobody names any more. What no build made is left alone."""
    for folder in _made(site):
        if folder.relative_to(site).as_posix() not in kept:
            shutil.rmtree(folder)
    for report in (site / FOLDER).glob("*"):
        if report.is_dir() and not any(report.iterdir()):
            report.rmdir()


def _made(site: Path) -> Iterator[Path]:
    for folder in sorted((site / FOLDER).glob("*/*")):
        if _DIGEST.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            yield folder
