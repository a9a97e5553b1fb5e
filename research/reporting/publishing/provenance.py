"""Which data, code and versions a result was made from. How it is shown is the business of tables and templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from research.market.manifest import Manifest
from research.market.snapshots.snapshot import open_snapshot
from research.point_in_time.table_files import fingerprints as fingerprints
from research.reporting.publishing.fingerprints import snapshot_names
from research.reporting.publishing.versions import git_commit as git_commit
from research.reporting.publishing.versions import versions as versions


def snapshots_of(parameters: Mapping[str, Any]) -> dict[str, Manifest]:
    """The snapshots among a report's parameters, verified: path -> manifest.

    A parameter that is called `snapshot`, or whose name begins with `snapshot_`, is the path of one.

    Raises
    ------
    DataError
        If there is no snapshot at a path, or if it is damaged.
    """
    return {parameters[name]: open_snapshot(parameters[name])[1] for name in snapshot_names(parameters)}


def tables_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Fingerprints of the table files among a report's parameters, by path: a parameter `table_files` names them.

    Raises
    ------
    DataError
        If a table is not known, or its file is missing.
    """
    files = parameters.get("table_files", {})
    return {str(files[name]): fingerprint for name, fingerprint in fingerprints(files).items()}
