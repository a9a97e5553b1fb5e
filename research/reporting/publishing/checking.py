"""`research report check`: a list of reports and what was published of it, looked through; no notebook is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from research.errors import ResearchError, system_fault
from research.reporting.publishing.config import Report, load_list
from research.reporting.publishing.plan import Elsewhere, planned
from research.reporting.publishing.provenance import snapshots_of, tables_of
from research.reporting.publishing.site.editions import FOLDER, edition_names
from research.reporting.publishing.site.manifest import damaged, read_manifest
from research.rulebook.methodology import Methodology


def problems(config: Path, out: Path | None, elsewhere: Elsewhere, say: Callable[[str], None]) -> list[str]:
    """What is wrong, one line each; empty when all is well.

    Looked at: the list; of each report the notebook, parameters, rulebook, table files and every byte of its snapshots;
    and whether the pages, the index page and the editions are as they were published.

    Raises
    ------
    ReportError
        If the list or the manifest cannot be read.
    """
    reports = load_list(config).reports
    out = out or elsewhere.site(config)
    found = []
    for name, report in reports.items():
        wrong = _wrong(report, elsewhere)
        found += [f"{name}: {wrong}"] if wrong else []
    say(f"{config}: {len(reports)} reports, their notebooks, parameters and data looked through")
    names = edition_names(out)
    found += _damages(out, "")
    for name in names:
        found += _damages(out / FOLDER / name, f"edition {name}: ")
    if out.is_dir():
        say(f"{out}: {len(read_manifest(out).reports)} reports and {len(names)} editions held against their digests")
    return found


def _wrong(report: Report, elsewhere: Elsewhere) -> str:
    try:
        made = planned(report, elsewhere)
        snapshots_of(made.parameters)
        tables_of(made.parameters)
        if "rulebook" in made.parameters:
            Methodology.load(made.parameters["rulebook"])
    except ResearchError as error:
        return str(error)
    except OSError as error:
        return system_fault(error)
    return ""


def _damages(site: Path, where: str) -> Iterator[str]:
    for file, what in damaged(site, read_manifest(site)).items():
        yield f"{where}{file} is {what}. Build it again, or restore it."
