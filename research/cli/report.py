"""`research report build`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.terminal import at_least_one, fail, say


def add_commands(rooms: Any) -> None:
    """Add `research report ...` to the parser's sub-commands."""
    actions = rooms.add_parser("report", help="build and publish reports").add_subparsers(
        required=True, metavar="ACTION"
    )
    build = actions.add_parser("build", help="build the reports that reports/reports.toml lists")
    build.add_argument("--only", nargs="+", default=[], metavar="NAME", help="build these reports alone")
    build.add_argument("--config", type=Path, default=Path("reports/reports.toml"), metavar="FILE")
    build.add_argument("--out", type=Path, metavar="DIR", help="publish here (default: the folder site beside FILE)")
    build.add_argument("--workers", type=at_least_one, metavar="N", help="reports to build at a time")
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    from research.reporting.publishing.build import DEFAULT_WORKERS, build

    result = build(
        options.config,
        options.out or options.config.parent / "site",
        only=options.only,
        workers=options.workers or DEFAULT_WORKERS,
        say=say,
    )
    for name, why in result.failures.items():
        fail(f"{name}: {why}", status=1)
    say(f"Index page: {result.index.resolve()}")
    return 1 if result.failures else 0
