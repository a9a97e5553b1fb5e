"""Whether an executed notebook may be published: it ran to its end, on the data that the page will name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from nbformat import NotebookNode

from research.errors import ReportError
from research.market.snapshots.snapshot import open_snapshot
from research.point_in_time.table_files import fingerprint_of

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,16}")


def verify(notebook: NotebookNode) -> None:
    """Make sure that the notebook ran to its end: papermill marks a dead kernel and a time-out as completed.

    Raises
    ------
    ReportError
        Naming the first cell that failed or did not run.
    """
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                raise ReportError(f"code cell {number} ended with {output.ename}: {output.evalue}")
        if cell.source.strip() and cell.execution_count is None:
            raise ReportError(f"code cell {number} did not run: the kernel died or was stopped before it.")
    if notebook.metadata.get("papermill", {}).get("exception"):
        raise ReportError("the notebook did not run to its end: papermill reports an exception.")


def verify_snapshots(verified: Mapping[str, str]) -> None:
    """ReportError if a snapshot (path -> fingerprint) was replaced while the notebook ran: it may be at any time."""
    for path, before in verified.items():
        now = open_snapshot(path)[1].fingerprint
        if now != before:
            raise ReportError(
                f"the snapshot {path} was replaced while the report was being built (fingerprint {before[:12]}… "
                f"before, {now[:12]}… after). Build it again."
            )


def verify_provenance(notebook: NotebookNode, verified: Mapping[str, str]) -> None:
    """ReportError if the notebook shows the provenance of a snapshot that is not among `verified`."""
    for output in _outputs(notebook):
        shown = output.get("metadata", {}).get("snapshot")
        if shown and shown["fingerprint"] not in verified.values():
            raise ReportError(
                f"the notebook shows results of the snapshot {shown['name']!r} (fingerprint "
                f"{shown['fingerprint'][:12]}…), which is not the one that was verified for this page. Where it was "
                "replaced meanwhile, build it again; where the notebook names it itself, make it a parameter whose "
                "name begins with snapshot."
            )


def verify_tables(verified: Mapping[str, str]) -> None:
    """ReportError if a table file (path -> fingerprint) was replaced while the notebook ran."""
    for path, before in verified.items():
        if fingerprint_of(path) != before:
            raise ReportError(f"the table {path} was replaced while the report was being built. Build it again.")


def content_of(notebook: NotebookNode) -> str:
    """Digest of what a reader sees: prose and outputs, apart from the table of provenance. Code is not counted."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = [
        {"text": output.get("text", ""), "data": output.get("data", {}), "metadata": output.get("metadata", {})}
        for output in _outputs(notebook)
        if "snapshot" not in output.get("metadata", {})
    ]
    text = _ADDRESS.sub("ADDRESS", json.dumps([prose, shown], sort_keys=True))
    return hashlib.sha256(text.encode()).hexdigest()


def _outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]
